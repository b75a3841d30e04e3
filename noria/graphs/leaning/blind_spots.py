"""Blind spots: where the student fails in play, by skill, level and patch of the parameter space.

    attempts of the last rounds ─► place (domain, level, dealt window) ─► surely solved less than its level is?
                                                                           └─► its window is dealt again, its
                                                                               skill and level weigh more

A region is a window: the plan deals it from a small set of patches, so the same one comes again and its
failures add up. A place counts where the upper bound of its solve rate (Wilson, 1927) lies under the
level's own rate, so that a few unlucky attempts are none, and a level that nobody solves has none. No
exam is looked at: what an exam tells by skill the plan leans on already. After error slice discovery
(Eyuboglu et al., Domino, arXiv 2203.14960), with slices that are given instead of found.
"""

from collections import defaultdict
from dataclasses import dataclass

from noria.config.methods.synthesis import BlindSpots
from noria.evaluators.gate import wilson
from noria.graphs.context import Context
from noria.identity import canonical_json
from noria.types import Json, Lean

Place = tuple[str, int, str]
"""Domain, level, and the dealt window as canonical JSON."""


@dataclass
class Seen:
    """Attempts, and those that passed."""

    tried: int = 0
    passed: int = 0

    def add(self, passed: bool) -> None:
        """Count an attempt."""
        self.tried += 1
        self.passed += passed

    @property
    def rate(self) -> float:
        """The share that passed."""
        return self.passed / self.tried if self.tried else 0.0


@dataclass(frozen=True)
class Spot:
    """A place that the student fails at."""

    domain: str
    level: int
    window: Json
    seen: Seen
    of: Seen
    """The whole level, for comparison."""

    @property
    def skill(self) -> str:
        """The window's skill, as the plan names it."""
        return f"{self.domain}/{self.window.get('skill', '')}"


async def lean(context: Context, number: int, rules: BlindSpots) -> Lean | None:
    """What to deal more often; none where nothing stands out."""
    found = spots(context, number, rules)
    if not found:
        return None
    windows: dict[str, tuple[Json, ...]] = {}
    for one in found:
        place = f"{one.domain}/{one.level}"
        windows[place] = (*windows.get(place, ()), one.window)
    said = (f"{one.skill} level {one.level}: {one.seen.passed} of {one.seen.tried} solved, {one.of.rate:.0%} of all"
            for one in found)  # fmt: skip
    return Lean(
        method="blind_spots", levels=dict.fromkeys(windows, rules.factor),
        skills=tuple(sorted({one.skill for one in found})), windows=windows, why="; ".join(said),
    )  # fmt: skip


def spots(context: Context, number: int, rules: BlindSpots) -> list[Spot]:
    """The blind spots of the last rounds, darkest first."""
    places, whole = defaultdict[Place, Seen](Seen), defaultdict[tuple[str, int], Seen](Seen)
    windows: dict[str, Json] = {}
    for earlier in range(max(1, number - rules.rounds), number):
        hands = {one.episode: one for one in context.history.deal(earlier)}
        for episode in context.history.episodes(earlier):
            if (hand := hands.get(episode.id)) is None:
                continue
            window = canonical_json(hand.window)
            windows[window] = hand.window
            for made in (one for one in episode.attempts if one.source == "student"):
                places[episode.domain, episode.level, window].add(made.passed)
                whole[episode.domain, episode.level].add(made.passed)
    found = [
        Spot(domain, level, windows[window], seen, whole[domain, level])
        for (domain, level, window), seen in places.items()
        if seen.tried >= rules.attempts and wilson(seen.passed, seen.tried)[1] < rules.below * whole[domain, level].rate
    ]
    found.sort(key=lambda one: (one.seen.rate - one.of.rate, one.domain, one.level, canonical_json(one.window)))
    return found[: rules.most]
