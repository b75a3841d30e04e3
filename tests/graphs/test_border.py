"""Batches flow into one another: a slow hand holds up no batch, and what is decided stays decided by the deal."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from noria import failpoints
from noria.config import SessionConfig
from noria.errors import RunError
from noria.graphs import playing, rounds
from noria.graphs.border import carried
from noria.graphs.claims import Claim
from noria.graphs.context import Context
from noria.graphs.novelty import Clerk
from noria.graphs.opening import Watch, opened
from noria.graphs.run import run
from noria.graphs.session_state import Hand
from noria.identity import content_id
from noria.inference.client import Completion, Request
from noria.inference.puppet import Puppet
from noria.inference.scripted import ScriptedClient
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.neighbours import Neighbours
from noria.types import Episode, Reason, Stage, TurnKey
from tests import build
from tests.graphs.steered import reading, saying, settings

SIZE = 8
GAME: dict[str, Any] = {"play": {"episodes": 3 * SIZE, "batch": SIZE, "attempts": 2}}
PLACES = {content_id("episode", [0, 1, at]): at for at in range(3 * SIZE)}
SLOW = 2


class Slow(ScriptedClient):
    """A puppet whose answers to one hand, in one role, wait at a gate; knows which hand asks."""

    def __init__(self, opens: Callable[[int], bool] = lambda at: False, role: str = "solver") -> None:
        super().__init__(Puppet())
        self.role = role
        self.opens = opens
        """Whether the gate opens when the hand of this place asks."""
        self.gate = asyncio.Event()
        self.key = TurnKey(episode="", role="solver", draft=1, attempt=1)
        self.asked: list[TurnKey] = []
        self.waited = False

    async def complete(self, request: Request) -> Completion:
        key, place = self.key, PLACES.get(self.key.episode, -1)
        self.asked.append(key)
        if place >= 0 and self.opens(place):
            self.gate.set()
        if place == SLOW and request.role == self.role:
            self.waited = self.waited or not self.gate.is_set()
            await self.gate.wait()
        return await super().complete(request)

    def places(self) -> list[int]:
        """The batch of each hand that asked, in the order they did."""
        return [PLACES[key.episode] // SIZE for key in self.asked if key.episode in PLACES]


async def played(rules: SessionConfig, client: Slow, acts: dict[str, Callable[[Context], Any]] | None = None) -> Any:
    """A session with what is done when it comes by a point: `session.holds`, or the border before a batch."""

    def seen(point: str, what: Any) -> None:
        if point == "call.begun":
            client.key = what
        name = f"{what[1]}/{what[2]}" if point == "batch.reached" else point
        if acts and (act := acts.pop(name, None)):
            act(what[0] if point == "batch.reached" else what)

    failpoints.watch(seen)
    try:
        return await asyncio.wait_for(run(rules, build.means(rules, client=client)), 600)
    finally:
        failpoints.watch(None)


def decided(rules: SessionConfig) -> dict[str, tuple[str, str, str]]:
    with reading(rules) as history:
        return {one.id: (one.outcome, one.reason, one.evidence) for one in history.episodes()}


def accepted(rules: SessionConfig) -> list[str]:
    with reading(rules) as history:
        return sorted(one.id for one in history.samples())


@pytest.mark.parametrize(("role", "reaches"), [("solver", 2), ("generator", 1)])
async def test_a_slow_hand_holds_up_no_batch_and_changes_nothing_that_is_decided(
    tmp_path: Path, role: str, reaches: int
) -> None:
    flowing, barred = (
        settings(tmp_path / "1", **GAME),
        settings(tmp_path / "2", **GAME | {"play": GAME["play"] | {"behind": 0}}),
    )
    client = Slow(opens=lambda at: at >= reaches * SIZE, role=role)
    await played(flowing, client)
    assert client.waited
    batches = client.places()
    # The gate stood closed until a later batch asked: were a batch waited for, the session would stand still. Who
    # has not proposed holds up the claims of all that follow, so that two batches play then, and no third.
    assert batches.index(reaches) < len(batches) - 1 - batches[::-1].index(0)
    other = Slow(opens=lambda at: True)
    await played(barred, other)
    assert other.places() == sorted(other.places()), "with nothing carried over, a batch ends before the next begins"
    assert decided(flowing) == decided(barred)
    assert accepted(flowing) == accepted(barred)
    with reading(flowing) as history:
        assert len(list(history.episodes())) == 3 * SIZE


@pytest.mark.parametrize("calls", [1, 9, 30])
async def test_what_was_carried_over_when_a_session_broke_is_played_on(tmp_path: Path, calls: int) -> None:
    broken, whole = settings(tmp_path / "1", **GAME), settings(tmp_path / "2", **GAME)

    class Breaks(Slow):
        """One whose server is gone some calls after the second batch began, the slow hand still in hand."""

        async def complete(self, request: Request) -> Completion:
            if sum(at == 1 for at in self.places()) >= calls:
                raise RunError("The server is gone.")
            return await super().complete(request)

    client = Breaks()
    with pytest.raises(RunError, match="The server is gone"):
        await played(broken, client)
    with reading(broken) as history:
        slow = next(key for key, at in PLACES.items() if at == SLOW)
        assert history.episode(slow) is None
        kept = {str(turn.key) for key in PLACES for turn in history.trace(key)}
    again, other = Slow(opens=lambda at: True), Slow(opens=lambda at: True)
    await played(broken, again)
    assert not kept & {str(key) for key in again.asked}, "a finished call was made again"
    await played(whole, other)
    assert decided(broken) == decided(whole)
    assert accepted(broken) == accepted(whole)


async def test_who_came_back_early_in_a_step_that_was_killed_is_played_though_it_is_not_sent_again(
    tmp_path: Path,
) -> None:
    rules = settings(tmp_path, **GAME)
    async with opened(rules, build.means(rules), Watch()) as context:
        dealt = await rounds.plan(context, 1)
        await playing.play(context, 1, 0, dealt[0].episode)
        hand = Hand(round=1, batch=0, episode=dealt[5].episode, step=0, many=SIZE, last=False)
        await asyncio.wait_for(context.border.play(context, hand, playing.play), 60)
        await context.border.rest()
        assert context.history.ended(1) == {one.episode for one in dealt[:SIZE]}
        following, behind = await rounds.settle(context, 1, 1)
        assert (following, behind) == ([one.episode for one in dealt[SIZE : 2 * SIZE]], {})


async def test_a_session_that_is_paused_stands_still_with_nothing_in_hand(tmp_path: Path) -> None:
    rules, client, found = settings(tmp_path, **GAME), Slow(), list[Any]()

    def pause(context: Context) -> None:
        found.append(context.border.playing())
        saying("pause")(context)
        client.gate.set()

    def holds(context: Context) -> None:
        found.append(context.border.playing())
        saying("go_on")(context)

    done = await played(rules, client, {"1/2": pause, "session.holds": holds})
    assert done["finished"] == "rounds: 1 played"
    carried_over, held = found
    assert {PLACES[one] for one in carried_over} >= {SLOW}
    assert held == set()


async def test_a_session_that_is_left_plays_to_its_end_what_was_carried_over(tmp_path: Path) -> None:
    rules, client = settings(tmp_path, **GAME), Slow()

    def leave(context: Context) -> None:
        assert context.border.playing()
        context.leave()
        client.gate.set()

    with pytest.raises(asyncio.CancelledError):
        await played(rules, client, {"1/2": leave})
    assert {PLACES[key] for key in decided(rules)} == set(range(SIZE))
    assert set(client.places()) == {0}, "a hand of the next batch was dealt"
    assert (await played(rules, Slow(opens=lambda at: True)))["finished"] == "rounds: 1 played"


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({}, SIZE // 2), ({"behind": 3}, 3), ({"behind": 0}, 0), ({"behind": 99}, SIZE - 1), ({"concurrency": 3}, 3),
    ],
)  # fmt: skip
def test_what_may_be_carried_over_is_less_than_a_batch(tmp_path: Path, changes: dict[str, int], most: int) -> None:
    rules = settings(tmp_path, play=GAME["play"] | changes)
    assert carried(rules) == most
    assert carried(settings(tmp_path, play=GAME["play"] | changes, approve={"samples": True})) == 0


def two_batches(folder: Path) -> tuple[Clerk, Clerk, History]:
    """The clerks of two batches of two, the first of which plays while the second begins."""
    history = History(Ledger(folder, write=True))
    hands = [build.dealt(f"episode-{at}", position=at) for at in range(4)]
    one = Clerk(history, Neighbours(folder), 0.95, hands[:2])
    return one, Clerk(history, one.index, 0.95, hands[2:], before=(one,)), history


def ended(good: bool) -> Episode:
    if good:
        return build.episode("episode-0", outcome="accepted", reason=Reason.VERIFIED, stage=Stage.ACCEPTED)
    return build.episode("episode-0")


@pytest.mark.parametrize("good", [True, False])
@pytest.mark.parametrize(
    ("first", "same"),
    [(Claim(("k",), "", ""), Claim(("k",), "", "")), (Claim(("a",), "old maps", "s"), Claim(("b",), "Old maps", "s"))],
    ids=["exact", "by meaning"],
)
async def test_who_asks_what_a_hand_of_an_earlier_batch_asks_waits_for_how_that_ends(
    tmp_path: Path, first: Claim, same: Claim, good: bool
) -> None:
    one, two, history = two_batches(tmp_path)
    assert await one.claim(one.batch[0], first) is None
    one.end(one.batch[1])
    claim = asyncio.create_task(two.claim(two.batch[0], same))
    other = asyncio.create_task(two.claim(two.batch[1], Claim(("other",), "new bridges", "s")))
    await asyncio.sleep(0.05)
    assert not claim.done()
    assert not other.done(), "the deal's order holds over the border"
    story = {"free_text": first.free_text, "shape": first.shape}
    await history.settle(ended(good), [build.sample("sample-kept", **story)] if good else [])
    one.end(one.batch[0])
    refusal = await asyncio.wait_for(claim, 10)
    assert (refusal is not None) == good
    if refusal:
        assert refusal[0] is (Reason.NEAR_DUPLICATE if first.free_text else Reason.DUPLICATE)
        assert ("sample-kept" if first.free_text else "episode-0 was accepted") in refusal[1]
    assert await other is None
    history.ledger.close()


async def test_who_asks_something_else_waits_only_until_the_earlier_batch_has_claimed(tmp_path: Path) -> None:
    one, two, history = two_batches(tmp_path)
    claim = asyncio.create_task(two.claim(two.batch[0], Claim(("k2",), "new bridges", "s")))
    assert await one.claim(one.batch[0], Claim(("k",), "old maps", "s")) is None
    await asyncio.sleep(0.05)
    assert not claim.done()
    assert await one.claim(one.batch[1], Claim(("k1",), "", "")) is None
    assert await asyncio.wait_for(claim, 10) is None
    assert not one.over
    history.ledger.close()
