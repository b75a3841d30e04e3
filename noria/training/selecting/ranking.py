"""Keeping some of many by their scores: by a share, or between two quantiles; ties go by id."""

from collections.abc import Mapping
from math import ceil


def best(scores: Mapping[str, float], share: float) -> set[str]:
    """The ids of the highest scores, a share of all, rounded up."""
    order = sorted(scores, key=lambda one: (-scores[one], one))
    return set(order[: ceil(share * len(order) - 1e-9)])


def outside(scores: Mapping[str, float], band: tuple[float, float]) -> tuple[set[str], set[str]]:
    """The ids whose rank lies below the lower quantile, and those above the upper; of few, none may be.

    A score that equals one inside the band is not outside of it, however ids order the two.
    """
    order = sorted(scores, key=lambda one: (scores[one], one))
    low, high = int(band[0] * len(order) + 1e-9), ceil(band[1] * len(order) - 1e-9)
    inside = {scores[one] for one in order[low:high]}
    return (
        {one for one in order[:low] if scores[one] not in inside},
        {one for one in order[high:] if scores[one] not in inside},
    )


def quantiles(scores: Mapping[str, float]) -> list[float]:
    """Least, quarter, half, three quarters and most, for people to read; empty of none."""
    order = sorted(scores.values())
    return [round(order[round(at * (len(order) - 1))], 4) for at in (0, 0.25, 0.5, 0.75, 1)] if order else []
