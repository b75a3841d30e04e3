"""The mix of a training: how much of it is the user's own rows.

    rows curated ─► too few real? more of the user's, again where they are few ─► too many? some leave ─► rows

A model that learns from models alone forgets the tails of what people write; it does not where real
data stay beside the synthetic (Gerstgrasser et al., arXiv 2404.01413). `train.anchors` asks for real
rows by the count of new ones; here their share of the whole training is held between a floor and a
ceiling, replay and proposals counted. A real row is repeated where the floor needs it, `repeats` times
at most: repeated four times it still teaches nearly as much as a new one would (Muennighoff et al., arXiv
2305.16264). No synthetic row leaves for it; what the floor still lacks then, the composition tells.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from math import ceil, floor

from noria.config.methods.static import RealMix
from noria.identity import stream
from noria.training.curate import Curated
from noria.training.rows import Row
from noria.types import Seed


def mixed(chosen: Curated, seeds: Sequence[Seed], rules: RealMix, name: str, unclean: Collection[str] = ()) -> Curated:
    """The same training with its real rows between floor and ceiling; the same name draws the same.

    In the composition `anchor` is recounted; `real` are the rows of the user's, `real_lack` what the floor
    lacks still.
    """
    rng = stream(name, "real_mix")
    real = [row for row in chosen.rows if row.source == "anchor"]
    synthetic = [row for row in chosen.rows if row.source != "anchor"]
    needed = ceil(_of(rules.floor, len(synthetic)) - 1e-9)
    most = floor(_of(rules.ceiling, len(synthetic)) + 1e-9) if rules.ceiling < 1 else len(real) + needed
    if len(real) > most:
        real = rng.sample(real, most)
    elif len(real) < needed:
        had = Counter(row.sample for row in real)
        own = [_row(one) for one in seeds if one.id not in unclean and _answers(one)]
        # Each once more in a drawn order, and again from the first, so that none is repeated before all were used.
        more = [
            row for turn in range(rules.repeats) for row in rng.sample(own, len(own)) if had[row.sample] <= turn
        ]  # fmt: skip
        real += more[: min(needed, most) - len(real)]
    rows = [*synthetic, *real]
    rng.shuffle(rows)
    truths = chosen.composition.get("truth", 0)
    told = {"anchor": len(real) + truths, "real": len(real), "real_lack": max(0, needed - len(real))}
    return replace(chosen, rows=tuple(rows), composition=chosen.composition | told)


def _of(share: float, others: int) -> float:
    """How many rows are a share of a whole in which there are so many others."""
    return share * others / (1 - share)


def _answers(seed: Seed) -> bool:
    return bool(seed.messages) and seed.messages[-1].role == "assistant"


def _row(seed: Seed) -> Row:
    return Row(prompt=seed.messages[:-1], completion=seed.messages[-1].content, source="anchor", sample=seed.id)
