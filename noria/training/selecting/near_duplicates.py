"""Near-duplicates by wording: MinHash finds who may be alike, the runs themselves say who is.

    instruction + response ─► runs of words ─► signature ─► LSH (datasketch) ─► candidates ─► Jaccard ─► left out

Deduplication makes a model better for less (Lee et al., arXiv 2107.06499). Compared is within a
domain; the first by id stays, and what was selected in earlier rounds stays before it. The
locality-sensitive hash only proposes: a pair is left out when the Jaccard similarity of its runs
is over the threshold, so a false candidate costs time and no sample; a pair that the hash does
not propose is missed (at the threshold itself about one in two, well above it next to none).
Digits and signs are words: of two sums with other numbers neither is a duplicate.
"""

import asyncio
from collections.abc import Iterable, Sequence

import numpy
from numpy.typing import NDArray

from noria.config.methods.static import NearDuplicates
from noria.memory.selections import unselected
from noria.training.selecting.chats import answered, asked, named, runs, words
from noria.training.selecting.selector import Selected, Tools
from noria.types import Sample

Runs = NDArray[numpy.uint32]
"""The hashes of a sample's runs, sorted, each once."""

SEED = 1
"""Seed of the permutations: the same in every round, so that a sample always has the same signature."""

AT_ONCE = 2000
"""Signatures made together."""


async def select(samples: Sequence[Sample], rules: NearDuplicates, tools: Tools) -> Selected:
    """Leave out what is worded nearly as one before it."""
    gone = unselected(tools.history)
    before = tools.history.each(before=tools.number, role="solver", last=rules.earlier) if rules.earlier else ()
    known: dict[str, list[tuple[str, Runs]]] = {}
    for one in before:
        if one.id not in gone:
            known.setdefault(one.provenance.domain, []).append(("", hashed(one, rules.run)))
    earlier = sum(map(len, known.values()))
    for one in sorted(samples, key=lambda one: one.id):
        known.setdefault(one.provenance.domain, []).append((one.id, hashed(one, rules.run)))
    left: dict[str, str] = {}
    for rows in known.values():
        left |= await asyncio.to_thread(alike, rows, rules)
    return Selected(left, facts={"threshold": rules.threshold, "earlier": earlier})


def hashed(sample: Sample, size: int) -> Runs:
    """The runs of a sample's words; those of the answer are told from those of the question."""
    found = [words(asked(sample)), ["\x1e", *words(answered(sample))]]
    hashes = {named(*run) for text in found for run in runs(text, size)}
    return numpy.fromiter(sorted(hashes), dtype=numpy.uint32, count=len(hashes))


def alike(rows: Sequence[tuple[str, Runs]], rules: NearDuplicates) -> dict[str, str]:
    """The rows that are nearly one before them: id to why. A row without an id stays and is compared with alone."""
    from datasketch import MinHash, MinHashLSH

    index, left = MinHashLSH(threshold=rules.threshold, num_perm=rules.permutations), dict[str, str]()
    for first in range(0, len(rows), AT_ONCE):
        part = rows[first : first + AT_ONCE]
        signed: Iterable[MinHash] = MinHash.bulk(
            [found for _, found in part], num_perm=rules.permutations, seed=SEED, hashfunc=int
        )
        for at, ((key, found), signature) in enumerate(zip(part, signed, strict=True), first):
            if key:
                near = sorted(index.query(signature))
                other = next((one for one in near if jaccard(found, rows[one][1]) >= rules.threshold), None)
                if other is not None:
                    left[key] = "near a sample of this round" if rows[other][0] else "near one of an earlier round"
                    continue
            index.insert(at, signature, check_duplication=False)
    return left


def jaccard(one: Runs, other: Runs) -> float:
    """Similarity of two sets of runs; of two empty ones 1."""
    both = len(numpy.intersect1d(one, other, assume_unique=True))
    union = len(one) + len(other) - both
    return both / union if union else 1.0
