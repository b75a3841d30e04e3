"""The passages of a session: gathered from documents without what says the same twice, or as the ledger keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy

from noria.config.methods.grounded import Documents
from noria.errors import ConfigError
from noria.memory.documents.cutting import cut
from noria.memory.documents.finding import documents
from noria.memory.embed import Embedder
from noria.memory.history import History
from noria.types import Seed

ALIKE = 0.97
"""Cosine from which two passages with the same numbers say the same."""

ROWS = 1000
"""Passages that are compared with all others at once."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What documents gave."""

    documents: tuple[str, ...]
    passages: tuple[Seed, ...]
    skipped: tuple[str, ...]
    """A sentence for each document that cannot be used."""
    repeated: tuple[Seed, ...]
    """Passages that say what an earlier one says."""


def gather(rules: Documents, embedder: Embedder) -> Gathered:
    """Read documents, cut them, and drop what is said twice.

    Raises:
        ConfigError: a document cannot be used and is not to be skipped, there are too many passages, or none is left.
    """
    found, skipped = documents(rules)
    passages: dict[str, Seed] = {}
    for document in found:
        for one in cut(document, words=rules.words, overlap=rules.overlap):
            passages.setdefault(one.id, one)
            if len(passages) > rules.passages:
                raise ConfigError(
                    f"The documents give more than {rules.passages:,} passages.",
                    mend="Name fewer documents, make passages longer (`methods.documents.words`), or allow more "
                    "(`methods.documents.passages`).",
                )
    if not passages:
        why = f" {' '.join(skipped)}" if skipped else ""
        raise ConfigError(f"The documents give no passage: they hold no prose of some length.{why}")
    every = list(passages.values())
    twice = _repeated(every, embedder)
    kept = tuple(one for one in every if one.id not in twice)
    names = tuple(one.name for one in found)
    return Gathered(names, kept, tuple(skipped), tuple(one for one in every if one.id in twice))


def kept(history: History) -> list[Seed]:
    """The passages that a session was opened with, without the withdrawn."""
    return [seed for seed in history.seeds() if seed.kind == "passage"]


def _repeated(passages: Sequence[Seed], embedder: Embedder) -> set[str]:
    """Ids of the passages that say what an earlier one says: vectors hardly know numbers, so these must be the same."""
    vectors = embedder.embed([one.text for one in passages])
    digits = [tuple(word for word in one.text.split() if any(map(str.isdigit, word))) for one in passages]
    twice: set[str] = set()
    for first in range(0, len(passages), ROWS):
        near = vectors[first : first + ROWS] @ vectors.T
        for row, other in zip(*numpy.nonzero(near >= ALIKE), strict=True):
            here = first + int(row)
            if other < here and passages[other].id not in twice and digits[other] == digits[here]:
                twice.add(passages[here].id)
    return twice
