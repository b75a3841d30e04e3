"""Curate: which accepted samples a round learns from.

    this round's samples ─┐
    earlier rounds (replay)├─► rows ─► train
    the user's rows (anchors)┤
    proposals (generator) ─┘

Data accumulate and are never replaced: every training starts from the base and sees a
share of everything that was ever accepted, so that what was learned once is not lost to
what was learned last. The shares are multiples of the round's new rows.
"""

from collections import Counter
from dataclasses import dataclass

from noria.config import Train
from noria.identity import stream
from noria.training.rows import Row
from noria.types import Sample, Seed


@dataclass(frozen=True, slots=True)
class Curated:
    """The rows of one training, and what they are made of."""

    rows: tuple[Row, ...]
    composition: dict[str, int]
    """Rows by kind: new, replay, anchor, generator; and new and replayed rows by source."""
    samples: tuple[str, ...]
    """Ids of the samples learned from."""


def curate(new: list[Sample], earlier: list[Sample], seeds: list[Seed], rules: Train, name: str) -> Curated:
    """Choose a round's rows; the same name draws the same replay."""
    rng = stream(name, "curate")
    # Episodes of a batch end in any order; what is drawn must not depend on it.
    new, earlier = sorted(new, key=lambda sample: sample.id), sorted(earlier, key=lambda sample: sample.id)
    answers = [sample for sample in new if sample.role == "solver"]
    proposals = [
        sample for sample in new + earlier if sample.role == "generator" and sample.provenance.worded_by == "generator"
    ]
    past = [sample for sample in earlier if sample.role == "solver"]
    replay = rng.sample(past, min(len(past), round(rules.replay * len(answers))))
    taught = rng.sample(proposals, min(len(proposals), round(rules.generator_rows * len(answers))))
    rows_of_user = [seed for seed in seeds if seed.messages and seed.messages[-1].role == "assistant"]
    anchors = rng.sample(rows_of_user, min(len(rows_of_user), round(rules.anchors * len(answers))))

    chosen = [*answers, *replay, *taught]
    rows = [_row(sample) for sample in chosen]
    rows += [
        Row(prompt=seed.messages[:-1], completion=seed.messages[-1].content, source="anchor", sample=seed.id)
        for seed in anchors
    ]
    rng.shuffle(rows)
    kinds = {"new": len(answers), "replay": len(replay), "anchor": len(anchors), "generator": len(taught)}
    sources = Counter(sample.provenance.source for sample in (*answers, *replay))
    return Curated(tuple(rows), kinds | dict(sources), tuple(sample.id for sample in chosen))


def _row(sample: Sample) -> Row:
    *prompt, answer = sample.messages
    return Row(prompt=tuple(prompt), completion=answer.content, source=sample.provenance.source, sample=sample.id)
