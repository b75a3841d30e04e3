"""The calls of an episode over wall time: when each began, how long it took, and where nobody was asked.

    generator  ████
    solver         ██████████
    judge                     ┊ 2 h ┊ ██

A round that was broken off and taken up again leaves hours between two calls. Idle time
that would hide the calls is drawn as a short break and said in words; every bar and every
other gap keeps its proportion. Places are percent of the width, so that the drawing is the
table's own last column and reads without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from noria.types import Turn

BREAK = 0.12
"""Idle time that is drawn at most, as a share of the time that calls took together."""

LEAST = 0.4
"""Percent of the width that the shortest bar has, to be seen at all."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One call on the drawing."""

    at: float
    """Seconds after the first call began."""
    seconds: float
    left: float
    """Percent of the width."""
    width: float
    idle: float = 0.0
    """Seconds of idle time before it that were drawn shorter; 0 where none were."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """All calls of an episode, in the order they were kept."""

    bars: tuple[Bar, ...]
    wall: float
    """Seconds from the first call's beginning to the last one's end."""
    busy: float
    """Seconds in which at least one call was under way."""


def waterfall(turns: Sequence[Turn]) -> Waterfall:
    """The drawing of some turns; a clock that went backwards moves no bar out of it."""
    if not turns:
        return Waterfall((), 0.0, 0.0)
    first = min(turn.started for turn in turns)
    spans = [(turn.started - first, turn.started - first + max(turn.seconds, 0.0)) for turn in turns]
    stretches = _merged(spans)
    busy = sum(end - start for start, end in stretches)
    most = busy * BREAK
    cuts: list[tuple[float, float]] = []  # where a stretch begins, and how much idle time before it is left out
    for (_, end), (start, _) in pairwise(stretches):
        if start - end > most > 0:
            cuts.append((start, start - end - most))
    wall = stretches[-1][1]
    drawn = wall - sum(cut for _, cut in cuts) or 1.0

    def place(at: float) -> float:
        return (at - sum(cut for begins, cut in cuts if begins <= at)) / drawn * 100

    told = set[float]()
    bars = []
    for start, end in spans:
        idle = next((cut + most for begins, cut in cuts if begins == start and begins not in told), 0.0)
        told |= {start} if idle else set()
        left = min(place(start), 100 - LEAST)
        width = max((end - start) / drawn * 100, LEAST)
        bars.append(Bar(start, end - start, round(left, 3), round(min(width, 100 - left), 3), idle))
    return Waterfall(tuple(bars), wall, busy)


def _merged(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The stretches of time that spans cover, in order."""
    found: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
