"""Thin regions: what little was accepted of, and how the next plan leans on it.

    accepted, the latest ─► counts by skill, level, domain, cluster ─► against an even spread ─► skills, factors

A region's part is even where all of its kind have as many: a skill among the skills of its domain, a
level among its levels. What holds less than `thin` of that is leaned on: a thin skill is dealt like
a weak one, a thin level or domain weighs more by how much it lacks, up to `most`. A cluster of what is
asked (k-means on embeddings) leans through the skills that make it up, for nobody can be told to ask at
a place of the embedding. So data are oversampled by being made, not by being repeated.

An even spread is no truth: a level is thin as well when nothing of it passes. The bound on the factor, and
the plan's own weights under it (learnability, what the exam missed), keep such a level from taking over.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from noria.config.methods.static import ThinRegions
from noria.evaluators.domain import Domain
from noria.graphs.context import Context
from noria.identity import stream
from noria.types import Lean, Sample


async def lean(context: Context, number: int, rules: ThinRegions) -> Lean | None:
    """What is thin of all that was accepted before a round; nothing leans before anything was."""
    found = list(context.history.each(before=number, role="solver", last=rules.looked))
    if not found:
        return None
    levels = {name: own for name, own in context.config.domains.items() if name in context.domains}
    counts = Counter(_skill(one) for one in found)
    skills = [f"{name}/{skill}" for name, skill in _skills(context.domains, levels)]
    thin = set[str]()
    for name in levels:
        own = {skill: counts[skill] for skill in skills if skill.startswith(f"{name}/")}
        thin |= {skill for skill in own if counts[skill] < rules.thin * _even(own)}
    apart = set[str]()
    if rules.clusters > 1 and len(found) > rules.clusters:
        seed = stream(context.config.random, "thin_regions", number).getrandbits(32)
        apart = await asyncio.to_thread(_apart, context, found, rules, seed)
    domains = factors({name: sum(one.provenance.domain == name for one in found) for name in levels}, rules)
    by_level: dict[str, float] = {}
    for name, own_levels in levels.items():
        places = Counter(one.provenance.level for one in found if one.provenance.domain == name)
        by_level |= factors({f"{name}/{level}": places[level] for level in own_levels}, rules)
    if not (thin or apart or domains or by_level):
        return None
    told = {"skills": thin, "skills of thin clusters": apart - thin, "levels": by_level, "domains": domains}
    why = "; ".join(f"thin {what}: {', '.join(sorted(some))}" for what, some in told.items() if some)
    return Lean(method="thin_regions", domains=domains, levels=by_level, skills=tuple(sorted(thin | apart)), why=why)


def factors(counts: Mapping[str, int], rules: ThinRegions) -> dict[str, float]:
    """Factor of each thin region: how many times too few it has, up to the most."""
    even = _even(counts)
    return {
        name: round(min(rules.most, even / max(count, 1)), 3)
        for name, count in counts.items()
        if count < rules.thin * even and even > 1
    }


def _even(counts: Mapping[str, int]) -> float:
    return sum(counts.values()) / max(1, len(counts))


def _skill(sample: Sample) -> str:
    return f"{sample.provenance.domain}/{sample.provenance.skill}"


def _skills(domains: Mapping[str, Domain], levels: Mapping[str, Iterable[int]]) -> list[tuple[str, str]]:
    found = {(name, skill) for name, own in levels.items() for at in own for skill in domains[name].at(at).skills(at)}
    return sorted(found)


def _apart(context: Context, found: Sequence[Sample], rules: ThinRegions, seed: int) -> set[str]:
    """The skills that hold most of a thin cluster."""
    from noria.training.selecting.chats import asked
    from noria.training.selecting.clusters import clusters
    from noria.training.selecting.vectors import embedded

    rows = embedded([asked(one) for one in found], lambda texts: context.index.embedder.embed(list(texts)))
    made = clusters(rows, rules.clusters, seed)
    held: dict[int, Counter[str]] = {}
    for one, place in zip(found, made.of.tolist(), strict=True):
        held.setdefault(place, Counter())[_skill(one)] += 1
    even = len(found) / made.count
    return {
        skill
        for inside in held.values()
        if inside.total() < rules.thin * even
        for skill, count in inside.items()
        if 2 * count > inside.total()
    }
