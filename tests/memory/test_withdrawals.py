"""What is withdrawn is out of every use, stays in the ledger, and leaves the index whatever happens in between."""

import asyncio
import sqlite3
from pathlib import Path

from noria.memory.history import History
from noria.memory.ledger import FILE, Ledger
from noria.memory.neighbours import Neighbours, catch_up, rebuild
from noria.memory.withdrawals import Withdrawals, tainting, withdrawing
from noria.types import Seed
from tests import build


def settled(folder: Path) -> History:
    history = History(Ledger(folder, write=True))
    samples = [
        build.sample(f"sample-{at}", asked=f"What is {at} + 2?", free_text=f"text {at}", episode=f"episode-{at}")
        for at in range(4)
    ]
    taught = build.sample("sample-g", role="generator", episode="episode-0")
    asyncio.run(history.settle(build.episode(outcome="accepted"), [*samples, taught]))
    seeds = [Seed(id=f"seed-{at}", kind="topic", text=f"topic {at}") for at in range(2)]
    asyncio.run(history.keep_seeds(seeds))
    return history


def test_what_is_withdrawn_is_seen_only_by_who_asks_for_it(tmp_path: Path) -> None:
    history = settled(tmp_path)
    rows = withdrawing(
        "--verifier odd@1", 5.0, [("it rests on odd@1", ["sample-1", "sample-g"]), ("named", ["seed-1"])]
    )
    history.ledger.write_now(*rows, *tainting("--verifier odd@1", 5.0, [("policy-a", "it learned")]))
    assert [one.id for one in history.samples()] == ["sample-0", "sample-2", "sample-3"]
    assert [one.id for one in history.samples(withdrawn=True)] == [*(f"sample-{at}" for at in range(4)), "sample-g"]
    assert sum(row[4] for row in history.composition()) == 3
    assert [one.id for one in history.seeds()] == ["seed-0"]
    out = Withdrawals(history.ledger)
    assert (out.count(), out.count("generator")) == (1, 1)
    assert out.of("sample-0") is None
    found = out.of("sample-1")
    assert found is not None
    assert (found.root, found.why, found.at) == ("--verifier odd@1", "it rests on odd@1", 5.0)
    assert list(out.tainted()) == ["policy-a"]
    assert out.purges() == [{"root": "--verifier odd@1", "at": 5.0, "samples": 3, "policies": 1}]
    # A second purge leaves the first reason standing.
    history.ledger.write_now(*withdrawing("ids", 6.0, [("it was named", ["sample-1"])]))
    assert out.of("sample-1") == found
    history.ledger.close()


def test_the_index_lets_go_what_is_withdrawn_at_once_or_when_it_is_opened_next(tmp_path: Path) -> None:
    history = settled(tmp_path)
    index = Neighbours(tmp_path)
    asyncio.run(catch_up(history, index))
    assert index.count() == 4
    history.ledger.write_now(*withdrawing("ids", 5.0, [("it was named", ["sample-1", "sample-g"])]))
    assert index.count() == 4  # the purge was cut off here
    assert asyncio.run(catch_up(history, index, recount=True)) == 0
    assert index.count() == 3
    near = index.nearest("What is 1 + 2?", domain="arithmetic", count=4)
    assert {one.sample for one in near} == {"sample-0", "sample-2", "sample-3"}
    text = index.nearest_free_text("text 1", shape="shape-1")
    assert text is not None
    assert text.sample != "sample-1"
    index.close()
    assert rebuild(tmp_path, history) == 3
    history.ledger.close()


def test_a_sample_withdrawn_before_it_was_indexed_never_enters(tmp_path: Path) -> None:
    history = settled(tmp_path)
    history.ledger.write_now(*withdrawing("ids", 5.0, [("it was named", ["sample-2"])]))
    index = Neighbours(tmp_path)
    assert asyncio.run(catch_up(history, index, recount=True)) == index.count() == 3
    index.close()
    history.ledger.close()


def test_a_ledger_from_before_there_were_purges_reads_as_it_did(tmp_path: Path) -> None:
    settled(tmp_path).ledger.close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        for table in ("withdrawals", "tainted", "learned"):
            connection.execute(f"DROP TABLE {table}")
    connection.close()
    history = History(Ledger(tmp_path))
    out = Withdrawals(history.ledger)
    assert len(history.samples()) == 5
    assert len(history.seeds()) == 2
    assert (out.count(), out.tainted(), out.purges(), out.of("sample-1")) == (0, {}, [], None)
    history.ledger.close()
