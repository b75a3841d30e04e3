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

What is chosen from may be a hundred times what is chosen: the choice is made among heads, and
only the chosen samples are loaded.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from noria.config import Train
from noria.identity import stream
from noria.memory.accepted import Head
from noria.training.pairs import Pair
from noria.training.rows import Row
from noria.types import Policy, Sample, Seed, rests_alone


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
    pairs: tuple[Pair, ...] = ()
    """Better and worse answers, for the trainings by preference that follow the rows."""
    opponent: Policy | None = None
    """The policy that played as the student when the pairs were drawn."""


Loading = Callable[[Collection[str]], Iterable[Sample]]
"""The samples of some ids, in any order."""


def curate(
    new: list[Sample], earlier: list[Sample], seeds: list[Seed], rules: Train, name: str,
    beaten: Collection[str] = (), unclean: Mapping[str, str] = MappingProxyType({}), *, truths: bool = False,
) -> Curated:  # fmt: skip
    """Choose a round's rows from samples that are at hand; the same name draws the same replay.

    `beaten` are the verifiers in quarantine, `unclean` the samples and seeds that may not be learned: id to why;
    with `truths` a program's answers make up for anchors that lack.
    """
    known = {sample.id: sample for sample in new + earlier}
    return drawn(
        map(head, new), map(head, earlier), seeds, rules, name, beaten, unclean,
        lambda ids: (known[one] for one in ids), truths=truths,
    )  # fmt: skip


def drawn(
    new: Iterable[Head],
    earlier: Iterable[Head],
    seeds: list[Seed],
    rules: Train,
    name: str,
    beaten: Collection[str],
    unclean: Mapping[str, str],
    load: Loading,
    *,
    truths: bool = False,
    unselected: Collection[str] = frozenset(),
) -> Curated:
    """Choose a round's rows among heads, and load the chosen; the same name draws the same replay.

    `unselected` are the samples that a method of selection left out.
    """
    rng = stream(name, "curate")
    stained = Counter(unclean[seed.id] for seed in seeds if seed.id in unclean)
    seeds = [seed for seed in seeds if seed.id not in unclean]
    left = Counter[str]()

    def trusted(heads: Iterable[Head]) -> list[Head]:
        kept = []
        for one in heads:
            if one.id in unclean:
                stained.update([unclean[one.id]] if _teaches(one) else [])
            elif not rests_alone(one, beaten):
                kept.append(one)
            elif _teaches(one):
                left.update(one.verifiers)
        # Episodes of a batch end in any order; what is drawn must not depend on it.
        return sorted(kept, key=lambda one: one.id)

    fresh, past = trusted(new), trusted(earlier)
    answers = [one.id for one in fresh if one.role == "solver" and one.id not in unselected]
    proposals = [
        one.id for some in (fresh, past) for one in some
        if one.role == "generator" and _teaches(one) and one.id not in unselected
    ]  # fmt: skip
    replayed = [one.id for one in past if one.role == "solver" and one.id not in unselected]
    replay = rng.sample(replayed, min(len(replayed), round(rules.replay * len(answers))))
    taught = rng.sample(proposals, min(len(proposals), round(rules.generator_rows * len(answers))))
    rows_of_user = [seed for seed in seeds if seed.messages and seed.messages[-1].role == "assistant"]
    wanted = round(rules.anchors * len(answers))
    anchors = rng.sample(rows_of_user, min(len(rows_of_user), wanted))
    again = set(replay)
    out = again.union(unselected)
    written = [one.id for one in past if truths and one.source == "program" and one.id not in out]
    truth = rng.sample(written, min(len(written), wanted - len(anchors)))

    chosen = (*answers, *replay, *taught, *truth)
    found = {sample.id: _row(sample) for sample in load(chosen)}
    rows = [found[one] for one in chosen]
    sources = Counter(row.source for row in rows[: len(answers) + len(replay)])
    rows += [
        Row(prompt=seed.messages[:-1], completion=seed.messages[-1].content, source="anchor", sample=seed.id)
        for seed in anchors
    ]
    rng.shuffle(rows)
    kinds = {"new": len(answers), "replay": len(replay), "anchor": len(anchors), "generator": len(taught)}
    kinds |= {"anchor": len(anchors) + len(truth), "truth": len(truth)} if truths else {}
    composition = kinds | {str(one): count for one, count in sources.items()}
    return Curated(tuple(rows), composition, chosen, dict(sorted(left.items())), dict(sorted(stained.items())))


def head(sample: Sample) -> Head:
    """What is asked of a sample when it is chosen."""
    story = sample.provenance
    return Head(sample.id, sample.role, story.source, story.worded_by, story.verifiers)


def _teaches(one: Head) -> bool:
    """Whether a round may learn from a sample: an answer, or a proposal that a generator worded itself."""
    return one.role == "solver" or one.worded_by == "generator"


def _row(sample: Sample) -> Row:
    *prompt, answer = sample.messages
    return Row(prompt=tuple(prompt), completion=answer.content, source=sample.provenance.source, sample=sample.id)
