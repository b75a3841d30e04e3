"""Prompt uncertainty: a policy that answers by the wording has not understood the task.

    instruction ─► other wordings of the same task (by program), or words dropped
                     └► how likely the response is after each ─► mean |difference| ─► the most uncertain are kept

After Kung et al., *Active Instruction Tuning* (arXiv 2311.00288), whose uncertainty is the mean
absolute difference of the likelihood of an answer under the instruction and under such with
words dropped. Where a program can word the task otherwise, that is better than dropping words:
the task stays the same. The likelihood is the geometric mean of the response's tokens.
"""

import random
from collections.abc import Sequence
from math import exp
from typing import Any

from noria.config.methods.dynamic import Uncertainty
from noria.identity import stream
from noria.training.selecting.ranking import best, quantiles
from noria.training.selecting.reading import given, losses, reworded, skipped, whose
from noria.training.selecting.selector import Selected, Tools
from noria.types import Sample

CERTAIN = "its wording changes little"

TRIES = 8
"""Times a phrasing is drawn for each that is wanted: a program has few, and draws them again."""


async def select(samples: Sequence[Sample], rules: Uncertainty, tools: Tools) -> Selected:
    """Keep the samples whose response hangs on the wording.

    Raises:
        EndpointError: the policy's server cannot answer.
        RunError: a reading by weights failed.
    """
    policy, why = whose(tools, rules.policy)
    if policy is None:
        return skipped(why)
    passages, ways = [given(one) for one in samples], {"phrased": 0, "dropped": 0}
    others = dict[str, int]()
    for one in samples:
        wordings, phrased = otherwise(one, rules, tools)
        ways["phrased"] += phrased
        ways["dropped"] += len(wordings) - phrased
        others[one.id] = len(wordings)
        passages += [reworded(one, number, wording) for number, wording in enumerate(wordings, 1)]
    found = await losses(tools, policy, rules.by, passages)
    if found.why:
        return skipped(found.why)
    uncertain = dict[str, float]()
    for key, count in others.items():
        nats = [found.nats.get((f"reworded-{number}", key)) for number in range(1, count + 1)]
        told = [exp(-one) for one in nats if one is not None]
        if told and ("given", key) in found.nats:
            here = exp(-found.nats["given", key])
            uncertain[key] = sum(abs(here - one) for one in told) / len(told)
    kept = best(uncertain, rules.keep)
    facts = {
        "policy": policy.name, "by": rules.by, "uncertainty": quantiles(uncertain), "read_tokens": found.tokens,
        "unread": len(samples) - len(uncertain), **ways,
    }  # fmt: skip
    return Selected({key: CERTAIN for key in sorted(uncertain) if key not in kept}, uncertain, facts)


def otherwise(sample: Sample, rules: Uncertainty, tools: Tools) -> tuple[list[str], int]:
    """Other wordings of a sample's instruction, and how many of them a program phrased."""
    asked, rng = sample.messages[-2].content, stream(tools.name, "uncertainty", sample.id)
    found = dict.fromkeys(_phrased(sample, rules.wordings, tools, rng))
    found.pop(asked, None)
    wordings = list(found)[: rules.wordings]
    phrased = len(wordings)
    for _ in range(TRIES * rules.wordings):
        if len(wordings) == rules.wordings:
            break
        fewer = dropped(asked, rules.drop, rng)
        if fewer != asked and fewer not in wordings:
            wordings.append(fewer)
    return wordings, phrased


def dropped(text: str, share: float, rng: random.Random) -> str:
    """A text without a drawn share of its words, at least one; a text of one word stays."""
    words = text.split()
    gone = set(rng.sample(range(len(words)), min(max(1, round(share * len(words))), max(0, len(words) - 1))))
    return " ".join(word for at, word in enumerate(words) if at not in gone) if gone else text


def _phrased(sample: Sample, count: int, tools: Tools, rng: random.Random) -> list[str]:
    """The task of a sample as its domain words it; nothing where the ledger or the domain cannot."""
    story = sample.provenance
    family, episode = tools.domains.get(story.domain), tools.history.episode(story.episode)
    task = next((one for one in episode.drafts if one.id == story.task), None) if episode else None
    asked = sample.messages[-2].content
    if family is None or task is None or task.instruction not in asked:
        return []
    domain: Any = family.at(story.level)
    try:
        point = domain.point(task.parameters)
        phrasings = [domain.phrase(point, rng) for _ in range(TRIES * count)]
    except Exception:  # a domain of one's own may raise anything; words are dropped then
        return []
    return [asked.replace(task.instruction, one) for one in phrasings]
