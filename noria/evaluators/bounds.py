"""Bounds on paired differences, and the power of the exam; pure and exact where it can be.

loss_bound    how much worse the student may be on the same items, after Tango (1998)
mean_bound    how large the mean of paired differences may be, after Student (1908)
power         the chance that the exact sign test sees a gain; its inverse: gain to be seen, items needed

"Not significantly worse" is no proof of "not worse": with few items nothing is significant. So
what must not be lost is put the other way round, as non-inferiority: the bound must lie inside
the margin, and a student that is worse by the whole margin passes with a chance of `alpha`.
"""

from functools import lru_cache
from math import atan, cos, exp, inf, lgamma, log, pi, sin, sqrt
from statistics import NormalDist, fmean, stdev

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
    tail = 0.0
    for wins in range(pairs, -1, -1):
        tail += _binomial(pairs, wins, 0.5)
        if tail >= alpha:
            return wins + 1
    return 0


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
    return min(
        1.0,
        sum(
            _binomial(items, pairs, discordant) * _tail(pairs, wins_needed(pairs, alpha), win)
            for pairs in range(first, last + 1)
        ),
    )


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


def _log_comb(whole: int, part: int) -> float:
    return lgamma(whole + 1) - lgamma(part + 1) - lgamma(whole - part + 1)


def _binomial(whole: int, part: int, share: float) -> float:
    if share >= 1.0:
        return float(part == whole)
    return exp(_log_comb(whole, part) + part * log(share) + (whole - part) * log(1 - share))


def _tail(whole: int, least: int, share: float) -> float:
    return sum(_binomial(whole, part, share) for part in range(least, whole + 1))
