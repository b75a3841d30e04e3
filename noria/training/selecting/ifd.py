"""Instruction-following difficulty: how little the instruction helps a policy to the response.

    IFD = loss(response | instruction) / loss(response | none)

    from 1 on   the instruction does not help: the pair does not fit, or is out of reach    leaves
    near 0      the policy follows it already                                              leaves first

After Li et al., *From Quantity to Quality* (arXiv 2308.12032). There the response alone is read
after nothing; here it is read after the same prompt with the user's words taken out, so that
both losses count the same tokens, the first included, and an answer of one token has a score.
"""

from collections.abc import Sequence

from noria.config.methods.dynamic import Ifd
from noria.training.selecting.ranking import best, quantiles
from noria.training.selecting.reading import alone, given, losses, skipped, whose
from noria.training.selecting.selector import Selected, Tools
from noria.types import Sample

USELESS, EASY = "the instruction does not help", "the policy follows it already"

SURE = 1e-6
"""Nats a token below which a response alone is certain, and has no difficulty to speak of."""

PLACES = 6
"""Decimals of a difficulty: what a server's subtraction leaves behind decides nothing."""


async def select(samples: Sequence[Sample], rules: Ifd, tools: Tools) -> Selected:
    """Keep the hardest of the samples whose instruction helps.

    Raises:
        EndpointError: the policy's server cannot answer.
        RunError: a reading by weights failed.
    """
    policy, why = whose(tools, rules.policy)
    if policy is None:
        return skipped(why)
    found = await losses(tools, policy, rules.by, [view(one) for one in samples for view in (given, alone)])
    if found.why:
        return skipped(found.why)
    ifd = {
        one.id: round(found.nats["given", one.id] / bare, PLACES)
        for one in samples
        if ("given", one.id) in found.nats and (bare := found.nats.get(("alone", one.id), 0.0)) > SURE
    }
    followed = {key: value for key, value in ifd.items() if value < rules.ceiling}
    kept = best(followed, rules.keep)
    left = {key: EASY if key in followed else USELESS for key in sorted(ifd) if key not in kept}
    facts = {
        "policy": policy.name, "by": rules.by, "ifd": quantiles(ifd), "read_tokens": found.tokens,
        "unread": len(samples) - len(ifd),
    }  # fmt: skip
    return Selected(left, ifd, facts)
