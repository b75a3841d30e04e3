"""What free text was accepted, and whether a text was said before: the question that novelty asks.

    ledger ─► outbox ─► follow(), at the first question of a batch ─► Banded (in this process)
    text ─► vector ─► places that may be near ─► their texts, from the ledger ─► the nearest, if it is near enough

Nothing of it is on disk: it is made from the ledger when it is first needed, a page at a time and
beside the event loop, and follows it from then on. So a process that is killed loses nothing of it,
and no session waits for it that does not compare texts. Chroma has no part in the answer, and may
be deleted and made again. It knows the outbox up to where the first who asked of a batch found its
end. The last word is the cosine of the two texts, read and embedded again: what is kept
in a byte a number only says which texts to look at.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy

from noria.memory.accepted import Spoken
from noria.memory.aside import aside
from noria.memory.banded import NOISE, Banded
from noria.memory.embed import Vectors
from noria.memory.history import History

PAGE = 2000
"""Texts embedded at once."""

LOOKED_AT = 16
"""Texts read and compared at once, nearest first."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An accepted sample near a text."""

    sample: str
    text: str
    similarity: float
    """Cosine, from -1 to 1."""


class Said:
    """The free texts of one session's accepted samples."""

    def __init__(self, embed: Callable[[list[str]], Vectors]) -> None:
        """Know nothing yet."""
        self.embed = embed
        self.held: Banded | None = None
        """Their vectors, each under the place of its sample in the log; none before the first question."""
        self._upto = 0
        self._taking = asyncio.Lock()

    def __len__(self) -> int:
        """How many texts are held."""
        return 0 if self.held is None else len(self.held)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it holds."""
        return 0 if self.held is None else self.held.nbytes

    async def follow(self, history: History, near: float, upto: int) -> None:
        """Know what the outbox says up to a row; `near` is the cosine from which texts mean the same."""
        async with self._taking:  # both sides of a role's exam may ask first
            if self.held is None or self.held.near != near or upto > self._upto:
                # A hundred thousand texts take some seconds, in which others of the batch play on.
                await aside(partial(self.take, history, near, upto))

    def take(self, history: History, near: float, upto: int) -> None:
        """`follow`, in the thread that calls."""
        held, start = self.held, self._upto
        if held is None or held.near != near:
            held, start = Banded(near), 0
        self.held = None  # where a page breaks, there is no half of it to go on from
        for page in _pages(history.free_texts(start, upto)):
            added, gone = [one for one in page if one.added], [one.place for one in page if not one.added]
            if added:
                vectors = self.embed([one.text for one in added])
                held.add([one.place for one in added], [one.shape for one in added], vectors)
            if gone:
                held.remove(gone)
        self.held, self._upto = held, max(start, upto)

    def nearest(self, history: History, vector: Vectors, shape: str) -> Neighbour | None:
        """The accepted text of a shape nearest to a unit vector, if it means the same."""
        assert self.held is not None, "nothing was followed yet"
        places = self.held.find(vector, shape)
        for first in range(0, len(places), LOOKED_AT):
            found = history.at(places[first : first + LOOKED_AT])
            there = [found[place] for place in sorted(found)]
            likeness = cosines(self.embed([one.provenance.free_text for one in there]), vector)
            best = int(numpy.argmax(likeness)) if there else 0
            if there and means_the_same(likeness[best], self.held.near):
                return Neighbour(there[best].id, there[best].provenance.free_text, float(likeness[best]))
        return None


def cosines(vectors: Vectors, vector: Vectors) -> numpy.ndarray[tuple[int], numpy.dtype[numpy.float64]]:
    """The cosine of each unit vector with one; in 64 bits, so that they are the same however many there are."""
    found: numpy.ndarray[tuple[int], numpy.dtype[numpy.float64]] = vectors.astype(numpy.float64) @ vector.astype(
        numpy.float64
    )
    return found


def means_the_same(cosine: float, near: float) -> bool:
    """Whether two texts mean the same; equal ones always do, whatever is lost in 32 bits."""
    return cosine >= near - NOISE


def _pages(texts: Iterator[Spoken]) -> Iterator[list[Spoken]]:
    page = list[Spoken]()
    for one in texts:
        page.append(one)
        if len(page) >= PAGE:
            yield page
            page = []
    if page:
        yield page
