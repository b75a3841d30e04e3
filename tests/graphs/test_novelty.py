"""Novelty is decided by the deal's order, whoever is faster."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from noria.graphs.novelty import Claim, Clerk
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.neighbours import Neighbours
from noria.types import Dealt, Reason, Stage
from tests import build

KEYS = ("k1", "k2", "k1", "k3", "k2", "k1", "k4", "k3")


def clerk(folder: Path, hands: list[Dealt]) -> tuple[Clerk, History]:
    history = History(Ledger(folder, write=True))
    return Clerk(history, Neighbours(folder), 0.95, hands), history


def hands(count: int) -> list[Dealt]:
    return [build.dealt(f"episode-{at}", position=at) for at in range(count)]


@pytest.mark.parametrize("seed", range(5))
async def test_the_first_dealt_wins_whatever_order_they_come_in(tmp_path: Path, seed: int) -> None:
    dealt = hands(len(KEYS))
    one, history = clerk(tmp_path, dealt)
    order = list(range(len(KEYS)))
    Random(seed).shuffle(order)
    found: dict[int, bool] = {}

    async def claim(at: int, wait: float) -> None:
        await asyncio.sleep(wait)
        found[at] = await one.claim(dealt[at], Claim((KEYS[at],), "", "")) is None

    await asyncio.gather(*(claim(at, 0.005 * place) for place, at in enumerate(order)))
    assert [found[at] for at in range(len(KEYS))] == [True, True, False, True, False, False, True, False]
    history.ledger.close()


async def test_who_has_ended_holds_nobody_up(tmp_path: Path) -> None:
    dealt = hands(3)
    one, history = clerk(tmp_path, dealt)
    waiting = asyncio.create_task(one.claim(dealt[2], Claim(("k",), "", "")))
    await asyncio.sleep(0.02)
    assert not waiting.done()
    one.let_pass(dealt[0])
    one.let_pass(dealt[1])
    assert await waiting is None
    history.ledger.close()


async def test_an_earlier_batch_blocks_only_with_what_was_accepted(tmp_path: Path) -> None:
    first = hands(2)
    one, history = clerk(tmp_path, first)
    for at, key in enumerate(("kept", "lost")):
        assert await one.claim(first[at], Claim((key,), "", "")) is None
    kept = build.episode("episode-0", outcome="accepted", reason=Reason.VERIFIED, stage=Stage.ACCEPTED)
    await history.settle(kept)
    await history.settle(build.episode("episode-1", position=1))
    later = [build.dealt(f"later-{at}", round=2, position=at) for at in range(2)]
    two = Clerk(history, one.index, 0.95, later)
    refusal = await two.claim(later[0], Claim(("kept",), "", ""))
    assert refusal is not None
    assert refusal[0] is Reason.DUPLICATE
    assert "episode-0" in refusal[1]
    assert await two.claim(later[1], Claim(("lost",), "", "")) is None
    history.ledger.close()


async def test_a_resumed_batch_decides_as_the_broken_one_did(tmp_path: Path) -> None:
    dealt = hands(3)
    one, history = clerk(tmp_path, dealt)
    assert await one.claim(dealt[0], Claim(("k",), "", "")) is None
    again = Clerk(history, one.index, 0.95, dealt)
    # The claim was written; the episode did not end. Its own claim is no one else's.
    assert await again.claim(dealt[0], Claim(("k",), "", "")) is None
    refusal = await again.claim(dealt[1], Claim(("k",), "", ""))
    assert refusal is not None
    assert refusal[0] is Reason.DUPLICATE
    history.ledger.close()


async def test_free_text_that_means_the_same_is_refused_within_its_shape(tmp_path: Path) -> None:
    dealt = hands(3)
    one, history = clerk(tmp_path, dealt)
    assert await one.claim(dealt[0], Claim(("a",), "old maps", "s1")) is None
    refusal = await one.claim(dealt[1], Claim(("b",), "Old maps", "s1"))
    assert refusal is not None
    assert refusal[0] is Reason.NEAR_DUPLICATE
    assert await one.claim(dealt[2], Claim(("c",), "Old maps", "s2")) is None
    history.ledger.close()
