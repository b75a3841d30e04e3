"""What strategies build on: accepted answers of a domain, and windows of a kind that is wanted.

ledger ─► accepted (before this round, foreign ones left out) ─► one is drawn ─► its task, from its episode
"""

import random
from collections.abc import Callable

from noria.evaluators.domain import Domain
from noria.evaluators.foreign import foreign
from noria.graphs.strategies.assigning import Setting
from noria.types import Json, Sample, Task

LAST = 2000
"""Accepted answers, newest first, that parents are drawn from."""

DRAWS = 60
"""Windows that are drawn to find one that fits."""


def accepted(setting: Setting, domain: str) -> list[Sample]:
    """The last accepted answers of a domain before this round whose instruction may be shown to a generator."""

    def read() -> list[Sample]:
        return list(setting.history.each(role="solver", before=setting.number, last=LAST))

    def own() -> list[Sample]:
        found: list[Sample] = setting.once("accepted", read)
        return [one for one in found if one.provenance.domain == domain and not foreign(asked(one))]

    kept: list[Sample] = setting.once(f"accepted/{domain}", own)
    return kept


def asked(sample: Sample) -> str:
    """What an accepted answer was an answer to."""
    return sample.messages[-2].content


def task_of(setting: Setting, sample: Sample) -> Task | None:
    """The task of an accepted answer, from its episode."""
    episode = setting.history.episode(sample.provenance.episode)
    tasks = (one for one in episode.drafts if one.id == sample.provenance.task) if episode else iter(())
    return next(tasks, None)


def windows(
    domain: Domain, level: int, rng: random.Random, fits: Callable[[Json], bool], *, skill: str = "", topic: str = ""
) -> list[Json]:
    """Windows of a level that fit, in the order they were drawn, each once."""
    family = domain.at(level)
    weak = (f"{domain.name}/{skill}",) if skill else ()
    found: list[Json] = []
    for _ in range(DRAWS):
        window = family.window(level, rng, weak=weak, topic=topic)
        if fits(window) and window not in found:
            found.append(window)
    return found


def above(levels: tuple[int, ...], level: int) -> int | None:
    """The next level that may be dealt; none above the highest."""
    return min((one for one in levels if one > level), default=None)


def size(value: object) -> float:
    """How large the numbers of a window are, together."""
    match value:
        case bool() | str() | None:
            return 0.0
        case int() | float():
            return abs(float(value))
        case dict():
            return sum(map(size, value.values()))
        case list() | tuple():
            return sum(map(size, value))
    return 0.0
