"""The neighbour index: what has been accepted that means nearly the same.

    ledger ─► outbox ─► catch_up() ─► Chroma ─► nearest(): what the generator is shown
                     └► Said (in this process) ─► whether a free text was said before

Chroma holds content ids, vectors and the texts they were made of; it can be deleted and
rebuilt from the ledger at any time. It is written in batches when a batch of episodes has
ended, because one row at a time costs a sync each. It follows the outbox by a mark in the
ledger, beside the name of the making it belongs to: a folder that was deleted and made again
has another name, and takes everything again. Chroma is opened when it is first needed, for a
large index takes its time; whether it stands in the folder or on a server, see `chroma.py`.
While the rows are few (`EXACT`) it gives them out, and all are compared here.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy
import numpy.typing

from noria.errors import NoriaError
from noria.failpoints import at
from noria.memory import tables
from noria.memory.accepted import Page
from noria.memory.aside import aside
from noria.memory.chroma import FOLDER, MADE, home
from noria.memory.embed import Embedder, StaticEmbedder, Vectors
from noria.memory.history import History
from noria.memory.ledger import replace
from noria.memory.said import Neighbour, Said
from noria.types import Sample, Seed

if TYPE_CHECKING:
    import chromadb  # two seconds that only who needs the index pays

FOLLOWER = "chroma"
"""Its name among those that follow the ledger."""

BATCH = 2000
"""Rows written at once; Chroma takes at most 5,461."""

EXACT = 10_000
"""Rows up to which all that may be near are compared, and beyond which Chroma's graph is asked.

