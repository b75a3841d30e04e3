import asyncio
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from noria.errors import SessionError
from noria.memory import tables
from noria.memory.history import History
from noria.memory.ledger import FILE, Ledger, put, replace
from noria.types import TurnKey
from tests import build


def test_an_awaited_write_is_there_for_another_reader(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    asyncio.run(ledger.write(replace(tables.meta, {"key": "a", "value": "1"})))
    other = Ledger(tmp_path)
    assert other.fact("a") == "1"
    other.close()
    ledger.close()


def test_one_write_is_one_transaction(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    good = put(tables.meta, {"key": "good", "value": "1"})
    bad = put(tables.meta, {"key": "bad", "value": None})
    with pytest.raises(SessionError):
        asyncio.run(ledger.write(good, bad))
    assert ledger.fact("good") is None
    asyncio.run(ledger.write(good))
    assert ledger.fact("good") == "1"
    ledger.close()


def test_a_bad_write_does_not_take_its_neighbours_with_it(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)

    async def both() -> list[object]:
        writes = [
            ledger.write(put(tables.meta, {"key": f"k{at}", "value": None if at == 3 else "v"})) for at in range(8)
        ]
        return await asyncio.gather(*writes, return_exceptions=True)

    found = asyncio.run(both())
    assert [isinstance(one, SessionError) for one in found] == [at == 3 for at in range(8)]
    assert [ledger.fact(f"k{at}") for at in range(8)] == ["v" if at != 3 else None for at in range(8)]
    ledger.close()


def test_writing_twice_is_writing_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    history = History(ledger)

    async def write() -> None:
        for _ in range(3):
            await history.settle(build.episode(outcome="accepted"), [build.sample()])
            await history.keep_turn(build.turn())

    asyncio.run(write())
    assert len(history.samples()) == 1
    assert len(history.unindexed()) == 1
    assert history.tokens() == (10, 2)
    ledger.close()


def test_a_session_in_use_is_refused_with_its_holder(tmp_path: Path) -> None:
    held = Ledger(tmp_path, write=True)
    code = f"""
        from pathlib import Path
        from noria.memory.ledger import Ledger
        from noria.errors import SessionError
        try:
            Ledger(Path({str(tmp_path)!r}), write=True)
        except SessionError as fault:
            print(fault)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert "is in use by the process" in done.stdout
    held.close()
    Ledger(tmp_path, write=True).close()


def test_a_killed_writer_leaves_a_session_that_opens(tmp_path: Path) -> None:
    code = f"""
        import asyncio, os
        from pathlib import Path
        from noria.memory import tables
        from noria.memory.ledger import Ledger, replace
        async def main():
            ledger = Ledger(Path({str(tmp_path)!r}), write=True)
            for at in range(50):
                await ledger.write(replace(tables.meta, {{"key": "last", "value": str(at)}}))
            os.kill(os.getpid(), 9)
        asyncio.run(main())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert done.returncode == -9
    ledger = Ledger(tmp_path, write=True)
    assert ledger.fact("last") == "49"
    ledger.close()


@pytest.mark.parametrize("damage", ["text", "cut", "page"])
def test_a_corrupt_ledger_is_named(tmp_path: Path, damage: str) -> None:
    ledger = Ledger(tmp_path, write=True)
    for at in range(40):
        asyncio.run(ledger.write(put(tables.meta, {"key": f"k{at}", "value": "v" * 500})))
    ledger.close()
    path = tmp_path / FILE
    whole = path.read_bytes()
    if damage == "text":
        path.write_text("no ledger at all " * 100)
    elif damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    else:
        path.write_bytes(whole[:8192] + b"\xff" * 4096 + whole[12288:])
    with pytest.raises(SessionError) as fault:
        Ledger(tmp_path, write=True)
    assert str(path) in str(fault.value)


def test_a_ledger_of_a_newer_noria_is_refused(tmp_path: Path) -> None:
    Ledger(tmp_path, write=True).close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    connection.close()
    with pytest.raises(SessionError, match="newer Noria"):
        Ledger(tmp_path)


def test_a_folder_without_a_session_is_no_session(tmp_path: Path) -> None:
    with pytest.raises(SessionError):
        Ledger(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_the_story_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, write=True)
    history = History(ledger)
    hands = [build.dealt(f"episode-{at}", position=at) for at in range(3)]

    async def write() -> None:
        await history.keep_deal(1, hands, seats={"solver": "policy-base"})
        await history.keep_policy(build.policy(), "base", "student")
        await history.keep_policy(build.policy("student-r0001", round=1), "student")
        await history.keep_round(1, "curated", curated={"new": 3})
        await history.keep_turn(build.turn(number=2, started=2.0))
        await history.keep_turn(build.turn(number=1, started=1.0))
        await history.settle(build.episode("episode-0", outcome="accepted"), [build.sample()])

    asyncio.run(write())
    assert history.deal(1) == hands
    base, student = history.pointer("base"), history.pointer("student")
    assert base is not None
    assert student is not None
    assert (base.name, student.name) == ("base", "student-r0001")
    assert history.round(1) == {"seats": {"solver": "policy-base"}, "curated": {"new": 3}}
    assert [turn.key.attempt for turn in history.trace("episode-1")] == [2, 1], (
        "as they were kept, whatever the clock says"
    )
    assert history.turn(TurnKey(episode="episode-1", role="solver", draft=1, attempt=1)) is not None
    assert history.ended(1) == {"episode-0"}
    assert history.samples(number=1) == [build.sample()]
    assert history.samples(before=1) == []
    ledger.close()


def test_a_count_is_a_recount(tmp_path: Path) -> None:
    from noria.types import Reason, Stage

    ledger = Ledger(tmp_path, write=True)
    history = History(ledger)
    asyncio.run(history.settle(build.episode("episode-1", stage=Stage.NOVEL, reason=Reason.UNGROUNDED)))
    asyncio.run(history.settle(build.episode("episode-2", stage=Stage.ACCEPTED, reason=Reason.VERIFIED, position=1)))
    funnel = history.funnel(1)
    assert funnel["dealt"] == funnel["novel"] == 2
    assert funnel["grounded"] == funnel["accepted"] == 1
    assert history.reasons() == {"ungrounded": 1, "verified": 1}
    ledger.close()
