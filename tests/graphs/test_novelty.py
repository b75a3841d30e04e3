"""Novelty is decided by the deal's order, whoever is faster."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from noria.config import SessionConfig
from noria.errors import RunError
from noria.graphs.claims import Claim
from noria.graphs.novelty import Clerk
from noria.identity import stream
from noria.inference.client import Request
from noria.inference.puppet import Puppet
from noria.memory.embed import StaticEmbedder, Vectors
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.neighbours import FOLDER, Neighbours, rebuild
from noria.types import Dealt, Reason, Stage
from tests import build
from tests.graphs.steered import played, reading, settings

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


async def test_who_waits_is_embedded_with_the_others_that_wait(tmp_path: Path) -> None:
    embedded: list[int] = []

    class Counting(StaticEmbedder):
        def embed(self, texts: list[str]) -> Vectors:
            embedded.append(len(texts))
            return super().embed(texts)

    dealt, history = hands(5), History(Ledger(tmp_path, write=True))
    one = Clerk(history, Neighbours(tmp_path, Counting()), 0.95, dealt)
    texts = ("Old maps", "new bridges", "old maps", "quiet gardens", "New bridges!")
    claims = [Claim((f"k{at}",), text, "s") for at, text in enumerate(texts)]
    waiting = [asyncio.create_task(one.claim(dealt[at], claims[at])) for at in range(1, 5)]
    await asyncio.sleep(0.02)
    assert embedded == []
    assert await one.claim(dealt[0], claims[0]) is None
    found = [await task for task in waiting]
    assert [bool(refusal) for refusal in found] == [False, True, False, True]
    assert embedded == [5], "each text once, all in one call"
    history.ledger.close()


async def test_a_claim_whose_place_has_passed_is_not_kept_waiting(tmp_path: Path) -> None:
    dealt = hands(3)
    one, history = clerk(tmp_path, dealt)
    for hand in dealt[::-1]:
        one.let_pass(hand)
    assert await asyncio.wait_for(one.claim(dealt[1], Claim(("k",), "", "")), 5) is None
    history.ledger.close()


def topical(request: Request) -> Any:
    """A puppet whose generator always writes of rivers, in one spelling or another."""
    if request.role != "generator" or request.schema is None:
        return Puppet()(request)
    rng, found = stream("topic", request.messages[-1].content), list[str]()
    for reply in Puppet()(request):
        body = json.loads(reply)
        spelled = rng.choice(("rivers", "Rivers", "RIVERS", "RIvers", "riverS"))
        found.append(json.dumps({**body, "topic": spelled} if "topic" in body else body))
    return found


@contextmanager
def writing(rules: SessionConfig) -> Iterator[History]:
    ledger = Ledger(rules.session, write=True)
    try:
        yield History(ledger)
    finally:
        ledger.close()


def decided(rules: SessionConfig) -> dict[str, tuple[str, str]]:
    """Outcome and reason of every episode."""
    with reading(rules) as history:
        return {one.id: (one.outcome, one.reason) for one in history.episodes()}


def test_a_text_that_was_accepted_is_refused_before_and_after_a_rebuild_and_a_resume(tmp_path: Path) -> None:
    changes: dict[str, Any] = {
        "domains": {"constraints": (1,)}, "play": {"episodes": 32, "batch": 8, "attempts": 1}, "exam": {"items": 5},
    }  # fmt: skip
    whole, broken = settings(tmp_path / "whole", **changes), settings(tmp_path / "broken", **changes)
    played(whole, script=topical)
    with reading(whole) as history:
        refused = [one for one in history.episodes() if one.reason is Reason.NEAR_DUPLICATE]
        by_index = [one for one in refused if one.evidence.startswith("sample-")]
    assert by_index, "the texts of earlier batches are known"
    assert len(refused) > len(by_index), "and so are those of the same batch"
    left = 0

    def breaks(request: Request) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise RunError("The server is gone.")
        return topical(request)

    for calls, mends in ((60, False), (60, True)):
        left = calls
        with pytest.raises(RunError):
            played(broken, script=breaks)
        if mends:
            with writing(broken) as history:
                rebuild(broken.session, history)
        else:
            shutil.rmtree(broken.session / FOLDER)
    played(broken, script=topical)
    assert decided(broken) == decided(whole)
