"""A band of the solve rate: what the solver gets right now and then is what it can learn now.

    0 ........ low ■■■■■■■■■■■■■ high ........ 1
    never               p                 always         learnability 4p(1-p), most at a half

The rate was measured when the candidate was attempted, so nobody is asked. Where the band
holds too little, as in the first rounds of a small student that solves next to nothing, the
nearest to it make up the least share: of the never solved a program's answer can be learned,
of the always solved nothing. After Foster and Foerster et al., *Learning to Reason at the
Frontier of Learnability* (arXiv 2502.12272).
"""

from collections.abc import Sequence
from math import ceil

from noria.config.methods.dynamic import SolveRate
from noria.training.selecting.ranking import best, quantiles
from noria.training.selecting.selector import Selected, Tools
from noria.types import Sample

NEVER, ALWAYS, FAR = "hardly ever solved", "nearly always solved", "far from the solve rate aimed at"


async def select(samples: Sequence[Sample], rules: SolveRate, tools: Tools) -> Selected:
    """Keep the samples in the band, or the nearest to it where they are too few."""
    low, high = rules.band
    rates = {one.id: one.provenance.solve_rate for one in samples}
    inside = {key for key, rate in rates.items() if low <= rate <= high}
    wanted = ceil(rules.least * len(rates) - 1e-9)
    # Never before always: the nearest of either side first, ties by id.
    never = sorted((key for key in rates if rates[key] < low), key=lambda key: (-rates[key], key))
    always = sorted((key for key in rates if rates[key] > high), key=lambda key: (rates[key], key))
    filled = [*never, *always][: max(0, wanted - len(inside))]
    aimed = inside
    if rules.target is not None:
        aimed = best({key: -abs(rates[key] - rules.target) for key in inside}, rules.keep)
    kept = aimed | set(filled)
    left = {
        key: FAR if key in inside else NEVER if rate < low else ALWAYS
        for key, rate in sorted(rates.items())
        if key not in kept
    }
    facts = {"solve_rate": quantiles(rates), "in_band": len(inside), "filled": len(filled)}
    return Selected(left, {key: 4 * rate * (1 - rate) for key, rate in rates.items()}, facts)
