"""Thompson sampling over arms that are taught together (linear payoffs, Agrawal & Goyal, arXiv 1209.3352).

    rounds: shares taught, gain, noise ─► Normal posterior over arms ─► draws ─► the best for its cost wins ─► shares

A round's exam gives one gain g for all arms together. The model apportions it by the shares w of the
rows taught: g = Σ wₐ μₐ + noise, where μₐ is the gain of a student taught by arm a alone. With a Normal
prior on every μ and known noise the posterior is Normal too, and exact:

    precision = I / prior² + Σ w wᵀ / σ²        mean = precision⁻¹ Σ w g / σ²

Pure: no ledger, no clock; draws come from the stream that is handed in.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

Numbers = NDArray[numpy.float64]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one exam showed."""

    taught: Mapping[str, float]
    """Share of the rows taught by arm; the shares add up to 1."""
    gain: float
    noise: float
    """Standard deviation of the gain."""


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed of all arms together."""

    arms: tuple[str, ...]
    mean: Numbers
    covariance: Numbers

    def of(self, arm: str) -> tuple[float, float]:
        """Mean and standard deviation of an arm's gain."""
        at = self.arms.index(arm)
        return float(self.mean[at]), float(self.covariance[at, at] ** 0.5)


def gained(wins: int, losses: int, items: int) -> tuple[float, float]:
    """Gain of a paired exam as a share of items, and its standard deviation.

    One discordant item more is counted than was seen, so that an exam without any is not taken for certain.
    """
    gain = (wins - losses) / items
    return gain, float(max(wins + losses + 1 - items * gain * gain, 1.0) ** 0.5 / items)


def posterior(seen: Sequence[Seen], arms: Sequence[str], prior: float, noise: float) -> Posterior:
    """Beliefs after some rounds; `noise` is what no exam shows, added to each one's own."""
    names = tuple(sorted({*arms, *(arm for one in seen for arm in one.taught)}))
    precision: Numbers = numpy.eye(len(names)) / prior**2
    shift: Numbers = numpy.zeros(len(names))
    for one in seen:
        shares = numpy.array([one.taught.get(arm, 0.0) for arm in names])
        weight = 1 / (one.noise**2 + noise**2)
        precision += weight * numpy.outer(shares, shares)
        shift += weight * one.gain * shares
    covariance: Numbers = numpy.linalg.inv(precision).astype(numpy.float64)
    return Posterior(names, covariance @ shift, covariance)


def shares(
    believed: Posterior, costs: Mapping[str, float], arms: Sequence[str], floor: float, draws: int, rng: random.Random
) -> dict[str, float]:
    """The arms' shares of a deal: the floor for each, the rest by how many of the draws it wins.

    A draw is won by the arm with the most gain for its tokens. An arm whose cost is not known yet is taken to
    cost what the others cost on average.
    """
    known = [costs[arm] for arm in arms if costs.get(arm, 0) > 0]
    usual = sum(known) / len(known) if known else 1.0
    root, won = numpy.linalg.cholesky(believed.covariance), dict.fromkeys(arms, 0)
    for _ in range(draws):
        drawn = believed.mean + root @ numpy.array([rng.gauss(0, 1) for _ in believed.arms])
        worth = {arm: float(drawn[believed.arms.index(arm)]) / (costs.get(arm, 0) or usual) for arm in arms}
        won[max(arms, key=lambda arm: (worth[arm], arm))] += 1
    rest = 1 - floor * len(arms)
    return {arm: floor + rest * count / draws for arm, count in won.items()}
