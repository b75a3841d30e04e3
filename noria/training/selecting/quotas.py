"""Quotas: no cluster and no domain holds more of what is learned than its share.

    vectors ─► clusters ─► excess of the full ones leaves ─► domains likewise ─► kept

Balanced sampling from clusters keeps rare kinds visible beside frequent ones (in the manner of the
flat mixtures of Vo et al., arXiv 2405.15613). The share is of what is kept, so that leaving out makes
the bound tighter: the largest size is sought at which every group fits. One of two domains can never
hold less than half, so a group may always hold half as much again as its even part. Where the kinds
are very uneven that would still leave next to nothing; `least` is kept in any case then, and the facts
tell the share that was met.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from noria.config.methods.static import Quotas
from noria.identity import stream
from noria.training.selecting.clusters import clusters
from noria.training.selecting.selector import Selected, Tools
from noria.training.selecting.vectors import vectors
from noria.types import Sample

EVEN = 1.5
"""How often its even part a group may hold, however small the share that was asked for."""


async def select(samples: Sequence[Sample], rules: Quotas, tools: Tools) -> Selected:
    """Leave out the excess of clusters, then that of domains."""
    ordered = sorted(samples, key=lambda one: one.id)
    if not ordered:
        return Selected({})
    rows = await vectors(ordered, tools)
    rng = stream(tools.name, "quotas")
    found = await asyncio.to_thread(clusters, rows, rules.clusters, rng.getrandbits(32))
    far = {one.id: float(far) for one, far in zip(ordered, found.far, strict=True)}
    drawn = {one.id: rng.random() for one in ordered}
    rank: dict[str, Callable[[str], float]] = {
        "nearest": far.__getitem__, "farthest": lambda key: -far[key], "draw": drawn.__getitem__
    }  # fmt: skip
    by_cluster = {one.id: str(place) for one, place in zip(ordered, found.of, strict=True)}
    left = excess(by_cluster, rules.cluster, rules.least, rank[rules.excess])
    by_domain = {one.id: one.provenance.domain for one in ordered if one.id not in left}
    over = excess(by_domain, rules.domain, rules.least, rank[rules.excess])
    facts = {
        "clusters": found.count,
        "cluster_share": _met(by_cluster, left),
        "domain_share": _met(by_domain, over),
    }
    return Selected(dict.fromkeys(left, "cluster is full") | dict.fromkeys(over, "domain is full"), facts=facts)


def excess(group: dict[str, str], share: float, least: float, rank: Callable[[str], float]) -> set[str]:
    """Who leaves so that no group holds more than its share: id to group in, those of lowest rank first."""
    sizes = Counter(group.values())
    bound = most(list(sizes.values()), max(share, EVEN / max(1, len(sizes))), least)
    members: dict[str, list[str]] = {}
    for key, name in group.items():
        members.setdefault(name, []).append(key)
    return {
        key
        for keys in members.values()
        if len(keys) > bound
        for key in sorted(keys, key=lambda key: (rank(key), key))[: len(keys) - bound]
    }


def most(sizes: Sequence[int], share: float, least: float) -> int:
    """The largest size at which no group holds more than its share of what is kept.

    Where that keeps fewer than `least` of all, the smallest size that keeps as many.
    """
    total, low, high = sum(sizes), 0, max(sizes, default=0)
    if high <= share * total:
        return high

    def kept(size: int) -> int:
        return sum(min(one, size) for one in sizes)

    # What is kept grows ever slower with the size, so the sizes that fit are those up to a bound.
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle <= share * kept(middle) else (low, middle - 1)
    needed = least * total
    while kept(low) < needed:
        low += 1
    return low


def _met(group: dict[str, str], left: set[str]) -> float:
    """The share that the largest group holds of what is kept."""
    sizes = Counter(name for key, name in group.items() if key not in left)
    return round(max(sizes.values(), default=0) / max(1, sum(sizes.values())), 4)
