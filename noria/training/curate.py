"""Curate: which accepted samples a round learns from.

    this round's samples ─┐
    earlier rounds (replay)├─► rows ─► train
    the user's rows (anchors)┤
    proposals (generator) ─┘
      quarantined or unclean ─► leave

Data accumulate and are never replaced: every training starts from the base and sees a
share of everything that was ever accepted, so that what was learned once is not lost to
what was learned last. The shares are multiples of the round's new rows. A round that cools
down takes more anchors; where the user's rows do not suffice, answers that a program wrote
in earlier rounds stand in, for these too are no model's own.

What rests on a beaten verifier alone leaves, new or old, before anything is drawn; it is
counted by verifier and never taught again. The next student starts from the base, so it
has learned from none of it, whatever its forebears learned. What holds a secret, or is an
item of an exam or a benchmark, leaves in the same way, the user's own rows too.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from noria.config import Train
from noria.identity import stream
from noria.training.rows import Row
from noria.types import Sample, Seed, rests_alone


@dataclass(frozen=True, slots=True)
class Curated:
    """The rows of one training, and what they are made of."""

    rows: tuple[Row, ...]
    composition: dict[str, int]
    """Rows by kind: new, replay, anchor (`truth` of them a program's), generator; new and replayed rows by source."""
    samples: tuple[str, ...]
    """Ids of the samples learned from."""
    left: dict[str, int]
    """Samples that left because they rest on a beaten verifier alone, by verifier."""
    unclean: dict[str, int]
    """Samples and rows of the user's that left because they may not be learned, by what was found in them."""


def curate(
    new: list[Sample], earlier: list[Sample], seeds: list[Seed], rules: Train, name: str,
    beaten: Collection[str] = (), unclean: Mapping[str, str] = MappingProxyType({}), *, truths: bool = False,
) -> Curated:  # fmt: skip
    """Choose a round's rows; the same name draws the same replay.

    `beaten` are the verifiers in quarantine, `unclean` the samples and seeds that may not be learned: id to why;
    with `truths` a program's answers make up for anchors that lack.
    """
    rng = stream(name, "curate")
    # Episodes of a batch end in any order; what is drawn must not depend on it.
    stained = Counter(unclean[one.id] for one in (*new, *earlier) if one.id in unclean and _teaches(one))
    stained += Counter(unclean[seed.id] for seed in seeds if seed.id in unclean)
    new, earlier = ([one for one in some if one.id not in unclean] for some in (new, earlier))
    seeds = [seed for seed in seeds if seed.id not in unclean]
    new, earlier = sorted(new, key=lambda sample: sample.id), sorted(earlier, key=lambda sample: sample.id)
    out = [sample for sample in new + earlier if rests_alone(sample.provenance, beaten)]
    new, earlier = ([one for one in some if not rests_alone(one.provenance, beaten)] for some in (new, earlier))
    answers = [sample for sample in new if sample.role == "solver"]
    proposals = [sample for sample in new + earlier if sample.role == "generator" and _teaches(sample)]
    past = [sample for sample in earlier if sample.role == "solver"]
    replay = rng.sample(past, min(len(past), round(rules.replay * len(answers))))
    taught = rng.sample(proposals, min(len(proposals), round(rules.generator_rows * len(answers))))
    rows_of_user = [seed for seed in seeds if seed.messages and seed.messages[-1].role == "assistant"]
    wanted = round(rules.anchors * len(answers))
    anchors = rng.sample(rows_of_user, min(len(rows_of_user), wanted))
    drawn = {sample.id for sample in replay}
    written = [one for one in past if truths and one.provenance.source == "program" and one.id not in drawn]
    truth = rng.sample(written, min(len(written), wanted - len(anchors)))

    chosen = [*answers, *replay, *taught, *truth]
    rows = [_row(sample) for sample in chosen]
    rows += [
        Row(prompt=seed.messages[:-1], completion=seed.messages[-1].content, source="anchor", sample=seed.id)
        for seed in anchors
    ]
    rng.shuffle(rows)
    kinds = {"new": len(answers), "replay": len(replay), "anchor": len(anchors), "generator": len(taught)}
    kinds |= {"anchor": len(anchors) + len(truth), "truth": len(truth)} if truths else {}
    sources = Counter(sample.provenance.source for sample in (*answers, *replay))
    left = Counter(verifier for sample in out if _teaches(sample) for verifier in sample.provenance.verifiers)
    learned = tuple(sample.id for sample in chosen)
    counts = dict(sorted(left.items())), dict(sorted(stained.items()))
    return Curated(tuple(rows), kinds | dict(sources), learned, *counts)


def _teaches(sample: Sample) -> bool:
    """Whether a round may learn from a sample: an answer, or a proposal that a generator worded itself."""
    return sample.role == "solver" or sample.provenance.worded_by == "generator"


def _row(sample: Sample) -> Row:
    *prompt, answer = sample.messages
    return Row(prompt=tuple(prompt), completion=answer.content, source=sample.provenance.source, sample=sample.id)