A graph of neighbours (HNSW) is another one where its rows came in other batches, as after a kill, and may lose one out
of reach. Compared one by one, the same rows are always the same neighbours.
"""

PLACES = 6
"""Decimal places of a likeness that is computed here: more would tell in which order rows were read."""


class Neighbours:
    """The index of one session's accepted samples: what they ask, and their free text."""

    def __init__(self, folder: Path, embedder: Embedder | None = None) -> None:
        """Take the index of a session folder, making the folder where there is none; Chroma is opened at first need.

        Raises:
            SessionError: it is no index, or the folder cannot be used.
        """
        self._home = home(folder)
        self._embedder = embedder
        self.said = Said(lambda texts: self.embedder.embed(texts))
        """The free texts among them, which novelty asks of: made from the ledger, not from what is here."""
        self.counted = False
        """Whether its rows were counted since it was opened."""

    @property
    def made(self) -> str:
        """Which making of the index this is."""
        return self._home.made

    @property
    def is_open(self) -> bool:
        """Whether Chroma was needed yet."""
        return self._home.is_open

    def _collection(self, name: str) -> "chromadb.Collection":
        return self._home.collection(name)

    @cached_property
    def _asks(self) -> "chromadb.Collection":
        return self._collection("asks")

    @cached_property
    def _texts(self) -> "chromadb.Collection":
        return self._collection("texts")

    @cached_property
    def _passages(self) -> "chromadb.Collection":
        return self._collection("passages")

    @property
    def embedder(self) -> Embedder:
        """The embedder, loaded at first use."""
        if self._embedder is None:
            self._embedder = StaticEmbedder()
        return self._embedder

    def nearest(self, text: str, *, domain: str, count: int) -> list[Neighbour]:
        """The accepted instructions of a domain nearest to a text, nearest first."""
        return self.nearest_to([text], domain=domain, count=count)[text]

    def nearest_to(self, texts: Iterable[str], *, domain: str, count: int) -> dict[str, list[Neighbour]]:
        """`nearest` for many texts at once: Chroma looks for the rows of a domain once a call, which takes longest."""
        return self._query(self._asks, texts, {"domain": domain}, count)

    def nearest_free_text(self, text: str, *, shape: str) -> Neighbour | None:
        """The accepted free text of the same kind of task that means most nearly the same, however far it is.

        Whether it means the same is asked of `said`, at a cost that does not grow with the session.
        """
        return next(iter(self._query(self._texts, [text], {"shape": shape}, 1)[text]), None)

    def _query(
        self, collection: "chromadb.Collection", texts: Iterable[str], where: dict[str, str] | None, count: int,
        upto: int = EXACT,
    ) -> dict[str, list[Neighbour]]:  # fmt: skip
        asked = list(dict.fromkeys(texts))
        try:
            if not asked or not count or not collection.count():
                return {text: [] for text in asked}
            vectors: Vectors = self.embedder.embed(asked)
            if collection.count() <= upto:
                return dict(zip(asked, _compared(collection, vectors, where, count), strict=True))
            found = collection.query(query_embeddings=vectors, n_results=count, where=where)
        except NoriaError:
            raise
        except Exception as fault:  # Chroma's own tree
            raise self._home.fault("read", fault) from fault
        ids, said, distances = found["ids"], found["documents"], found["distances"]
        assert said is not None
        assert distances is not None
        return {
            text: [Neighbour(*row) for row in zip(ids[at], said[at], (1 - d for d in distances[at]), strict=True)]
            for at, text in enumerate(asked)
        }

    def add(self, rows: list[tuple[str, str, str, str, str]]) -> None:
        """Take samples in: id, domain, instruction, kind of free text, free text (empty where none).

        Raises:
            RunError: the index cannot be written.
        """
        try:
            for first in range(0, len(rows), BATCH):
                self._add(rows[first : first + BATCH])
        except NoriaError:
            raise
        except Exception as fault:  # Chroma's own tree; the ledger keeps what was to be indexed
            raise self._home.fault("written", fault) from fault

    def _add(self, part: list[tuple[str, str, str, str, str]]) -> None:
        if new := _missing(self._asks, part):
            self._asks.upsert(
                ids=[row[0] for row in new],
                embeddings=self.embedder.embed([row[2] for row in new]),
                documents=[row[2] for row in new],
                metadatas=[{"domain": row[1]} for row in new],
            )
        at("index.half_written")
        if free := _missing(self._texts, [row for row in part if row[4]]):
            self._texts.upsert(
                ids=[row[0] for row in free],
                embeddings=self.embedder.embed([row[4] for row in free]),
                documents=[row[4] for row in free],
                metadatas=[{"shape": row[3]} for row in free],
            )

    def hold(self, passages: Sequence[Seed]) -> None:
        """Hold these passages of documents and no other; they change only when one is withdrawn.

        Raises:
            RunError: the index cannot be written.
        """
        if not passages:
            return
        try:
            held = self._passages.get(include=[])["ids"]
            if gone := list(set(held) - {one.id for one in passages}):
                self._passages.delete(ids=gone)
            new = [one for one in passages if one.id not in set(held)]
            for part in (new[first : first + BATCH] for first in range(0, len(new), BATCH)):
                texts = [one.text for one in part]
                self._passages.upsert(
                    ids=[one.id for one in part], embeddings=self.embedder.embed(texts), documents=texts,
                    metadatas=[{"place": one.place} for one in part],
                )  # fmt: skip
        except NoriaError:
            raise
        except Exception as fault:  # as in `add`
            raise self._home.fault("written", fault) from fault

    def nearest_passages(self, text: str, count: int) -> list[Neighbour]:
        """The passages nearest to a text, nearest first; `sample` is then the passage's id."""
        # They are asked of in every episode, and written once.
        return self._query(self._passages, [text], None, count, upto=0)[text]

    def remove(self, ids: Sequence[str]) -> None:
        """Let samples go; one that is not there is no error.

        Raises:
            RunError: the index cannot be written.
        """
        try:
            for first in range(0, len(ids), BATCH):
                for collection in (self._asks, self._texts):
                    collection.delete(ids=list(ids[first : first + BATCH]))
        except NoriaError:
            raise
        except Exception as fault:  # as in `add`: the outbox keeps what was to go
            raise self._home.fault("written", fault) from fault

    def count(self) -> int:
        """How many samples the index holds."""
        try:
            return int(self._asks.count())
        except NoriaError:
            raise
        except Exception as fault:  # Chroma's own tree
            raise self._home.fault("read", fault) from fault

    def close(self) -> None:
        """Let it go."""
        self._home.close()


