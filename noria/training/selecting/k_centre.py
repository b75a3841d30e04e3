"""Greedy k-centre: the samples of which every other is near one (Sener & Savarese, arXiv 1708.00489).

    farthest from all centres ─► is a centre ─► distances renewed ─► … until enough are kept

The next centre is always the sample farthest from its nearest centre, which covers all samples
within twice the best possible radius (González, 1985). What was selected in earlier rounds are
centres already. Each centre costs a pass over all vectors, so that tens of thousands of centres
of a hundred thousand samples would take hours: after `exact` centres each sample stays in the
cell of its nearest centre, and a further centre brings nearer only the samples of its own cell.
Distances are upper bounds from then on: the radius that is told is never too small, and near
the border of two cells a sample may be kept that a neighbour in the next cell stands for.
"""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import numpy
from numpy.typing import NDArray

from noria.config.methods.static import KCentre
from noria.training.selecting.selector import Selected, Tools
from noria.training.selecting.vectors import Vectors, earlier, vectors
from noria.types import Sample

WHY = "another stands for it"


async def select(samples: Sequence[Sample], rules: KCentre, tools: Tools) -> Selected:
    """Keep the centres."""
    ordered = sorted(samples, key=lambda one: one.id)
    count = wanted(len(ordered), rules.keep)
    if count >= len(ordered):
        return Selected({}, facts={"centres": len(ordered), "radius": 0.0})
    found, before = await vectors(ordered, tools), await earlier(tools, rules.earlier)
    kept, radius = await asyncio.to_thread(centres, found, before, count, rules.exact)
    chosen = set(kept)
    left = {one.id: WHY for at, one in enumerate(ordered) if at not in chosen}
    return Selected(left, facts={"centres": len(kept), "radius": round(radius, 4), "earlier": len(before)})


def wanted(samples: int, keep: float) -> int:
    """How many are kept: of a share at least one."""
    return min(samples, int(keep)) if keep > 1 else max(1, round(keep * samples)) if samples else 0


def centres(rows: Vectors, before: Vectors, count: int, exact: int) -> tuple[list[int], float]:
    """The places of the centres, in the order they were found, and how far the farthest row is from one.

    `before` are centres that count already and are not kept again. Distances are Euclidean, of unit vectors
    from 0 to 2; of rows that are equally far the first is taken.
    """
    lengths = numpy.einsum("ij,ij->i", rows, rows)
    near = numpy.full(len(rows), numpy.inf, dtype=numpy.float32)
    """Squared distance to the nearest centre; of a centre itself -1."""
    cell = numpy.zeros(len(rows), dtype=numpy.int32)

    def heed(centre: Vectors, name: int) -> None:
        far = lengths + numpy.float32(centre @ centre) - 2 * (rows @ centre)
        nearer = far < near
        near[nearer], cell[nearer] = far[nearer], name

    for at, centre in enumerate(before):
        heed(centre, at)
    if not len(before):
        # Nothing stands yet: the row that is most like all others is a place to begin at.
        heed(rows.mean(axis=0), 0)
        first = int(near.argmin())
        near.fill(numpy.inf)
        kept = [first]
        heed(rows[first], 0)
        near[first] = -1
    else:
        kept = []
    while len(kept) < min(count, exact):
        new = int(near.argmax())
        heed(rows[new], len(before) + len(kept))
        kept.append(new)
        near[kept] = -1
    if len(kept) < count:
        _within(rows, near, cell, kept, count)
    return kept, float(numpy.sqrt(max(0.0, float(near.max()))))


def _within(rows: Vectors, near: Vectors, cell: NDArray[numpy.int32], kept: list[int], count: int) -> None:
    """Find the further centres, each heeded in its own cell alone."""
    order = numpy.argsort(cell, kind="stable")
    starts = numpy.searchsorted(cell[order], numpy.arange(int(cell.max()) + 2))
    own = rows[order]
    """Rows of a cell side by side, so that a cell is one piece of memory."""
    far, places = near[order], numpy.empty(len(order), dtype=numpy.int64)
    places[order] = numpy.arange(len(order))
    peaks = numpy.array([far[low:high].max(initial=-2) for low, high in pairwise(starts)])
    while len(kept) < count:
        name = int(peaks.argmax())
        low, high = int(starts[name]), int(starts[name + 1])
        at = low + int(far[low:high].argmax())
        part = own[low:high]
        gap = ((part - own[at]) ** 2).sum(axis=1) if high - low < 32 else 2 - 2 * (part @ own[at])
        taken = far[low:high] < 0
        numpy.minimum(far[low:high], gap, out=far[low:high])
        far[low:high][taken] = -1
        far[at] = -1
        peaks[name] = far[low:high].max()
        kept.append(int(order[at]))
    near[:] = far[places]
