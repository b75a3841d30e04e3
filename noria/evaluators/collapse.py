"""Collapse: what a round's readings say against the first round's, and when a guard fires.

    (stratum, value) of every task ─► Strata ─┐
    the same of the first round    ─► Strata ─┴► ratio with its interval ─► reading: ok, watching, fired

A deal changes from round to round: harder levels, weaker domains. So a round is compared with
the first one at equal strata (a stratum is a domain at a level): the first round's means are
weighted as this round's tasks are spread, over the strata that both have (direct
standardisation). Intervals are normal ones by the delta method at 99 %, for a dozen guards
look at every round. A guard fires only where the whole interval lies beyond its bound; where
the value alone does, or fewer than `FEWEST` stand behind it, it watches.

pass@k is the unbiased estimator of Chen et al. (2021); the entropy of a student's answers to
one task follows Kuhn et al. (2023), with equality of the words in place of meaning.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb, exp, log
from typing import Literal

from pydantic import Field

from noria.config import Guard, GuardAction, GuardName
from noria.evaluators.gate import wilson
from noria.types import Noun

FEWEST = 20
"""Tasks or samples without which nothing is said."""

Z = 2.575829
"""Half-width of a 99 % interval in standard errors."""

State = Literal["ok", "first", "watching", "fired"]
"""`first` is the round that later ones are held against; who watches has too little to tell."""

COOLED = 2
"""Rounds that may cool down one after the other; a guard that fires after them stops the session."""


def pass_at_k(n: int, right: int, k: int) -> float:
    """The chance that one of k answers is right, where `right` of n were: unbiased, 1 - C(n-c, k)/C(n, k).

    Raises:
        ValueError: k is more than n, or less than 1.
    """
    if not 1 <= k <= n:
        raise ValueError(f"k is from 1 to {n}, not {k}")
    return 1.0 - comb(n - right, k) / comb(n, k)


def entropy(answers: Sequence[str]) -> float:
    """Shannon entropy of some answers to one task over its most, log of their number: 0 all the same, 1 all distinct.

    Case, space and a closing dot aside. 0 of fewer than two.
    """
    if len(answers) < 2:
        return 0.0
    counts = Counter(" ".join(answer.lower().split()).rstrip(".") for answer in answers)
    total = len(answers)
    return abs(sum(count / total * log(count / total) for count in counts.values())) / log(total)


class Strata(Noun):
    """How many values each stratum has, their sum and the sum of their squares."""

    sums: dict[str, tuple[int, float, float]] = Field(default={})

    @classmethod
    def of(cls, units: Iterable[tuple[str, float]]) -> "Strata":
        """Of the stratum and the value of each task."""
        found: dict[str, tuple[int, float, float]] = {}
        for stratum, value in units:
            count, total, squares = found.get(stratum, (0, 0.0, 0.0))
            found[stratum] = (count + 1, total + value, squares + value * value)
        return cls(sums=dict(sorted(found.items())))

    @property
    def n(self) -> int:
        """Values."""
        return sum(count for count, _, _ in self.sums.values())

    @property
    def mean(self) -> float:
        """Their mean; 0 of nothing."""
        return sum(total for _, total, _ in self.sums.values()) / self.n if self.n else 0.0

    def over(self, strata: Iterable[str]) -> "Strata":
        """These strata alone."""
        return Strata(sums={name: self.sums[name] for name in strata})

    def variance(self) -> float:
        """Variance of a value inside its stratum, pooled; of shares never quite 0, for few values show none by luck."""
        loose = self.n - len(self.sums)
        inside = sum(squares - total * total / count for count, total, squares in self.sums.values())
        found = max(0.0, inside) / loose if loose > 0 else 0.0
        if found > 0 or not 0 <= self.mean <= 1:
            return found
        share = (self.mean * self.n + 1) / (self.n + 2)
        return share * (1 - share)


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a value, with its 99 % interval."""

    value: float
    low: float
    high: float
    n: int
    """Tasks of this round that it was compared on."""
    now: float
    first: float
    """The first round's mean, weighted as this round's tasks are."""


def change(now: Strata, first: Strata, *, logs: bool = False) -> Change | None:
    """This round's mean over the first round's at equal strata; none where they share none or the first is 0.

    With `logs` the values are logs, and the change is e to their difference.
    """
    shared = sorted(now.sums.keys() & first.sums.keys())
    here, there = now.over(shared), first.over(shared)
    if not here.n:
        return None
    weights = {name: here.sums[name][0] / here.n for name in shared}
    before = sum(weights[name] * there.sums[name][1] / there.sums[name][0] for name in shared)
    error_now = here.variance() / here.n
    error_before = there.variance() * sum(weights[name] ** 2 / there.sums[name][0] for name in shared)
    if logs:
        gap, reach = here.mean - before, Z * (error_now + error_before) ** 0.5
        return Change(exp(gap), exp(gap - reach), exp(gap + reach), here.n, here.mean, before)
    if before <= 0:
        return None
    ratio = here.mean / before
    reach = Z * (error_now + ratio * ratio * error_before) ** 0.5 / before
    return Change(ratio, max(0.0, ratio - reach), ratio + reach, here.n, here.mean, before)


class GuardReading(Noun):
    """What one guard read in one round."""

    guard: GuardName
    state: State
    value: float | None
    """None where there is nothing to compare yet."""
    low: float = 0.0
    high: float = 0.0
    n: int = 0
    bound: float
    action: GuardAction
    figures: dict[str, float] = Field(default={})
    """What it was made of."""
    says: str = ""
    """What a person needs to know besides."""


