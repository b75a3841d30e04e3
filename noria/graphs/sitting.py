"""A policy sits the exam of a detector's role: it is asked about planted items as it would be about dealt ones.

    item ─► the role's own prompt ─► reply, read as ever ─► did it speak up?

Each question has a key of its own below the exam's place, so that an exam that is held again
after a crash finds its finished turns. A reply that cannot be read is a wrong answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from noria.agents.adversary import Adversary
from noria.agents.base import Desk
from noria.agents.critic import Critic
from noria.agents.judge import Judge
from noria.agents.student import attempted
from noria.errors import ReplyError
from noria.evaluators.faulty_wordings import Worded
from noria.evaluators.planted import Plant
from noria.evaluators.role_exams import Answered, detected
from noria.evaluators.seat_cards import Attacked
from noria.evaluators.weaknesses import Planted
from noria.types import ROLES, Dealt, Seed

Item = TypeVar("Item", Worded, Planted)
Sit = Callable[[Desk, str, str, Any], Awaitable[list[Answered]]]
"""Desk, policy, the exam's place and its items to what the policy made of each."""


async def judge(desk: Desk, policy: str, place: str, items: list[Plant]) -> list[Answered]:
    """Rule on planted answers with no evidence shown; a wrong one that is rejected is found."""
    ruled = await Judge(desk, policy).unaided(f"{place}/rulings", items)
    return [detected(one.kind != "right", None if one.accepted is None else not one.accepted) for one in ruled]


async def critic(desk: Desk, policy: str, place: str, items: list[Worded]) -> list[Answered]:
    """Review planted wordings; a faulty one in which a fault is named is found."""

    async def cried(hand: Dealt, one: Worded) -> bool:
        checks = await one.domain.check(one.task.grounding, one.response, desk.runner)
        attempt = attempted(one.task, one.response, policy, "pool", checks)
        return bool((await Critic(desk, policy).review(hand, one.domain, one.task, attempt)).faults)

    return await _asked(place, items, lambda one: one.fault != "good", cried)


async def adversary(desk: Desk, policy: str, place: str, items: list[Planted]) -> list[Answered]:
    """Attack planted candidates; a weak one is found where a program holds the policy's claim to be so."""

    async def cried(hand: Dealt, one: Planted) -> bool:
        attempt = attempted(one.task, one.response, policy, "pool", ())
        probe = await Adversary(desk, policy).claim(hand, one.domain, one.task, attempt)
        attacked = Attacked(one, (probe,))
        return attacked.hit() if one.kind == "sound" else attacked.found()

    return await _asked(place, items, lambda one: one.kind != "sound", cried)


async def _asked(
    place: str, items: list[Item], bad: Callable[[Item], bool], cried: Callable[[Dealt, Item], Awaitable[bool]]
) -> list[Answered]:
    """Ask about every item at once."""

    async def asked(at: int, one: Item) -> Answered:
        try:
            return detected(bad(one), await cried(_hand(f"{place}/{at}", one), one))
        except ReplyError:
            return detected(bad(one), None)

    return list(await asyncio.gather(*(asked(at, one) for at, one in enumerate(items, 1))))


def _hand(episode: str, one: Worded | Planted) -> Dealt:
    """A hand for an item that no round dealt; its agents are seated by hand."""
    seed = Seed(id="planted", kind="domain", text=one.domain.name)
    return Dealt(
        episode=episode, round=0, position=0, domain=one.domain.name, level=one.task.level, seed=seed, window={},
        neighbours=(), weak=(), seats=dict.fromkeys(ROLES, ""), templates={}, random=episode,
    )  # fmt: skip
