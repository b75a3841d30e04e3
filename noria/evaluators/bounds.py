"""Bounds on paired differences, and the power of the exam; pure and exact where it can be.

loss_bound    how much worse the student may be on the same items, after Tango (1998)
mean_bound    how large the mean of paired differences may be, after Student (1908)
power         the chance that the exact sign test sees a gain; its inverse: gain to be seen, items needed

"Not significantly worse" is no proof of "not worse": with few items nothing is significant. So
what must not be lost is put the other way round, as non-inferiority: the bound must lie inside
the margin, and a student that is worse by the whole margin passes with a chance of `alpha`.
"""

from functools import lru_cache
from math import atan, cos, inf, log, pi, sin, sqrt
from statistics import NormalDist, fmean, stdev

import numpy as np
import numpy.typing as npt

Chances = npt.NDArray[np.float64]

NORMAL = NormalDist()
STEPS = 60
"""Halvings of an interval; beyond what a float can tell apart."""


def loss_bound(wins: int, losses: int, items: int, alpha: float) -> float:
    """Lower `1 - alpha` bound of the student's share right minus its parent's; -1 of nothing.

    The score interval for paired shares of T. Tango (Statistics in Medicine 17, 1998): it holds its
    level at small samples, and where no pair differs it is not zero wide.
    """
    if not items:
        return -1.0
    z = NORMAL.inv_cdf(1 - alpha)
    low, high = -1.0, (wins - losses) / items
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _tango(wins, losses, items, middle) > z else (low, middle)
    return low


def _tango(wins: int, losses: int, items: int, difference: float) -> float:
    """Tango's score statistic of a difference: falls from +inf as the difference grows to what was seen."""
    a, c = 2 * items, -losses * difference * (1 - difference)
    b = -wins - losses + (2 * items - wins + losses) * difference
    share = (sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
    variance = items * (2 * share + difference * (1 - difference))
    gap = wins - losses - items * difference
    if variance <= 1e-12:
        return inf if gap > 0 else 0.0
    return gap / sqrt(variance)


def mean_bound(values: list[float], alpha: float) -> float:
    """Upper `1 - alpha` bound of a mean by Student's t; infinite of fewer than two values."""
    if len(values) < 2:
        return inf
    return fmean(values) + t_quantile(1 - alpha, len(values) - 1) * stdev(values) / sqrt(len(values))


@lru_cache
def t_quantile(share: float, freedom: int) -> float:
    """The quantile of Student's t above its middle, for whole degrees of freedom."""
    if freedom > 300:
        return NORMAL.inv_cdf(share)
    low, high = 0.0, 1e4
    for _ in range(2 * STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_share(middle, freedom) < share else (low, middle)
    return low


def _t_share(t: float, freedom: int) -> float:
    """Student's distribution function for t of 0 or more (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = atan(t / sqrt(freedom))
    term, total = (cos(angle), cos(angle)) if freedom % 2 else (1.0, 1.0)
    for number in range(2 + freedom % 2, freedom - 1, 2):
        term *= cos(angle) ** 2 * (number - 1) / number
        total += term
    if freedom == 1:
        inner = 2 * angle / pi
    elif freedom % 2:
        inner = 2 / pi * (angle + sin(angle) * total)
    else:
        inner = sin(angle) * total
    return 0.5 + inner / 2


@lru_cache(maxsize=4096)
def wins_needed(pairs: int, alpha: float) -> int:
    """The fewest wins of so many discordant pairs whose exact p is under `alpha`; one more than there are, if none."""
    tails = np.cumsum(_binomial(pairs, pairs, 0, 0.5))
    return pairs + 1 - int(np.searchsorted(tails, alpha))


def power(items: int, gain: float, discordant: float, alpha: float) -> float:
    """The chance that `items` paired answers show a true gain, by the exact sign test at `alpha`.

    `gain` is the student's true share right minus its parent's, `discordant` the true share of
    items that only one of them gets right, never less than the gain.
    """
    discordant = min(1.0, max(discordant, abs(gain)))
    if discordant == 0 or items == 0:
        return 0.0
    win = (discordant + gain) / (2 * discordant)
    spread = 6 * sqrt(items * discordant * (1 - discordant)) + 6
    first, last = max(0, int(items * discordant - spread)), min(items, int(items * discordant + spread) + 1)
    chances = zip(range(last, first - 1, -1), _binomial(items, last, first, discordant).tolist(), strict=True)
    seen: float = sum(
        chance * float(_binomial(pairs, pairs, wins_needed(pairs, alpha), win).sum()) for pairs, chance in chances
    )
    return min(1.0, seen)


def detectable(items: int, discordant: float, alpha: float, chance: float = 0.8) -> float:
    """The smallest true gain that would have been seen with this chance; 1 where none would."""
    low, high = 0.0, 1.0
    if power(items, 1.0, discordant, alpha) < chance:
        return 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if power(items, middle, discordant, alpha) >= chance else (middle, high)
    return high


def items_needed(gain: float, discordant: float, alpha: float, chance: float = 0.8) -> int:
    """The items it takes to see a true gain with this chance, within two in a hundred.

    Begins at the normal approximation of R. J. Connor (Biometrics 43, 1987), and goes on by exact power.
    """
    discordant = max(discordant, gain)
    z, reach = NORMAL.inv_cdf(1 - alpha), NORMAL.inv_cdf(chance)
    items = (z * sqrt(discordant) + reach * sqrt(max(0.0, discordant - gain * gain))) ** 2 / (gain * gain)
    at = max(1, int(0.9 * items))
    while power(at, gain, discordant, alpha) < chance:
        at += max(1, at // 50)
    return at


def _binomial(whole: int, most: int, least: int, share: float) -> Chances:
    """The chances of `most` down to `least` of `whole`; none where `least` is more."""
    parts = np.arange(most, least - 1, -1)
    if not 0.0 < share < 1.0:
        return np.where(parts == (whole if share > 0.0 else 0), 1.0, 0.0)
    logs = _log_factorials(1 << whole.bit_length())
    ways = logs[whole] - logs[parts] - logs[whole - parts]
    chances: Chances = np.exp(ways + parts * log(share) + (whole - parts) * log(1 - share))
    return chances


@lru_cache(maxsize=32)  # asked for powers of two, so that a few tables serve all sizes
def _log_factorials(upto: int) -> Chances:
    logs: Chances = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, upto + 1)))))
    return logs
