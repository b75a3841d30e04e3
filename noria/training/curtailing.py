"""An exam that stops where its gate is lost for certain.

    items, the domains in turn ─► part 1 ─► part 2 ─► … ─► frozen items, prose
                                     └ lost? the sign test, were all that is left won ─► no further part is asked

A curtailed test (B. Eisenberg and B. K. Ghosh, Annals of Statistics 8, 1980) stops where nothing
that could still come would change its verdict, so whoever it keeps out is kept out by the whole
exam. A gate is only ever lost early: before it is won, everything that must not be lost is asked.
It is looked at after whole parts, the next of which is asked already: no server waits for the
look, what was asked does not hang on who answered first, and a resumed exam asks the same.
"""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import zip_longest
from math import ceil
from typing import Any, TypeVar

from noria.agents.student import Solver
from noria.evaluators.domain import Domain
from noria.evaluators.gate import sign_test
from noria.types import Attempt, Task

Rest = TypeVar("Rest")
Answered = tuple[Attempt, bool]

PARTS = 5
"""Parts of an exam: few, for each look comes a part too late."""


def parts(items: list[tuple[Task, Domain]]) -> list[list[int]]:
    """The places of an exam's items in parts, each with its share of every domain."""
    by_domain: dict[str, list[int]] = {}
    for at, (task, _) in enumerate(items):
        by_domain.setdefault(task.domain, []).append(at)
    order = [at for some in zip_longest(*by_domain.values()) for at in some if at is not None]
    size = max(1, ceil(len(order) / PARTS))
    return [order[first : first + size] for first in range(0, len(order), size)]


def lost(wins: int, losses: int, left: int, alpha: float) -> bool:
    """Whether no gain can be shown any more, even if the student alone is right on all that is left."""
    return sign_test(wins + left, losses) >= alpha


async def ask(
    parent: Solver, student: Solver, place: str, items: list[tuple[Task, Domain]], alpha: float,
    rest: Callable[[], Coroutine[Any, Any, Rest]],
) -> tuple[dict[int, tuple[Answered, Answered]], Rest | None]:  # fmt: skip
    """What parent and student answered, by the place of the item, and the rest; none where the gate was lost.

    Raises:
        EndpointError: a policy cannot be asked.
    """

    async def both(places: list[int]) -> dict[int, tuple[Answered, Answered]]:
        some, numbers = [items[at] for at in places], [at + 1 for at in places]
        one, two = await asyncio.gather(
            parent.examine(place, 1, some, numbers), student.examine(place, 2, some, numbers)
        )
        return dict(zip(places, zip(one, two, strict=True), strict=True))

    known: dict[int, tuple[Answered, Answered]] = {}
    waiting = parts(items)
    asked = [asyncio.create_task(both(waiting[0]))]
    ending: asyncio.Task[Rest] | None = None
    try:
        for at in range(len(waiting)):
            if at + 1 < len(waiting):
                asked.append(asyncio.create_task(both(waiting[at + 1])))
            else:
                ending = asyncio.create_task(rest())
            known |= await asked[at]
            wins = sum(two.passed and not one.passed for (one, _), (two, _) in known.values())
            losses = sum(one.passed and not two.passed for (one, _), (two, _) in known.values())
            if ending is None and lost(wins, losses, len(items) - len(known), alpha):
                return known | await asked[at + 1], None
        assert ending is not None
        return known, await ending
    finally:
        running: list[asyncio.Task[Any]] = [*asked, *([ending] if ending else [])]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
