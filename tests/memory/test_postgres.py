"""The ledger in a real PostgreSQL: the same promises as in a file, kept by a server."""

import asyncio
import json
import logging
import os
import random
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert, select

from noria.config import parse
from noria.config.store import Store
from noria.errors import ConfigError, NoriaError, RunError, SessionError
from noria.memory import tables
from noria.memory.backends.place import FILE as WHERE
from noria.memory.backends.place import place
from noria.memory.backends.postgres import masked
from noria.memory.catalogue import catalogue
from noria.memory.catalogue.asking import asked
from noria.memory.history import History
from noria.memory.ledger import FILE, Ledger, put, replace
from noria.memory.settling import settle
from noria.memory.snapshot import snapshot
from noria.memory.texts import MARK
from noria.memory.verification import Verified, verify
from noria.memory.withdrawals import Withdrawals, withdrawing
from noria.viewer.events import written
from noria.viewer.shelf import Shelf
from tests import build
from tests.postgres import PASSWORD, Server

LONG = "A sentence about apples that is long enough to live once, and is said in many rows. " * 2


@pytest.fixture(scope="module")
def url(postgres: Server) -> str:
    return postgres.create("ledgers")


@pytest.fixture(autouse=True)
def known(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment alone knows the address."""
    monkeypatch.setenv("NORIA_LEDGER_URL", url)


def opened(folder: Path, url: str = "") -> Ledger:
    """A ledger to write, in PostgreSQL."""
    assert settle(folder, Store())
    return Ledger(folder, write=True)


def filled(ledger: Ledger) -> None:
    """A little of everything that a ledger folds, chains and follows."""
    history = History(ledger)
    samples = [build.chained(number, asked=f"{LONG}Number {number}: NUL \u0000, {MARK} and ü?") for number in range(7)]

    async def write() -> None:
        await history.keep_policy(build.policy(), "base", "student")
        await history.keep_deal(1, [build.dealt(f"episode-{at}", position=at) for at in range(3)])
        for role in ("judge", "critic", "generator"):  # not in the order of their names
            await history.keep_turn(build.turn("episode-1", role))
        for at, sample in enumerate(samples):
            await history.settle(build.episode(f"episode-{at}", position=at), [sample])
        await asyncio.gather(*(history.settle(build.episode("episode-1", position=1), [samples[1]]) for _ in range(9)))

    asyncio.run(write())


def test_the_same_rows_have_the_same_chain_and_read_the_same_in_both(tmp_path: Path) -> None:
    found: list[Any] = []
    for folder, made in ((tmp_path / "file", Ledger(tmp_path / "file", write=True)),
                         (tmp_path / "server", opened(tmp_path / "server"))):  # fmt: skip
        filled(made)
        history = History(made)
        found.append((
            verify(made), [sample.id for sample in history.samples()], [one.key for one in history.trace("episode-1")],
            history.funnel(), history.composition(), [page.upto for page in history.pages(0, 3)],
            [sample.messages for sample in history.loaded(["sample-3"])], history.tokens(), history.seats(),
        ))  # fmt: skip
        parts = list(made.stream(select(tables.samples.c.sequence, tables.samples.c.body), size=2))
        assert [row.sequence for row in parts] == list(range(1, 8))
        made.close()
        assert (folder / FILE).exists() is (folder.name == "file")
    assert found[0] == found[1]
    assert [key.role for key in found[1][2]] == ["judge", "critic", "generator"]


def test_large_texts_live_once_there_too(tmp_path: Path, url: str) -> None:
    ledger = opened(tmp_path)
    filled(ledger)
    schema = place(tmp_path)
    assert schema is not None
    with psycopg.connect(url) as raw:
        raw.execute(f"SET search_path TO {schema.schema_}".encode())
        bodies = raw.execute("SELECT body FROM samples").fetchall()
        held = raw.execute("SELECT count(*) FROM texts WHERE text LIKE '%about apples%'").fetchone()
    assert all(MARK in body for (body,) in bodies)
    assert held is not None
    assert held[0] <= 7
    ledger.close()


def test_order_is_that_of_bytes_whatever_the_database_sorts_by(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    names = ["a", "B", "a/1", "a0", "ä", "_"]
    ledger.write_now(*(put(tables.meta, {"key": name, "value": ""}) for name in names))
    found = [row.key for row in ledger.rows(select(tables.meta.c.key).order_by(tables.meta.c.key))]
    assert [name for name in found if name != "version"] == sorted(names)
    ledger.close()


def test_one_database_holds_many_sessions(tmp_path: Path) -> None:
    one, two = opened(tmp_path / "A session" / "ü"), opened(tmp_path / "b")
    one.write_now(put(tables.meta, {"key": "config", "value": "one"}))
    assert two.fact("config") is None
    assert one.fact("config") == "one"
    assert one.place != two.place
    assert "schema noria_" in one.place
    one.close()
    two.close()


def test_a_purge_said_twice_is_said_once(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    filled(ledger)
    ids = [sample.id for sample in History(ledger).samples()][:2]
    for _ in range(2):
        ledger.write_now(*withdrawing("--verifier x", 1.0, [("it was beaten", ids)]))
    assert Withdrawals(ledger).count() == 2
    assert History(ledger).indexable() == 5
    verify(ledger)
    ledger.close()


def test_who_reads_cannot_write(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.close()
    reader = Ledger(tmp_path)
    with pytest.raises(SessionError, match=r"read-only transaction"):
        reader.rows(insert(tables.meta).values(key="x", value="y").returning(tables.meta.c.key))
    with pytest.raises(SessionError, match=r"for reading only"):
        reader.write_now(put(tables.meta, {"key": "x", "value": "y"}))
    reader.close()


def test_a_second_writer_is_held_off_even_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("noria.memory.backends.postgres.PATIENCE", 0.1)
    ledger = opened(tmp_path / "here")
    (tmp_path / "there").mkdir()
    shutil.copy(tmp_path / "here" / WHERE, tmp_path / "there")  # as on a machine that shares the database alone
    with pytest.raises(SessionError, match=r"is in use by the process \d+ of "):
        Ledger(tmp_path / "there", write=True)
    ledger.close()
    Ledger(tmp_path / "there", write=True).close()


def test_who_lost_the_connection_has_lost_the_lock_and_never_writes_again(tmp_path: Path, url: str) -> None:
    ledger = opened(tmp_path / "here")
    ledger.write_now(put(tables.meta, {"key": "first", "value": ""}))
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    for _ in range(2):
        with pytest.raises(RunError, match=r"PostgreSQL went away .* `noria resume`"):
            ledger.write_now(put(tables.meta, {"key": "second", "value": ""}))
    (tmp_path / "there").mkdir()
    shutil.copy(tmp_path / "here" / WHERE, tmp_path / "there")
    other = Ledger(tmp_path / "there", write=True)
    with pytest.raises(RunError, match=r"went away"):
        ledger.write_now(put(tables.meta, {"key": "third", "value": ""}))
    assert [row.key for row in other.rows(select(tables.meta.c.key).order_by(tables.meta.c.key))] == [
        "first",
        "version",
    ]
    ledger.close()
    other.close()


def test_a_connection_cut_in_the_midst_of_a_write_is_told_in_one_sentence_and_nothing_beside_it(
    tmp_path: Path, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    # Where the cut falls within a journey of rows is chance, and one in twenty left the driver between two modes.
    for attempt in range(50):
        ledger = opened(tmp_path)
        ledger.fact("version")
        cut = threading.Timer(random.Random(attempt).random() / 50, _cut, [url])
        cut.start()
        with pytest.raises(RunError, match=r"PostgreSQL went away .* `noria resume`"):
            _write_on(ledger, f"{attempt}/")
        with suppress(NoriaError):
            ledger.fact("version")
        ledger.close()
        cut.join()
    # The driver's own log is not shown to a user; SQLAlchemy's is.
    assert [one.getMessage() for one in caplog.records if one.levelno > logging.INFO and one.name != "psycopg"] == []


def _write_on(ledger: Ledger, name: str) -> None:
    for number in range(5000):
        ledger.write_now(put(tables.meta, {"key": f"{name}{number}", "value": ""}))


def _cut(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'noria %'")


def test_a_restart_ends_the_writer_and_not_what_was_acknowledged(tmp_path: Path, postgres: Server) -> None:
    ledger = opened(tmp_path)
    filled(ledger)
    before = verify(ledger)
    postgres.stop()
    try:
        with pytest.raises(RunError, match=r"went away") as fault:
            ledger.write_now(put(tables.meta, {"key": "late", "value": ""}))
        assert fault.value.status == 1
        with pytest.raises(NoriaError, match=r"went away|does not let us in"):
            ledger.fact("late")
        with pytest.raises(SessionError, match=r"does not let us in.*Is it running"):
            Ledger(tmp_path)
    finally:
        postgres.start()
    ledger.close()
    again = Ledger(tmp_path, write=True)
    assert verify(again) == before
    again.close()


def test_an_edited_sample_breaks_the_chain(tmp_path: Path, url: str) -> None:
    ledger = opened(tmp_path)
    filled(ledger)
    schema = place(tmp_path)
    assert schema is not None
    with psycopg.connect(url) as raw:
        raw.execute(f"UPDATE {schema.schema_}.samples SET level = 9 WHERE sequence = 4".encode())
    with pytest.raises(SessionError, match=r"broken at the sample .* \(number 4"):
        verify(ledger)
    ledger.close()


def test_a_snapshot_is_a_file_with_the_same_chain(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    filled(ledger)
    whole = verify(ledger)
    with snapshot(tmp_path) as folder:
        ledger.write_now(replace(tables.meta, {"key": "later", "value": ""}))
        copy = Ledger(folder)
        found: Verified = verify(copy)
        assert found == whole
        assert [one.key.role for one in History(copy).trace("episode-1")] == ["judge", "critic", "generator"]
        assert copy.fact("later") is None
        copy.close()
    ledger.close()


def test_a_query_asks_the_catalogue_and_says_where_the_ledger_is(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    filled(ledger)
    with catalogue(tmp_path) as found:
        with asked(found, "SELECT count(*) FROM samples", 9) as answer:
            assert list(answer.rows) == [(7,)]
        with pytest.raises(SessionError, match=r"The ledger is in PostgreSQL .*psql"), asked(
            found, "SELECT * FROM ledger.turns", 9
        ) as answer:  # fmt: skip
            list(answer.rows)
        asyncio.run(History(ledger).settle(build.episode("episode-8", position=8), [build.chained(8)]))
        found.catch_up()
        assert found.rows("SELECT count(*) FROM samples")[0][0] == 8
    ledger.close()


def test_the_viewer_finds_the_session_and_sees_that_it_was_written(tmp_path: Path) -> None:
    ledger = opened(tmp_path / "mill")
    shelf, before = Shelf(tmp_path), written(tmp_path / "mill")
    assert shelf.names() == ["mill"]
    os.utime(ledger.path, ns=(before - 10**9, before - 10**9))
    before = written(tmp_path / "mill")
    filled(ledger)
    assert written(tmp_path / "mill") > before
    assert shelf.open("mill", 9).catalogue.rows("SELECT count(*) FROM samples")[0][0] == 7
    ledger.close()


def test_no_password_is_written_or_told(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    told = json.loads((tmp_path / WHERE).read_text())
    assert told["env"] == "NORIA_LEDGER_URL"
    assert not any(PASSWORD in path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file())
    assert PASSWORD not in ledger.place
    ledger.close()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://noria:wr0ng-secret@127.0.0.1:{port}/ledgers", "does not let us in: .*password authentication"),
        ("postgresql://noria:{password}@127.0.0.1:{port}/nowhere", "does not exist.* Create the database"),
        ("postgresql://noria:{password}@127.0.0.1:9/ledgers", "does not let us in: .*Is it running"),
        ("postgresql://noria:{password}@127.0.0.1:port/ledgers", "does not let us in: |cannot be read"),
        ("mysql://noria:{password}@127.0.0.1/ledgers", "cannot be read"),
        ("postgresql//noria:{password}@127.0.0.1/ledgers", "cannot be read"),
    ],
)
def test_a_wrong_address_gets_a_sentence_and_leaves_nothing(
    tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    monkeypatch.setenv("NORIA_LEDGER_URL", address.format(port=postgres.port, password=PASSWORD))
    with pytest.raises(SessionError, match=said) as fault:
        settle(tmp_path / "session", Store())
    assert fault.value.status == 2
    assert PASSWORD not in str(fault.value)
    assert "wr0ng-secret" not in str(fault.value)
    assert not (tmp_path / "session").exists()


def test_a_role_that_may_make_no_schema_is_told_so(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    monkeypatch.setenv("NORIA_LEDGER_URL", url.replace(f"noria:{PASSWORD}", "guest:guest"))
    with pytest.raises(SessionError, match=r"may make no schema.*GRANT CREATE"):
        settle(tmp_path, Store())


def test_a_newer_ledger_and_a_missing_one_are_refused(tmp_path: Path, url: str) -> None:
    ledger = opened(tmp_path)
    ledger.write_now(replace(tables.meta, {"key": "version", "value": "99"}))
    ledger.close()
    for write in (False, True):
        with pytest.raises(SessionError, match=r"newer Noria"):
            Ledger(tmp_path, write=write)
    found = place(tmp_path)
    assert found is not None
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute(f"DROP SCHEMA {found.schema_} CASCADE".encode())
    with pytest.raises(SessionError, match=r"never started.*NORIA_LEDGER_URL says where it is"):
        Ledger(tmp_path)
    (tmp_path / WHERE).write_text('{"url": "postgresql://x/y", "schema": "a; DROP", "env": "X"}')
    with pytest.raises(SessionError, match=r"does not say where the ledger is: `schema`"):
        Ledger(tmp_path)


def test_a_config_may_name_the_database_and_not_its_password(tmp_path: Path) -> None:
    assert Store(ledger="postgresql://noria@db.example:5433/noria").ledger
    for wrong in ("postgresql://noria:secret@db/noria", "postgresql:///noria?password=secret", "sqlite:///x"):
        with pytest.raises(ConfigError, match=r"store.ledger") as fault:
            parse({"store": {"ledger": wrong}}, place="noria.yaml", folder=tmp_path)
        assert "secret" not in str(fault.value)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("postgresql://u:secret@h:5433/d?sslmode=require", "postgresql://u@h:5433/d?sslmode=require"),
        ("postgres://u@h/d?sslpassword=secret", "postgresql://u@h/d"),
        ("postgresql://u:p%40ss@[::1]:5432/d", "postgresql://u@[::1]:5432/d"),
        ("postgresql:///d?host=/run/postgresql&user=u", "postgresql://u@/d?host=/run/postgresql"),
        ("postgresql://u:secret@a:1,b:2/d", "postgresql://u@/d?host=a,b&port=1,2"),
    ],
)
def test_an_address_is_told_without_what_is_secret_and_still_leads_there(address: str, told: str) -> None:
    from psycopg.conninfo import conninfo_to_dict

    assert masked(address) == told
    parts = dict(conninfo_to_dict(address))
    assert conninfo_to_dict(told) == {name: value for name, value in parts.items() if "password" not in name}
