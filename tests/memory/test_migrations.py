"""Ledgers that older versions of Noria wrote, from a dump of a real one."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from noria.errors import SessionError
from noria.graphs.steering import asking
from noria.memory import migrations, tables
from noria.memory.history import History
from noria.memory.ledger import FILE, Ledger
from noria.memory.neighbours import Neighbours, catch_up
from noria.memory.rulings import unruled
from noria.memory.steps import Steps
from noria.memory.verification import verify
from tests import build

DUMP = Path(__file__).parent / "version_2.sql"
"""What version 2 wrote of five accepted episodes, of which three samples had been indexed, and of a beaten verifier."""


def old(folder: Path, version: int) -> Path:
    """A session folder with the ledger of an older version."""
    folder.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(folder / FILE) as connection:
        connection.executescript(DUMP.read_text(encoding="utf-8"))
        if version < 2:
            connection.execute("DROP TABLE quarantines")
        connection.execute("UPDATE meta SET value = ? WHERE key = 'version'", (str(version),))
    connection.close()
    return folder


def shape(path: Path) -> set[tuple[str, ...]]:
    """Every column and every index of a database."""
    with sqlite3.connect(path) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: set[tuple[str, ...]] = set()
        for table in names:
            found |= {(table, row[1], str(row[5])) for row in connection.execute(f"PRAGMA table_info({table})")}
            for row in connection.execute(f"PRAGMA index_list({table})").fetchall():
                columns = [str(one[2]) for one in connection.execute(f"PRAGMA index_info({row[1]})")]
                found.add((table, row[1], str(row[2]), *columns))
    connection.close()
    return found


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_ledger_is_migrated_to_what_a_new_one_is(tmp_path: Path, version: int) -> None:
    Ledger(tmp_path / "new", write=True).close()
    ledger = Ledger(old(tmp_path / "old", version), write=True)
    assert ledger.fact("version") == str(tables.VERSION)
    assert ledger.fact("config") == "{}"
    found = verify(ledger)
    assert found.samples == 10
    history = History(ledger)
    assert history.count() == 10
    assert {one.verifiers for one in history.heads()} == {("arithmetic@1",)}
    assert history.trace("episode-0")[0].replies == ("\uf8ff said",), "a character that marks folds now"
    assert history.samples(role="solver")[0].messages[-1].content == "3 \uf8ff"
    assert [one.round for one in history.quarantines()] == ([] if version < 2 else [2])
    assert [sample.provenance.round for sample in history.unindexed()] == [2, 2]
    new = [build.sample(f"sample-new-{at}") for at in range(2)]
    asyncio.run(history.settle(build.episode("episode-10", round=3), new))
    assert history.count() == 12
    ledger.close()
    assert shape(tmp_path / "old" / FILE) == shape(tmp_path / "new" / FILE)
    again = Ledger(tmp_path / "old", write=True)
    assert History(again).count() == 12
    again.close()


def test_a_new_sample_is_chained_to_those_of_an_older_version(tmp_path: Path) -> None:
    ledger = Ledger(old(tmp_path, 2), write=True)
    before = verify(ledger)
    asyncio.run(History(ledger).settle(build.episode("episode-10", round=3), [build.chained(1)]))
    after = verify(ledger, before.head)
    assert after.samples == before.samples + 1
    assert after.head != before.head
    ledger.close()


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_ledger_is_read_without_being_changed(tmp_path: Path, version: int) -> None:
    old(tmp_path, version)
    before = (tmp_path / FILE).read_bytes()
    ledger = Ledger(tmp_path)
    history = History(ledger)
    assert ledger.fact("version") == str(version)
    assert history.count(role="solver") == len(list(history.heads(role="solver"))) == 5
    assert len(history.samples()) == 10
    assert history.solve_rates("arithmetic") == {1: 0.5}
    assert len(history.unindexed()) == 2
    assert history.quarantined().keys() == (set() if version < 2 else {"arithmetic@1"})
    with pytest.raises(SessionError, match="no chain yet"):
        verify(ledger)
    ledger.close()
    assert (tmp_path / FILE).read_bytes() == before


def test_an_index_of_an_older_version_goes_on_from_where_it_was(tmp_path: Path) -> None:
    history = History(Ledger(old(tmp_path, 2), write=True))
    index = Neighbours(tmp_path)
    taken = [sample for sample in history.samples(role="solver") if sample.provenance.round == 1]
    index.add([(one.id, "arithmetic", one.messages[-2].content, "", "") for one in taken])
    assert asyncio.run(catch_up(history, index)) == 2
    assert index.count() == 5
    assert asyncio.run(catch_up(history, index)) == 0
    index.close()
    history.ledger.close()


def test_an_index_of_an_older_version_that_was_deleted_is_made_again(tmp_path: Path) -> None:
    history = History(Ledger(old(tmp_path, 2), write=True))
    index = Neighbours(tmp_path)
    assert asyncio.run(catch_up(history, index)) == index.count() == 5
    index.close()
    history.ledger.close()


@pytest.mark.parametrize("version", [tables.VERSION + 1, 99])
@pytest.mark.parametrize("write", [False, True])
def test_a_newer_ledger_is_refused_and_nothing_changes(tmp_path: Path, version: int, write: bool) -> None:
    before = shape(old(tmp_path, 2) / FILE)
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'version'", (str(version),))
    connection.close()
    bytes_before = (tmp_path / FILE).read_bytes()
    with pytest.raises(SessionError, match="newer Noria"):
        Ledger(tmp_path, write=write)
    assert shape(tmp_path / FILE) == before
    assert (tmp_path / FILE).read_bytes() == bytes_before


def test_a_step_that_breaks_off_leaves_the_older_version_whole(tmp_path: Path) -> None:
    def breaking(step: Callable[[sqlite3.Connection], None]) -> Callable[[sqlite3.Connection], None]:
        def half(connection: sqlite3.Connection) -> None:
            step(connection)
            raise KeyboardInterrupt

        return half

    path = old(tmp_path, 1) / FILE
    before = shape(path)
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(KeyboardInterrupt):
        migrations.migrate(connection, 1, {2: breaking(migrations.STEPS[2])})
    assert migrations.version(connection) == 1
    assert shape(path) == before
    # The first step stands, the second is as if it had never begun.
    with pytest.raises(KeyboardInterrupt):
        migrations.migrate(connection, 1, {**migrations.STEPS, 3: breaking(migrations.STEPS[3])})
    connection.close()
    assert "quarantines" in {one[0] for one in shape(path)}
    assert not {"texts", "chains"} & {one[0] for one in shape(path)}
    ledger = Ledger(tmp_path, write=True)
    assert verify(ledger).samples == 10
    ledger.close()


def test_a_ledger_that_was_killed_before_it_held_anything_is_begun_anew(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("CREATE TABLE samples (sequence INTEGER PRIMARY KEY, id VARCHAR)")
    connection.close()
    ledger = Ledger(tmp_path, write=True)
    asyncio.run(History(ledger).settle(build.episode(), [build.chained(1)]))
    assert verify(ledger).samples == 1
    ledger.close()


def test_rows_without_a_version_are_no_ledger(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("CREATE TABLE samples (id VARCHAR)")
        connection.execute("INSERT INTO samples VALUES ('mine')")
    connection.close()
    for write in (False, True):
        with pytest.raises(SessionError, match="it has no version"):
            Ledger(tmp_path, write=write)


def test_a_ledger_of_before_there_was_steering_is_read_as_it_is_and_migrated(tmp_path: Path) -> None:
    connection = sqlite3.connect(old(tmp_path, 2) / FILE, isolation_level=None)
    migrations.migrate(connection, 2, {3: migrations.STEPS[3]})
    assert migrations.version(connection) == 3
    connection.close()
    ledger = Ledger(tmp_path)
    steps = Steps(History(ledger))
    assert (steps.each(), steps.batches(), steps.batch(1, 1), steps.in_force(), steps.count("note")) == (
        [],
        [],
        None,
        {},
        0,
    )
    assert unruled(History(ledger), 1)
    assert not asking.waiting(tmp_path)["samples"]
    ledger.close()
    Ledger(tmp_path, write=True).close()
    Ledger(tmp_path / "new", write=True).close()
    assert shape(tmp_path / FILE) == shape(tmp_path / "new" / FILE)
