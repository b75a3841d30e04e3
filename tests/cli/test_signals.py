"""SIGINT once finishes what is in hand, twice stops now, SIGTERM stops now; each leaves a session to be resumed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from noria.inference.fake_server import FakeServer
from noria.memory.ledger import FILE
from tests.cli.shell import config, load, refused, right
from tests.cli.test_resume import rows

SEATS = dict.fromkeys(("generator", "critic", "adversary", "judge", "solver"), "big")
BATCHES = {"play": {"episodes": 24, "attempts": 2, "batch": 8}, "stop": {"rounds": 1}}
IN_PLAY = "SELECT count(*) FROM turns WHERE role = 'generator'"


class Running:
    """A run in a process group of its own, with what it says."""

    def __init__(self, folder: Path, *words: str, **environment: str) -> None:
        # A shell starts what runs in its background with interrupts ignored, and children inherit that.
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self.ledger = folder / "session" / FILE
        self.said = folder / "said"
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *words], stdout=said, stderr=said,
                start_new_session=True, env={**os.environ, **environment},
            )  # fmt: skip

    def wait_for(self, what: Callable[[], Any]) -> None:
        until = time.monotonic() + 120
        while not what():
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < until, self.said.read_text()
            time.sleep(0.005)

    def count(self, query: str) -> int:
        found = rows(self.ledger, query)
        return int(found[0][0]) if found else 0

    def tell(self, sign: signal.Signals) -> None:
        os.killpg(self.process.pid, sign)

    def left(self) -> str:
        """What it had said when it left, told to."""
        assert self.process.wait(timeout=60) == 130, self.said.read_text()
        said = self.said.read_text()
        assert "Traceback" not in said
        assert said.strip().splitlines()[-1].startswith("noria: interrupted; what was accepted is safe")
        return said


async def against_a_server(folder: Path, act: Callable[[Running], None]) -> None:
    """Act on a run whose calls take a while, then resume it: it has to come to its end."""
    async with FakeServer(key="k", latency=0.1) as server:
        endpoints = {"big": {"url": server.url, "model": "base"}}
        path = config(folder, endpoints=endpoints, seats=SEATS, **BATCHES)
        run = await asyncio.to_thread(Running, folder, "noria", "run", "-c", str(path), OPENAI_API_KEY="k")
        try:
            await asyncio.to_thread(act, run)
        finally:
            if run.process.poll() is None:
                run.tell(signal.SIGKILL)
        turns = dict(rows(run.ledger, "SELECT key, body FROM turns"))
        found = await asyncio.to_thread(right, "resume", folder / "session", "--json", OPENAI_API_KEY="k")
        assert load(found)["finished"] == "rounds: 1 played"
        assert turns.items() <= dict(rows(run.ledger, "SELECT key, body FROM turns")).items()


async def test_one_interrupt_finishes_the_batch_and_deals_no_other_hand(tmp_path: Path) -> None:
    def act(run: Running) -> None:
        run.wait_for(lambda: run.count(IN_PLAY))
        began = run.count("SELECT count(*) FROM episodes")
        run.tell(signal.SIGINT)
        run.wait_for(lambda: "interrupted" in run.said.read_text())
        assert "interrupted: finishing the batch that plays; press Ctrl-C again to stop now" in run.said.read_text()
        run.left()
        ended = run.count("SELECT count(*) FROM episodes")
        assert began < ended
        assert ended % 8 == 0, "a hand was left in the middle"
        assert ended < 24
        started = run.count("SELECT count(DISTINCT episode) FROM turns WHERE episode LIKE 'episode-%'")
        assert started == ended, "a hand of the next batch was dealt"

    await against_a_server(tmp_path, act)


async def test_two_interrupts_stop_at_once(tmp_path: Path) -> None:
    def act(run: Running) -> None:
        run.wait_for(lambda: run.count(IN_PLAY))
        run.tell(signal.SIGINT)
        run.wait_for(lambda: "interrupted" in run.said.read_text())
        run.tell(signal.SIGINT)
        assert "stopping now" in run.left()
        assert run.count("SELECT count(*) FROM episodes") < 8, "it finished a batch"

    await against_a_server(tmp_path, act)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_training_is_finished_when_interrupted_and_ended_when_terminated(
    tmp_path: Path, sign: signal.Signals
) -> None:
    once = sign == signal.SIGINT
    run = Running(tmp_path, "tests.crash.slow", str(config(tmp_path, stop={"rounds": 1})), "3" if once else "60")
    run.wait_for(lambda: "\ntraining" in run.said.read_text())
    run.tell(sign)
    assert run.process.wait(timeout=40) == 130, run.said.read_text()
    said = "interrupted: finishing the training, which would begin anew on resume" if once else "stopping now"
    assert said in run.said.read_text()
    assert run.count("SELECT count(*) FROM policies WHERE name = 'student-r0001'") == once
    assert run.count("SELECT count(*) FROM exams") == 0
    found = load(right("resume", tmp_path / "session", "--json"))
    assert found["finished"] == "rounds: 1 played"
    assert [one["name"] for one in found["policies"]] == ["base", "student-r0001"]


def test_an_interrupt_before_anything_is_in_hand_leaves_nothing_to_lose(tmp_path: Path) -> None:
    path = config(tmp_path)
    run = Running(tmp_path, "noria", "run", "-c", str(path), "--dry-run")
    run.wait_for((tmp_path / "session").exists)
    run.tell(signal.SIGINT)
    assert run.process.wait(timeout=60) == 130
    assert "Traceback" not in run.said.read_text()
    if rows(run.ledger, "SELECT 1 FROM meta WHERE key = 'config'"):
        right("resume", tmp_path / "session")
    else:
        right("run", "--dry-run", "--config", path)


def test_a_second_process_is_refused_and_told_who_has_the_session(tmp_path: Path) -> None:
    path = config(tmp_path, stop={"rounds": 1})
    run = Running(tmp_path, "tests.crash.slow", str(path), "60")
    run.wait_for(lambda: "\ntraining" in run.said.read_text())
    sentence = refused("resume", tmp_path / "session")
    assert f"is in use by the process {run.process.pid}" in sentence
    assert "already holds a session" in refused("run", "--dry-run", "--config", path)
    assert load(right("status", tmp_path / "session", "--json"))["finished"] == ""
    run.tell(signal.SIGKILL)
    run.process.wait()
    assert load(right("resume", tmp_path / "session", "--json"))["finished"] == "rounds: 1 played"