def below(
    guard: GuardName, rule: Guard, found: Change | None, says: str = "", n: int = 0, **figures: float
) -> GuardReading:
    """A reading that is bad where it is low."""
    if found is None:
        return silent(guard, rule, says or NOTHING, n, **figures)
    state: State = "ok"
    if found.value < rule.bound:
        state = "fired" if found.high < rule.bound and found.n >= FEWEST else "watching"
    elif found.n < FEWEST:
        state = "watching"
    return read(guard, rule, found, state, says, **figures)


def away(
    guard: GuardName, rule: Guard, found: Change | None, says: str = "", n: int = 0, **figures: float
) -> GuardReading:
    """A reading that is bad where it lies more than `bound` times over or under 1."""
    if found is None:
        return silent(guard, rule, says or NOTHING, n, **figures)
    least, most = sorted((rule.bound, 1 / rule.bound))
    state: State = "ok" if least <= found.value <= most else "watching"
    if state == "watching" and (found.high < least or found.low > most) and found.n >= FEWEST:
        state = "fired"
    return read(guard, rule, found, "watching" if found.n < FEWEST else state, says, **figures)


NOTHING = "nothing to compare with yet"

FIRST = "later rounds are held against this one"


def read(guard: GuardName, rule: Guard, found: Change, state: State, says: str, **figures: float) -> GuardReading:
    """A reading of a change in a state."""
    return GuardReading(
        guard=guard, state=state, value=found.value, low=found.low, high=found.high, n=found.n,
        bound=rule.bound, action=rule.action, says=says,
        figures={"now": found.now, "first": found.first, **figures},
    )  # fmt: skip


def silent(guard: GuardName, rule: Guard, says: str, n: int = 0, **figures: float) -> GuardReading:
    """A guard that has nothing to compare: the first round, or one with too little of it."""
    return GuardReading(
        guard=guard,
        state="first" if says == FIRST else "watching",
        value=None,
        n=n,
        bound=rule.bound,
        action=rule.action,
        says=says,
        figures=figures,
    )


def labels(rule: Guard, wrong: int, audited: int, says: str) -> GuardReading:
    """The audited slice: a label that was proved wrong twice is no estimate, so the share itself is held to the bound.

    The interval says what the slice tells of the whole round.
    """
    if not audited:
        return silent("labels", rule, says or "nothing was accepted that could be audited")
    low, high = wilson(wrong, audited)
    share = wrong / audited
    return GuardReading(
        guard="labels", state="fired" if share > rule.bound else "ok", value=share, low=low, high=high, n=audited,
        bound=rule.bound, action=rule.action, says=says, figures={"wrong": wrong},
    )  # fmt: skip


def hacks(rule: Guard, passed: Mapping[str, tuple[int, int]], says: str = "") -> GuardReading:
    """Planted cheats that passed, of those shown, by what was shown to whom; the worst of them is the reading."""
    shown = {name: pair for name, pair in passed.items() if pair[1]}
    if not shown:
        return silent("hacks", rule, "no cheat was planted")
    worst = max(shown, key=lambda name: (wilson(*shown[name])[0], shown[name][0] / shown[name][1]))
    part, whole = shown[worst]
    low, high = wilson(part, whole)
    state: State = "fired" if low > rule.bound else "watching" if part else "ok"
    every = sum(pair[1] for pair in shown.values())
    return GuardReading(
        guard="hacks", state=state, value=part / whole, low=low, high=high, n=whole, bound=rule.bound,
        action=rule.action, says=f"{worst}: {part} of {whole} passed{says}" if part else says,
        figures={"passed": sum(pair[0] for pair in shown.values()), "planted": every},
    )  # fmt: skip


def judge(rule: Guard, now: tuple[float, float], first: tuple[float, float], n: int) -> GuardReading:
    """The judge's κ, now and on its first card, each with the half-width of its 95 % interval."""
    drop = first[0] - now[0]
    reach = Z / 1.959964 * (now[1] ** 2 + first[1] ** 2) ** 0.5
    state: State = "ok" if drop <= rule.bound else "fired" if drop - reach > rule.bound and n >= FEWEST else "watching"
    return GuardReading(
        guard="judge", state=state, value=drop, low=drop - reach, high=drop + reach, n=n, bound=rule.bound,
        action=rule.action, figures={"now": now[0], "first": first[0]},
    )  # fmt: skip


Turn = Literal["on", "cool_down", "step_back", "stop"]


def decide(
    readings: Sequence[GuardReading], cooled: Mapping[str, int], can_step_back: bool
) -> tuple[Turn, list[GuardReading]]:
    """What a round's readings ask for, the gravest first, and the readings that ask for it.

    `cooled` is for how many rounds each guard has had the session cool down, up to now: one
    that fires after `COOLED` of them was not helped, and stops. Where there is no policy to
    step back to, the next round cools down instead.
    """
    fired = [one for one in readings if one.state == "fired" and one.action != "off"]

    def turn(one: GuardReading) -> Turn:
        wanted: Turn = "cool_down" if one.action == "off" else one.action
        if wanted == "step_back" and not can_step_back:
            wanted = "cool_down"
        return "stop" if wanted == "cool_down" and cooled.get(one.guard, 0) >= COOLED else wanted

    order: tuple[Turn, ...] = ("stop", "step_back", "cool_down")
    for action in order:
        if asking := [one for one in fired if turn(one) == action]:
            return action, asking
    return "on", []
