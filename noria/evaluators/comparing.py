"""Comparing shares of two samples that were not paired: two sessions, two rounds, two versions of a template.

    counts of a and b ─► newcombe: the difference and its interval ─► p: the level at which it touches nothing
    the same by stratum ─► adjusted: the difference that the mix of strata does not explain
    several differences ─► beyond: which of them stay when one counts how many were looked at

Episodes are the units here, never attempts: attempts at one task are alike, and counting them
one by one would promise more than they tell.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

from noria.evaluators.bounds import NORMAL, loss_bound
from noria.evaluators.gate import holm, sign_test, wilson

Z = 1.959964
"""Of a two-sided interval of 95 %."""

FURTHEST = 12.0
"""Standard deviations beyond which no p is told apart."""

STEPS = 32
"""Halvings of that: finer than any p is shown."""


@dataclass(frozen=True, slots=True)
class Count:
    """A part of a whole."""

    part: int
    whole: int

    @property
    def share(self) -> float | None:
        """The share; none of nothing."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float]:
        """Its Wilson 95 % interval; (0, 1) of nothing."""
        return wilson(self.part, self.whole)

    def __add__(self, other: "Count") -> "Count":
        return Count(self.part + other.part, self.whole + other.whole)


@dataclass(frozen=True, slots=True)
class Difference:
    """How much larger b is than a, with its 95 % interval."""

    value: float
    low: float
    high: float
    p: float
    """Two-sided p: one minus the level of the widest interval that leaves out zero."""

    @property
    def beyond(self) -> bool:
        """Whether the 95 % interval leaves out zero."""
        return self.low > 0 or self.high < 0


def difference(a: Count, b: Count) -> Difference | None:
    """The difference of two shares, b less a; none where one of them is of nothing.

    R. G. Newcombe's hybrid score interval (Statistics in Medicine 17, 1998, method 10): it keeps
    its level with few and with no successes, and never leaves -1 to 1.
    """
    if not a.whole or not b.whole:
        return None
    low, high = newcombe(a, b, Z)
    return Difference(b.part / b.whole - a.part / a.whole, low, high, _p(lambda z: newcombe(a, b, z)))


def paired(wins: int, losses: int, items: int) -> Difference | None:
    """The difference of two shares right on the same items, b less a; `wins` are those that b alone got right.

    The score interval for paired shares of T. Tango (Statistics in Medicine 17, 1998), 95 % of both sides; p is
    the exact sign test's, two-sided. None of no item.
    """
    if not items:
        return None
    low, high = loss_bound(wins, losses, items, 0.025), -loss_bound(losses, wins, items, 0.025)
    p = min(1.0, 2 * min(sign_test(wins, losses), sign_test(losses, wins)))
    return Difference((wins - losses) / items, low, high, p)


def newcombe(a: Count, b: Count, z: float) -> tuple[float, float]:
    """The interval of b less a at z standard deviations."""
    one, other = a.part / a.whole, b.part / b.whole
    (low_a, high_a), (low_b, high_b) = wilson(a.part, a.whole, z), wilson(b.part, b.whole, z)
    gap = other - one
    return (
        max(-1.0, gap - sqrt((other - low_b) ** 2 + (high_a - one) ** 2)),
        min(1.0, gap + sqrt((high_b - other) ** 2 + (one - low_a) ** 2)),
    )


def adjusted(strata: Sequence[tuple[Count, Count]]) -> Difference | None:
    """The difference of shares inside strata, b less a, weighted over them; none where no stratum has both.

    The Mantel-Haenszel estimate with T. Sato's variance (Biometrics 45, 1989), which holds both for few
    large strata and for many small ones. A stratum that only one of the two has says nothing and has no weight.
    """
    both = [(a, b) for a, b in strata if a.whole and b.whole]
    if not both:
        return None
    weight = sum(a.whole * b.whole / (a.whole + b.whole) for a, b in both)
    value = sum((b.part * a.whole - a.part * b.whole) / (a.whole + b.whole) for a, b in both) / weight
    lean = even = 0.0
    for a, b in both:
        n = a.whole + b.whole
        lean += (b.whole**2 * a.part - a.whole**2 * b.part + b.whole * a.whole * (a.whole - b.whole) / 2) / n**2
        even += (b.part * (a.whole - a.part) + a.part * (b.whole - b.part)) / (2 * n)
    spread = sqrt(max(0.0, value * lean + even)) / weight
    if not spread:  # every stratum all or nothing on both sides: the variance knows no better
        return difference(sum((a for a, _ in both), Count(0, 0)), sum((b for _, b in both), Count(0, 0)))
    low, high = max(-1.0, value - Z * spread), min(1.0, value + Z * spread)
    return Difference(value, low, high, 2 * (1 - NORMAL.cdf(abs(value) / spread)))


def mean_difference(a: "Moments", b: "Moments") -> Difference | None:
    """The difference of two means, b less a, by the normal approximation; none of fewer than two values a side."""
    if a.count < 2 or b.count < 2:
        return None
    value, spread = b.mean - a.mean, sqrt(a.variance / a.count + b.variance / b.count)
    p = 2 * (1 - NORMAL.cdf(abs(value) / spread)) if spread else float(not value)
    return Difference(value, value - Z * spread, value + Z * spread, p)


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, sum and sum of squares of some values."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float:
        """The mean; 0 of nothing."""
        return self.total / self.count if self.count else 0.0

    @property
    def variance(self) -> float:
        """The variance of the sample; 0 of fewer than two."""
        return max(0.0, self.squares - self.count * self.mean**2) / (self.count - 1) if self.count > 1 else 0.0

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the mean by the normal approximation; none of fewer than two."""
        reach = Z * sqrt(self.variance / self.count) if self.count > 1 else 0.0
        return (self.mean - reach, self.mean + reach) if self.count > 1 else None

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.count + other.count, self.total + other.total, self.squares + other.squares)


def beyond(found: Sequence[Difference | None], alpha: float = 0.05) -> list[bool]:
    """Which differences stay beyond noise when all that were looked at count, by Holm's procedure (1979)."""
    kept = [at for at, one in enumerate(found) if one is not None]
    stay = holm([one.p for one in found if one is not None], alpha)
    told = dict(zip(kept, stay, strict=True))
    return [told.get(at, False) for at in range(len(found))]


def _p(interval: Callable[[float], tuple[float, float]]) -> float:
    """The level at which an interval, given by its z, touches zero."""
    low, high = 0.0, FURTHEST
    for _ in range(STEPS):
        middle = (low + high) / 2
        near, far = interval(middle)
        low, high = (middle, high) if near > 0 or far < 0 else (low, middle)
    return min(1.0, 2 * (1 - NORMAL.cdf(low)))
