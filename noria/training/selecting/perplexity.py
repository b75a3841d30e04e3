"""Perplexity pruning: what a policy finds far likelier or far less likely than the rest teaches little.

    loss of each response, given its prompt ─► rank ─► below the band: known by heart
                                                    └► above it: noise, or out of reach

After Marion et al., *When Less is More* (arXiv 2309.04564), who find that the middle of the
distribution trains best, and the token-pruning of data by perplexity before them.
"""

from collections.abc import Sequence
from math import exp

from noria.config.methods.dynamic import Perplexity
from noria.training.selecting.ranking import outside, quantiles
from noria.training.selecting.reading import given, instruction, losses, skipped, whose
from noria.training.selecting.selector import Selected, Tools
from noria.types import Sample

LIKELY, UNLIKELY = "the {view} is all too likely", "the {view} is all too unlikely"


async def select(samples: Sequence[Sample], rules: Perplexity, tools: Tools) -> Selected:
    """Leave out the samples outside the band.

    Raises:
        EndpointError: the policy's server cannot answer.
        RunError: a reading by weights failed.
    """
    policy, why = whose(tools, rules.policy)
    if policy is None:
        return skipped(why)
    views = [given, *([instruction] if rules.instruction else [])]
    found = await losses(tools, policy, rules.by, [view(one) for one in samples for view in views])
    if found.why:
        return skipped(found.why)
    facts = {"policy": policy.name, "by": rules.by, "read_tokens": found.tokens}
    left = dict[str, str]()
    perplexity = {one.id: exp(found.nats["given", one.id]) for one in samples if ("given", one.id) in found.nats}
    for view, name in (("given", "response"), ("instruction", "instruction")):
        seen = {sample: nats for (seen_as, sample), nats in found.nats.items() if seen_as == view}
        low, high = outside(seen, rules.band)
        left |= dict.fromkeys(sorted(low), LIKELY.format(view=name)) | dict.fromkeys(
            sorted(high), UNLIKELY.format(view=name)
        )
    facts |= {"perplexity": quantiles(perplexity), "unread": len(samples) - len(perplexity)}
    return Selected(left, perplexity, facts)
