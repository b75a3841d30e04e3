"""Coreset: a small set of a round's answers that stands for all of them.

    samples ─► strata (domain, skill, level) ─► places by weight ─► herding inside each ─► coreset
                 weight: learnability 4p(1-p) of the solve rate p, floor kept

Data distillation as selection. A stratum gets places in proportion to what is still to be learned in it,
and one at least while there are places. Inside a stratum kernel herding (*Super-Samples from Kernel Herding*,
Chen, Welling and Smola, arXiv 1203.3472) takes samples one by one so that the mean of those taken
stays as near as may be to the weighted mean of all, which is what a training sees of them. Large
strata are herded in blocks, so that time grows with the samples and not with their square.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from noria.config.methods.distillation import Coreset
from noria.training.selecting.selector import Embed, Selected, Tools
from noria.types import Sample

FLOOR = 0.15
"""Least weight of a sample: what was solved always or never is not wholly out."""

BLOCK = 2048
"""Samples that are herded together."""

Floats = NDArray[Any]


async def select(samples: Sequence[Sample], rules: Coreset, tools: Tools) -> Selected:
    """Leave out all but the coreset; nothing where there are no more samples than it may hold."""
    if len(samples) <= rules.size:
        return Selected({}, skipped=f"{len(samples)} samples came to it, and it may keep {rules.size}")
    kept = set(drawn(samples, rules.size, tools.embed))
    left = {one.id: "not of the coreset" for one in samples if one.id not in kept}
    return Selected(left, facts={"strata": len({stratum(one) for one in samples}), "size": len(kept)})


def drawn(samples: Sequence[Sample], size: int, embed: Embed) -> list[str]:
    """Ids of a coreset of `size` samples, in the order of their ids; the same samples give the same."""
    standing = sorted(samples, key=lambda one: one.id)
    weights = numpy.array([learnability(one) for one in standing])
    blocks = _blocks(standing)
    places = shared(size, [float(weights[block].sum()) for block in blocks], [len(block) for block in blocks])
    taken = []
    for block, count in zip(blocks, places, strict=True):
        if count == len(block):
            taken += [standing[at].id for at in block]
        elif count:
            vectors = embed([_said(standing[at]) for at in block])
            taken += [standing[block[at]].id for at in herded(vectors, weights[block], count)]
    return sorted(taken)


def stratum(one: Sample) -> tuple[str, str, int]:
    """What a sample teaches, and how hard it is."""
    return one.provenance.domain, one.provenance.skill, one.provenance.level


def learnability(one: Sample) -> float:
    """The weight of a sample: how undecided the solver was, floor kept."""
    rate = one.provenance.solve_rate
    return max(FLOOR, 4 * rate * (1 - rate))


def shared(size: int, weights: Sequence[float], rooms: Sequence[int]) -> list[int]:
    """`size` places over rooms in proportion to their weights, none over what it holds, one each while they last.

    The order of the rooms breaks ties, so the same rooms share the same.
    """
    size = min(size, sum(rooms))
    heaviest = sorted(range(len(rooms)), key=lambda at: (-weights[at], at))
    places = [0] * len(rooms)
    for at in heaviest[:size]:
        places[at] = min(1, rooms[at])
    while (left := size - sum(places)) > 0:
        open_ = [at for at in heaviest if places[at] < rooms[at]]
        total = sum(weights[at] for at in open_)
        wanted = {at: left * weights[at] / total for at in open_}
        given = {at: min(rooms[at] - places[at], int(wanted[at])) for at in open_}
        if not any(given.values()):  # less than one place each: the largest remainders
            for at in sorted(open_, key=lambda at: -wanted[at])[:left]:
                places[at] += 1
            break
        for at, more in given.items():
            places[at] += more
    return places


def herded(vectors: Floats, weights: Floats, count: int) -> list[int]:
    """Rows whose mean follows the weighted mean of all, one taken after another, none twice.

    `vectors` is samples x dimensions, `weights` a number a sample.
    """
    mean = numpy.average(vectors, axis=0, weights=weights)
    pull, taken = mean.copy(), list[int]()
    out = numpy.zeros(len(vectors), dtype=bool)
    for _ in range(count):
        scores = vectors @ pull
        scores[out] = -numpy.inf
        at = int(scores.argmax())
        taken.append(at)
        out[at] = True
        pull += mean - vectors[at]
    return taken


def _blocks(standing: Sequence[Sample]) -> list[list[int]]:
    """The places of each stratum's samples, in blocks of like size; ids are hashes, so a block is a random part."""
    strata: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for at, one in enumerate(standing):
        strata[stratum(one)].append(at)
    blocks = []
    for _, places in sorted(strata.items()):
        parts = -(-len(places) // BLOCK)
        blocks += [places[part::parts] for part in range(parts)]
    return blocks


def _said(one: Sample) -> str:
    return f"{one.messages[-2].content}\n{one.messages[-1].content}"
