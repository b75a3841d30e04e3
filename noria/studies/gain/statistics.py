"""What is known of arms from right and wrong answers: shares, differences, the part of a gap that was closed.

    right[seed, item] of an arm ─┬─► share        with its interval
    right[seed, item] of another ┼─► difference   paired, with interval and exact p
    warm and ceiling ────────────┴─► closed       (arm − warm) / (ceiling − warm)

Both the items and the trainings are samples: another test, another seed. So both are drawn anew, crossed, as
Owen's pigeonhole bootstrap does (2007, doi 10.1214/07-AOAS122), items inside their domains; it errs to the wide side.
The same draws serve every arm, so differences are paired. Three seeds say little of a fourth, and the
interval cannot say more. The exact test is of McNemar's kind: an item is won where more seeds of one arm have it right
than of the other. It asks whether these students differ on such items; other seeds are the interval's concern.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from noria.evaluators.gate import sign_test
from noria.identity import stream

DRAWS = 4000

Matrix = numpy.ndarray[tuple[int, int], numpy.dtype[numpy.float64]]
"""A row a seed, a column an item; 1 where it is right, or a share of tries."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    def apart(self, other: "Estimate") -> bool:
        """Whether the two intervals do not touch."""
        return self.low > other.high or self.high < other.low


class Bootstrap:
    """Draws of seeds and items, the same for every arm that was asked the same."""

    def __init__(self, seeds: int, strata: Sequence[str], name: str = "gain") -> None:
        """Draw seeds, and items inside each stratum, anew; a single seed stays as it is."""
        rng = numpy.random.default_rng(stream(name, seeds, len(strata)).getrandbits(64))
        self.seeds = rng.multinomial(seeds, [1 / seeds] * seeds, size=DRAWS) / seeds if seeds else numpy.zeros((0, 0))
        self.items = numpy.zeros((DRAWS, len(strata)))
        for one in dict.fromkeys(strata):
            own = [at for at, other in enumerate(strata) if other == one]
            self.items[:, own] = rng.multinomial(len(own), [1 / len(own)] * len(own), size=DRAWS)
        self.items /= max(1, len(strata))

    def means(self, right: Matrix) -> Any:
        """The mean of each draw."""
        return ((self.seeds @ right) * self.items).sum(axis=1)

    def share(self, right: Matrix) -> Estimate:
        """The mean of a matrix."""
        return _estimate(float(right.mean()), self.means(right))

    def difference(self, a: Matrix, b: Matrix) -> Estimate:
        """How much larger the mean of `a` is than that of `b`."""
        return _estimate(float((a - b).mean()), self.means(a - b))

    def closed(self, arm: Matrix, low: Matrix, high: Matrix) -> Estimate | None:
        """The part of the way from `low` to `high` that an arm went; none where no such way is beyond noise."""
        way, went = self.means(high - low), self.means(arm - low)
        whole = float((high - low).mean())
        if whole <= 0 or float(numpy.percentile(way, 2.5)) <= 0:
            return None
        known = way > 0
        return _estimate(float((arm - low).mean()) / whole, went[known] / way[known])


def _estimate(value: float, drawn: Any) -> Estimate:
    low, high = numpy.percentile(drawn, (2.5, 97.5))
    return Estimate(value, float(low), float(high))


@dataclass(frozen=True, slots=True)
class Exact:
    """An exact paired test over items."""

    wins: int
    losses: int
    p: float
    """Two-sided."""


def exact(a: Matrix, b: Matrix) -> Exact:
    """The sign test of items: won where more seeds of `a` than of `b` have it right."""
    gaps = (a - b).sum(axis=0)
    wins, losses = int((gaps > 0).sum()), int((gaps < 0).sum())
    return Exact(wins, losses, min(1.0, 2 * min(sign_test(wins, losses), sign_test(losses, wins))))


def stepped(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values (1979): what each is worth where all were looked at."""
    order, found, least = sorted(range(len(p_values)), key=lambda at: p_values[at]), [1.0] * len(p_values), 0.0
    for rank, at in enumerate(order):
        least = max(least, min(1.0, p_values[at] * (len(p_values) - rank)))
        found[at] = least
    return found
