"""A vote of several policies, with their training dynamics: what most of them can learn from stays.

    base ── student-r0001 ── student-r0002        each reads every sample: loss, and p = exp(-loss)
      │           │               │
      for         for           against           a policy is for what it neither knows nor despairs of
              movement for                        the loss fell along the lineage, or did not rise
              ambiguity for                       the spread of p over the lineage is not of the least

Dataset Cartography (Swayamdipta et al., arXiv 2009.10795) reads a sample by the confidence (mean
of p) and the variability (deviation of p) of a model in training; here the checkpoints are the
policies of the lineage. CLUES (Zhao et al., arXiv 2507.03004) selects by training dynamics over
several models. A tie keeps. With one policy alone there are no dynamics: the method is skipped.
"""

from collections.abc import Mapping, Sequence
from math import exp
from pathlib import Path
from statistics import fmean, pstdev

from noria.config.methods.dynamic import Vote
from noria.identity import stream
from noria.memory.moves import withdrawn
from noria.training.selecting.apart import apart
from noria.training.selecting.ranking import outside, quantiles
from noria.training.selecting.reading import NOBODY, PRETENDED, given, keep, kept, skipped
from noria.training.selecting.selector import Selected, Tools
from noria.types import Policy, Sample

OUTVOTED = "most voters are against it"
FEW = "one policy stands alone; a vote needs two"

READ = "vote"
"""What the ledger keeps the voters' losses under."""

RISEN = 0.1
"""Nats a token that a loss may rise along the lineage before it counts as moving away."""

QUIET = 0.2
"""Share of the samples with the least variability that the criterion of ambiguity is against."""


async def select(samples: Sequence[Sample], rules: Vote, tools: Tools) -> Selected:
    """Leave out what most voters are against.

    Raises:
        ModelError: a voter's adapter does not stand as it was trained.
        RunError: the reading failed.
    """
    if tools.pretends or not tools.base:
        return skipped(PRETENDED if tools.pretends else NOBODY)
    lineage = voters(tools, rules.policies)
    if len(lineage) < 2 or not samples:
        return skipped(FEW) if samples else Selected({})
    passages = [given(one) for one in samples]
    stream(tools.name, "vote").shuffle(passages)
    nats = {one.id: _of(kept(tools, READ, one.id, passages)) for one in lineage}
    tokens = beyond = 0
    if not all(nats.values()):  # they read together; where each read something, the rest was beyond the budget
        readings = await apart(tools, "losses", lineage, passages, max_tokens=rules.max_tokens)
        tokens, beyond = readings.tokens, readings.beyond
        for policy, read_now in readings.losses.items():
            nats[policy] = _of(await keep(tools, READ, policy, read_now))
    read_by_all = sorted(set.intersection(*(set(found) for found in nats.values())))
    track = {key: [nats[one.id][key] for one in lineage] for key in read_by_all}
    ballots = votes(track, rules.band)
    count = len(lineage) + 2
    left = {key: OUTVOTED for key, found in ballots.items() if 2 * found < count}
    confidence, variability = dynamics(track)
    facts = {
        "policies": [one.name for one in lineage], "confidence": quantiles(confidence),
        "variability": quantiles(variability), "read_tokens": tokens, "beyond": beyond,
        "unread": len(samples) - len(track),
    }  # fmt: skip
    return Selected(left, {key: found / count for key, found in ballots.items()}, facts)


def voters(tools: Tools, most: int) -> list[Policy]:
    """The base and the youngest students with an adapter, oldest first; the one that plays is always among them."""
    gone = withdrawn(tools.history)
    base, playing = tools.history.policy(tools.base), tools.student
    students = [one for one in tools.history.policies() if one.student and one.id not in gone and _on_disk(one)]
    chosen = sorted(students, key=lambda one: (one.id == playing, one.round, one.name))[-(most - 1) :]
    return [*([base] if base else []), *sorted(chosen, key=lambda one: (one.round, one.name))]


def _on_disk(policy: Policy) -> bool:
    # One that was kept out may have been cleared away; it is not missed.
    return bool(policy.adapter) and Path(policy.adapter).is_dir()


def votes(track: Mapping[str, Sequence[float]], band: tuple[float, float]) -> dict[str, int]:
    """How many voters are for each sample: a vote a policy, one for its movement, one for its ambiguity."""
    if not track:
        return {}
    found = dict.fromkeys(track, 0)
    for at in range(len(next(iter(track.values())))):
        low, high = outside({key: losses[at] for key, losses in track.items()}, band)
        for key in track:
            found[key] += key not in low and key not in high
    still, _ = outside(dynamics(track)[1], (QUIET, 1.0))
    for key, losses in track.items():
        found[key] += losses[-1] <= losses[0] + RISEN
        found[key] += key not in still
    return found


def dynamics(track: Mapping[str, Sequence[float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Confidence and variability of each sample along the lineage."""
    likely = {key: [exp(-one) for one in losses] for key, losses in track.items()}
    return {key: fmean(some) for key, some in likely.items()}, {key: pstdev(some) for key, some in likely.items()}


def _of(found: Mapping[tuple[str, str], float]) -> dict[str, float]:
    return {sample: nats for (_, sample), nats in found.items()}
