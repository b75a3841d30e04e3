"""A run that is killed goes on: the same session, no sample twice, no completed turn paid again."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from noria.inference.fake_server import FakeServer
from noria.memory.ledger import FILE
from tests.cli.shell import config, load, noria, refused, right

GAME = {"play": {"episodes": 90, "attempts": 2, "batch": 30}, "exam": {"items": 20}}


def started(path: Path, *flags: str, **environment: str) -> "subprocess.Popen[bytes]":
    # A shell starts what runs in its background with interrupts ignored, and children inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, "-m", "noria", "run", "--config", str(path), *flags]
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **environment},
    )


def rows(ledger: Path, query: str) -> list[Any]:
    try:
        with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=5) as connection:
            found = connection.execute(query).fetchall()
        connection.close()
    except sqlite3.Error:
        return []
    return found


def wait_for(ledger: Path, query: str, least: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        found = rows(ledger, query)
        if found and found[0][0] >= least:
            return
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    raise AssertionError("it never came so far")


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_killed_in_round_two_ends_as_if_it_had_not_been(tmp_path: Path, sign: signal.Signals) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    killed.mkdir()
    whole.mkdir()
    process = started(config(killed, **GAME), "--dry-run")
    ledger = killed / "session" / FILE
    wait_for(ledger, "SELECT count(*) FROM episodes WHERE round = 2", 5, process)
    os.killpg(process.pid, sign)
    assert process.wait(timeout=30) == {signal.SIGKILL: -9}.get(sign, 130)
    turns = dict(rows(ledger, "SELECT key, body FROM turns"))
    samples = dict(rows(ledger, "SELECT id, body FROM samples"))
    assert rows(ledger, "SELECT count(*) FROM episodes WHERE round = 2")[0][0] < 90

    found = load(right("resume", killed / "session", "--json"))
    assert found["finished"] == "rounds: 2 played"
    after = dict(rows(ledger, "SELECT key, body FROM turns"))
    assert turns.items() <= after.items()
    assert samples.items() <= dict(rows(ledger, "SELECT id, body FROM samples")).items()

    expected = load(right("run", "--dry-run", "--json", "--config", config(whole, **GAME)))
    for same in ("funnel", "reasons", "samples"):
        assert found[same] == expected[same]
    query = "SELECT id FROM samples ORDER BY id"
    assert rows(ledger, query) == rows(whole / "session" / FILE, query)


async def test_no_completed_call_is_paid_again(tmp_path: Path) -> None:
    seats = dict.fromkeys(("generator", "critic", "adversary", "judge", "solver"), "big")
    async with FakeServer(key="k", latency=0.02) as server:
        endpoints = {"big": {"url": server.url, "model": "base"}}
        changes: dict[str, Any] = {**GAME, "endpoints": endpoints, "seats": seats, "stop": {"rounds": 1}}
        path = config(tmp_path, **changes)
        process = await asyncio.to_thread(started, path, OPENAI_API_KEY="k")
        ledger = tmp_path / "session" / FILE
        await asyncio.to_thread(wait_for, ledger, "SELECT count(*) FROM turns", 60, process)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        await asyncio.sleep(0.2)
        paid, recorded = server.calls, rows(ledger, "SELECT count(*) FROM turns")[0][0]
        server.calls = 0
        found = json.loads(await asyncio.to_thread(right, "resume", tmp_path / "session", "--json", OPENAI_API_KEY="k"))
        probes = 3  # a resumed run asks the endpoint again what it can do
        total = rows(ledger, "SELECT count(*) FROM turns")[0][0]
        assert server.calls == total - recorded + probes
        assert paid - probes - recorded <= 64, "only calls in flight may be lost"
    assert found["finished"] == "rounds: 1 played"
    assert found["rounds"][0]["untrained"] == "no seat is held by a student of the session's own"


def test_a_session_that_was_killed_before_it_had_a_table_is_run(tmp_path: Path) -> None:
    path = config(tmp_path, stop={"rounds": 1})
    done = noria("run", "--dry-run", "-c", path, NORIA_DIE_AT="ledger.empty")
    assert done.returncode == -9
    for words in (["resume"], ["status"]):
        assert "was never started. `noria run` starts it." in refused(*words, tmp_path / "session")
    assert load(right("run", "--dry-run", "--json", "-c", path))["finished"] == "rounds: 1 played"