async def catch_up(history: History, index: Neighbours, *, recount: bool = False) -> int:
    """Bring the index up to the ledger, beside the event loop; returns how many samples it took in.

    One that was made anew since the ledger marked it takes every sample again. So does one that
    lost rows: they are counted once it was opened, when `recount` is asked for, and when an
    older Noria made it, of whom the ledger has no name.
    """
    upto, made = history.mark(FOLLOWER)
    start = upto if made in ("", index.made) else 0
    if start and (recount or not made or (index.is_open and not index.counted)):
        start = 0 if index.count() < history.indexable(start) else start
        index.counted = True
    taken, marked = 0, made == index.made
    pages = history.pages(start, BATCH)
    while (page := await aside(lambda: next(pages, None))) is not None:
        at("index.behind")
        await aside(partial(_take, index, page))
        at("index.written")
        await history.followed(FOLLOWER, page.upto, index.made)
        at("index.caught_up")
        taken, marked = taken + len(page.added), True
    if not marked and upto:
        await history.followed(FOLLOWER, start, index.made)
    return taken


def rebuild(folder: Path, history: History) -> int:
    """Delete a session's index and make it again from the ledger; returns its size.

    Raises:
        SessionError: the folder cannot be written.
    """
    home(folder).drop()
    index = Neighbours(folder)
    for page in history.pages(0, BATCH):
        _take(index, page)
        mark = {"name": FOLLOWER, "sequence": page.upto, "made": index.made}
        history.ledger.write_now(replace(tables.projections, mark))
    index.hold([seed for seed in history.seeds() if seed.kind == "passage"])
    count = index.count()
    index.close()
    return count


def _compared(
    collection: "chromadb.Collection", vectors: Vectors, where: dict[str, str] | None, count: int
) -> list[list[Neighbour]]:
    """The nearest rows to each vector, all of them compared; of two that are as near the smaller id comes first."""
    rows = collection.get(where=where, include=["embeddings", "documents"])
    if not rows["ids"]:
        return [[] for _ in vectors]
    said = rows["documents"] or []
    likeness = numpy.round(_unit(vectors) @ _unit(rows["embeddings"]).T, PLACES)
    found = []
    for line in likeness:
        nearest = sorted(range(len(line)), key=lambda at: (-line[at], rows["ids"][at]))[:count]
        found.append([Neighbour(rows["ids"][at], said[at], float(line[at])) for at in nearest])
    return found


def _unit(vectors: Any) -> "numpy.typing.NDArray[numpy.float64]":
    """Vectors of length one; one that points nowhere is like none."""
    long = numpy.asarray(vectors, dtype=numpy.float64)
    unit: numpy.typing.NDArray[numpy.float64] = long / numpy.maximum(numpy.linalg.norm(long, axis=1)[:, None], 1e-12)
    return unit


def _missing(
    collection: "chromadb.Collection", rows: list[tuple[str, str, str, str, str]]
) -> list[tuple[str, str, str, str, str]]:
    """The rows that are not there: an id says what its row holds, and a graph of neighbours suffers from updates."""
    held = set(collection.get(ids=[row[0] for row in rows], include=[])["ids"]) if rows else set[str]()
    return [row for row in rows if row[0] not in held]


def _take(index: Neighbours, page: Page) -> None:
    index.add([_row(sample) for sample in page.added])
    if page.removed:
        index.remove(page.removed)


def _row(sample: Sample) -> tuple[str, str, str, str, str]:
    story = sample.provenance
    return sample.id, story.domain, sample.messages[-2].content, story.shape, story.free_text


__all__ = ["FOLDER", "FOLLOWER", "MADE", "Neighbour", "Neighbours", "catch_up", "rebuild"]
