"""Sessions whose ledger and checkpoints are in PostgreSQL, as a user has them: killed, held off, cut off, resumed."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import chromadb
import psycopg
import pytest

from noria.cli.doctor import examine
from noria.cli.means import pretended
from noria.config import Endpoint, SessionConfig, load
from noria.errors import RunError
from noria.graphs.opening import Watch
from noria.graphs.run import run
from noria.memory import chroma
from noria.memory.backends.place import FILE as WHERE
from noria.memory.backends.postgres import lock_number
from noria.memory.ledger import FILE
from noria.types import ROLES
from tests.chroma import chroma_server
from tests.cli.shell import config, noria, refused, right
from tests.postgres import PASSWORD, Server

GAME = {"play": {"episodes": 12, "attempts": 2, "batch": 4}, "stop": {"rounds": 1}}


@pytest.fixture(scope="module")
def url(postgres: Server) -> str:
    return postgres.create("sessions")


@pytest.fixture(autouse=True)
def known(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment alone knows the address."""
    monkeypatch.setenv("NORIA_LEDGER_URL", url)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The summary of the session that all others are compared with: undisturbed, in files of its own."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NORIA_LEDGER_URL", "")
        return played(load(config(folder, **GAME)))


def played(settings: SessionConfig, watch: Watch | None = None) -> dict[str, Any]:
    """A dry run, or what is left of one, in this process."""
    return asyncio.run(run(settings, pretended(settings), watch))


def same(found: dict[str, Any], whole: dict[str, Any]) -> None:
    """They accepted the same, and paid for it once."""
    for what in ("funnel", "reasons", "samples"):
        assert found[what] == whole[what]
    assert [one["id"] for one in found["policies"]] == [one["id"] for one in whole["policies"]]
    assert [(one["role"], one["policy"], one["calls"]) for one in found["seats"]] == [
        (one["role"], one["policy"], one["calls"]) for one in whole["seats"]
    ]


def schema(session: Path) -> str:
    found: str = json.loads((session / WHERE).read_text())["schema"]
    return found


def count(url: str, session: Path, table: str) -> int:
    """Rows of a table of a session's schema; none while there is no such table."""
    try:
        with psycopg.connect(url) as raw:
            row = raw.execute(f"SELECT count(*) FROM {schema(session)}.{table}".encode()).fetchone()
    except (FileNotFoundError, psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return 0
    return int(row[0]) if row else 0


def running(path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "noria", "run", "--dry-run", "-c", str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ),
    )  # fmt: skip


def wait(process: "subprocess.Popen[str]", what: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not what():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_session_is_killed_held_off_and_resumed_and_accepts_what_sqlite_accepts(
    tmp_path: Path, url: str, whole: dict[str, Any]
) -> None:
    path, session = config(tmp_path, **GAME), tmp_path / "session"
    done = noria("run", "--dry-run", "-c", path, NORIA_DIE_AT="ledger.in_commit:40")
    assert done.returncode == -9
    assert f"schema {schema(session)}" in done.stdout
    assert count(url, session, "turns") > 0
    done = noria("resume", session, NORIA_DIE_AT="batch.settled:2")
    assert done.returncode == -9
    assert not (session / FILE).exists()
    assert not (session / "checkpoints.db").exists()
    assert count(url, session, "checkpoints") > 0
    # Another process, on a machine that shares the database alone, finds the session free; a second one does not.
    there = tmp_path / "there"
    there.mkdir()
    shutil.copy(session / WHERE, there)
    with psycopg.connect(url) as raw:
        raw.execute("SELECT pg_advisory_lock(%s)", (lock_number(schema(session)),))
        assert "is in use by another process" in refused("resume", there)
    found = json.loads(right("resume", session, "--json"))
    assert found["finished"] == "rounds: 1 played"
    same(found, whole)
    verified = json.loads(right("accepted", "verify", session, "--json"))
    assert verified["samples"] > 0
    assert (
        json.loads(right("query", session, "SELECT count(*) AS n FROM samples", "--json"))["n"] == verified["samples"]
    )
    told = [file for file in tmp_path.rglob("*") if file.is_file() and PASSWORD in file.read_text(errors="replace")]
    assert told == []


def test_a_database_that_goes_away_ends_the_run_and_one_that_is_back_goes_on(
    tmp_path: Path, postgres: Server, url: str, whole: dict[str, Any]
) -> None:
    path, session = config(tmp_path, **GAME), tmp_path / "session"
    process = running(path)
    wait(process, lambda: count(url, session, "episodes") >= 2)
    postgres.stop()
    try:
        said, complained = process.communicate(timeout=120)
        assert process.returncode == 1, (said, complained)
        assert "Traceback" not in complained
        sentence = complained.strip().splitlines()[-1]
        assert sentence.startswith("noria: ")
        assert "noria resume" in sentence
        assert PASSWORD not in said + complained
        assert "does not let us in" in refused("resume", session)
    finally:
        postgres.start()
    found = json.loads(right("resume", session, "--json"))
    same({**found, "seats": []}, {**whole, "seats": []})  # calls in flight as it went away are paid again


def test_a_wrong_address_is_refused_before_anything_is_written(tmp_path: Path, url: str) -> None:
    path, wrong = config(tmp_path), url.replace(PASSWORD, "guessed")
    sentence = refused("run", "--dry-run", "-c", path, NORIA_LEDGER_URL=wrong)
    assert "password authentication failed" in sentence
    assert "guessed" not in sentence
    assert not (tmp_path / "session").exists()


def test_a_session_on_a_chroma_server_goes_on_though_its_collection_was_deleted(
    tmp_path: Path, url: str, whole: dict[str, Any]
) -> None:
    def cut(event: str, facts: dict[str, Any]) -> None:
        if event == "stage" and facts["stage"] == "train":
            raise RunError("cut off")

    (tmp_path / "server").mkdir()
    with chroma_server(tmp_path / "server") as server:
        settings = load(config(tmp_path, store={"chroma": server.url}, **GAME))
        remote = {"endpoints": {"big": Endpoint(model="x")}, "seats": dict.fromkeys(ROLES, "big")}
        seen = {one.name: one for one in islice(examine(settings.model_copy(update=remote), serve=False), 5)}
        assert seen["ledger"].ok
        assert "takes a session's schema" in seen["ledger"].said
        assert seen["Chroma"].ok
        with pytest.raises(RunError, match="cut off"):
            played(settings, Watch(tell=cut))
        place = chroma.place(settings.session)
        assert place is not None
        client = chromadb.HttpClient("127.0.0.1", server.port)
        before = client.get_collection(f"{place.collections}.asks", embedding_function=None).count()
        assert before > 0
        client.delete_collection(f"{place.collections}.asks")
        found = played(settings)
        same(found, whole)
        after = client.get_collection(f"{place.collections}.asks", embedding_function=None).count()
        assert after == before == found["samples"]["accepted"]
        client.close()
