"""What the chain over accepted samples sees: each way of tampering, done to the file itself."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from noria.errors import SessionError
from noria.memory import chain
from noria.memory.history import History
from noria.memory.ledger import FILE, Ledger
from noria.memory.verification import verify
from tests import build

Tamper = Callable[[sqlite3.Connection], object]
SAMPLES = [build.chained(at) for at in range(6)]
LONG = "Say it at length, and then say it once more, so that it is a text which lives but once. " * 3


def accepted(folder: Path) -> Path:
    ledger = Ledger(folder, write=True)
    history = History(ledger)
    for at, sample in enumerate(SAMPLES):
        long = build.chained(at, role="generator", asked=f"{LONG} {at}")
        asyncio.run(history.settle(build.episode(f"episode-{at}", position=at), [sample, long]))
    ledger.close()
    return folder / FILE


def sentence(path: Path, tamper: Tamper) -> str:
    with sqlite3.connect(path) as connection:
        tamper(connection)
    connection.close()
    ledger = Ledger(path.parent)
    with pytest.raises(SessionError) as fault:
        verify(ledger)
    ledger.close()
    return str(fault.value)


def test_a_chain_holds_and_has_a_head_that_can_be_noted(tmp_path: Path) -> None:
    accepted(tmp_path)
    ledger = Ledger(tmp_path, write=True)
    found = verify(ledger)
    assert found.samples == 12
    asyncio.run(History(ledger).settle(build.episode("episode-9", position=9), [build.chained(9)]))
    assert verify(ledger, found.head).samples == 13
    with pytest.raises(SessionError, match="never had the head"):
        verify(ledger, "f" * 64)
    ledger.close()


def test_an_empty_chain_holds(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    assert (verify(ledger).samples, verify(ledger).head) == (0, chain.START)
    ledger.close()


def test_what_is_accepted_twice_is_chained_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    history = History(ledger)

    async def twice() -> None:
        both = [history.settle(build.episode(), [SAMPLES[0], SAMPLES[0], SAMPLES[1]]) for _ in range(2)]
        await asyncio.gather(*both)
        await history.settle(build.episode(), [SAMPLES[1], SAMPLES[2]])

    asyncio.run(twice())
    assert verify(ledger).samples == 3
    assert history.samples() == SAMPLES[:3]
    ledger.close()


def edited(body: str, said: str) -> str:
    sample = json.loads(body)
    sample["messages"][-1]["content"] = said
    return json.dumps(sample, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("place", [1, 5, 11])
def test_an_edited_sample_is_named(tmp_path: Path, place: int) -> None:
    def edit(connection: sqlite3.Connection) -> None:
        (body,) = connection.execute("SELECT body FROM samples WHERE sequence = ?", (place,)).fetchone()
        connection.execute("UPDATE samples SET body = ? WHERE sequence = ?", (edited(body, "4"), place))

    said = sentence(accepted(tmp_path), edit)
    assert f"broken at the sample {SAMPLES[place // 2].id} (number {place}," in said


@pytest.mark.parametrize("place", [1, 6, 11])
def test_a_sample_taken_out_of_the_middle_is_seen_at_the_next(tmp_path: Path, place: int) -> None:
    said = sentence(accepted(tmp_path), lambda file: file.execute("DELETE FROM samples WHERE sequence = ?", (place,)))
    assert f"(number {place + 1}, after" in said


@pytest.mark.parametrize("kept", [0, 4, 11])
def test_samples_cut_off_at_the_end_are_counted(tmp_path: Path, kept: int) -> None:
    said = sentence(accepted(tmp_path), lambda file: file.execute("DELETE FROM samples WHERE sequence > ?", (kept,)))
    assert f"12 samples were accepted, and {kept} are there" in said


def test_samples_that_changed_places_are_named(tmp_path: Path) -> None:
    def swap(connection: sqlite3.Connection) -> None:
        for one, other in ((3, 100), (5, 3), (100, 5)):
            connection.execute("UPDATE samples SET sequence = ? WHERE sequence = ?", (other, one))

    assert f"broken at the sample {SAMPLES[2].id} (number 3," in sentence(accepted(tmp_path), swap)


@pytest.mark.parametrize("place", [0, 13])
def test_a_sample_that_was_put_in_is_named(tmp_path: Path, place: int) -> None:
    def insert(connection: sqlite3.Connection) -> None:
        columns = "episode, role, round, domain, level, source, worded_by, policy, verifier, chain, body"
        connection.execute(
            f"INSERT INTO samples (sequence, id, {columns}) SELECT ?, 'sample-mine', {columns} FROM samples "
            "WHERE sequence = 1",
            (place,),
        )

    assert f"broken at the sample sample-mine (number {place}," in sentence(accepted(tmp_path), insert)


def test_a_text_that_was_edited_or_is_gone_breaks_the_sample_that_needs_it(tmp_path: Path) -> None:
    for folder, tamper in (
        ("edited", "UPDATE texts SET text = replace(text, 'at length', 'in short') WHERE text LIKE '%at length% 3%'"),
        ("gone", "DELETE FROM texts WHERE text LIKE '%at length% 3%'"),
    ):
        (tmp_path / folder).mkdir()
        said = sentence(accepted(tmp_path / folder), lambda file, query=tamper: file.execute(query))  # type: ignore[misc]
        assert "(number 8, after" in said


@pytest.mark.parametrize(("column", "value"), [("verifier", "odd@1"), ("source", "pool"), ("round", 7)])
def test_a_column_that_says_other_than_its_body_is_named(tmp_path: Path, column: str, value: object) -> None:
    query = f"UPDATE samples SET {column} = ? WHERE sequence = 3"
    said = sentence(accepted(tmp_path), lambda file: file.execute(query, (value,)))
    assert f"{SAMPLES[1].id} (number 3," in said
    assert repr(column) in said


def test_an_id_that_is_not_the_hash_of_its_content_is_named(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    asyncio.run(History(ledger).settle(build.episode(), [SAMPLES[0], build.sample("sample-of-my-own")]))
    with pytest.raises(SessionError, match=r"sample-of-my-own \(number 2, .* its id is not the hash"):
        verify(ledger)
    ledger.close()


def test_a_whole_chain_that_was_written_anew_lacks_the_head_that_was_noted(tmp_path: Path) -> None:
    path = accepted(tmp_path)
    ledger = Ledger(tmp_path)
    noted, bodies = verify(ledger).head, [(one.id, one.model_dump_json()) for one in History(ledger).samples()]
    ledger.close()
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM samples WHERE sequence = 1")
        head = chain.START
        for at, (key, body) in enumerate(bodies[1:], 1):
            head = chain.linked(head, at, key, body)
            connection.execute("UPDATE samples SET chain = ?, sequence = ? WHERE id = ?", (head, at, key))
        chain.move(connection, len(bodies) - 1, len(bodies) - 1, head)
    connection.close()
    ledger = Ledger(tmp_path)
    assert verify(ledger).samples == 11, "whoever can write the file can write a chain"
    with pytest.raises(SessionError, match="never had the head"):
        verify(ledger, noted)
    ledger.close()
