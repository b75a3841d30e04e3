"""What a session has so far, in a few lines by program: for whoever advises on the next plan.

episodes ─► accepted of dealt, solve rate ┐
exam     ─► right of asked                ├─► a line an area (domain/skill/level), the thinnest first
refusals ─► reasons                       ┘
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from noria.evaluators.domain import Domain
from noria.evaluators.foreign import foreign
from noria.memory.history import History
from noria.types import Sample

ROUNDS = 4
"""Rounds that it counts, the last ones."""

LINES = 14
"""Areas that the account has a line for: those of which least was accepted."""

REASONS = 3
"""Reasons of refusals that it names."""

SAMPLES = 3
"""Accepted tasks that it shows."""

LONGEST = 120
"""Characters of each."""


@dataclass(frozen=True, slots=True)
class Account:
    """What an adviser is shown, and what it may name."""

    counts: tuple[str, ...]
    samples: tuple[str, ...]
    areas: tuple[str, ...]
    """Every area that may be dealt."""


@dataclass(slots=True)
class _Area:
    tried: int = 0
    accepted: int = 0
    rates: float = 0.0


def account(
    history: History, domains: Mapping[str, Domain], levels: Mapping[str, tuple[int, ...]], number: int
) -> Account:
    """The account of the rounds before a round."""
    areas = {
        f"{name}/{skill}/{level}": _Area()
        for name, own in levels.items() for level in own for skill in domains[name].at(level).skills(level)
    }  # fmt: skip
    played = range(max(1, number - ROUNDS), number)
    for one in (episode for at in played for episode in history.episodes(at)):
        area = areas.get(f"{one.domain}/{one.drafts[-1].skill}/{one.level}") if one.drafts else None
        if area is not None and one.solve_rate is not None:
            area.tried, area.rates = area.tried + 1, area.rates + one.solve_rate
            area.accepted += one.outcome == "accepted"
    exams = history.exams()
    marks = exams[-1].skills if exams else {}
    thin = sorted(areas, key=lambda name: (areas[name].accepted, name))[:LINES]
    lines = [_line(name, areas[name], marks) for name in thin]
    refused = {why: count for why, count in history.reasons(number - 1).items() if why != "verified"}
    if refused:
        said = ", ".join(f"{why} {count}" for why, count in list(refused.items())[:REASONS])
        lines.append(f"refused: {said}")
    return Account(tuple(lines), _shown(history, number - 1), tuple(areas))


def _line(name: str, area: _Area, marks: Mapping[str, tuple[int, int]]) -> str:
    said = f"{name}: {area.accepted} accepted"
    if area.tried:
        said += f" of {area.tried}, solve rate {area.rates / area.tried:.2f}"
    if found := marks.get(name.rpartition("/")[0]):
        said += f", exam {found[1]} of {found[0]}"
    return said


def _shown(history: History, number: int) -> tuple[str, ...]:
    """An accepted task of the last round, of some domains, without what is foreign."""
    by_domain: dict[str, list[Sample]] = defaultdict(list)
    for one in history.each(role="solver", number=number):
        if not foreign(one.messages[-2].content):
            by_domain[one.provenance.domain].append(one)
    # By id, for episodes of a batch end in any order.
    found = [min(some, key=lambda one: one.id) for _, some in sorted(by_domain.items())][:SAMPLES]
    return tuple(one.messages[-2].content[:LONGEST] for one in found)
