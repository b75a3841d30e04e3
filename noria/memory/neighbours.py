"""The neighbour index: what has been accepted that means nearly the same.

    ledger ─► outbox ─► catch_up() ─► Chroma ─► nearest()

Chroma holds content ids, vectors and the texts they were made of; it can be deleted and
rebuilt from the ledger at any time. It is written in batches when a batch of episodes has
ended, because one row at a time costs a sync each.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import chromadb
from chromadb.config import Settings

from noria.errors import RunError, SessionError, storage
from noria.failpoints import at
from noria.memory.embed import Embedder, StaticEmbedder, Vectors
from noria.memory.history import History
from noria.memory.withdrawals import Withdrawals
from noria.types import Sample

FOLDER = "chroma"
"""Name of the index in a session's folder."""

BATCH = 2000
"""Rows written at once; Chroma takes at most 5,461."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An accepted sample near a text."""

    sample: str
    text: str
    similarity: float
    """Cosine, from -1 to 1."""


class Neighbours:
    """The index of one session's accepted samples: what they ask, and their free text."""

    def __init__(self, folder: Path, embedder: Embedder | None = None) -> None:
        """Open the index of a session folder, making it where there is none.

        Raises:
            SessionError: Chroma cannot open it.
        """
        self.folder = folder / FOLDER
        self._embedder = embedder
        with storage(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._client = chromadb.PersistentClient(str(self.folder), Settings(anonymized_telemetry=False))
            cosine = {"hnsw": {"space": "cosine"}}
            self._asks = self._client.get_or_create_collection("asks", embedding_function=None, configuration=cosine)
            self._texts = self._client.get_or_create_collection("texts", embedding_function=None, configuration=cosine)
        except Exception as fault:  # Chroma's Rust core raises its own tree, down to a bare panic.
            raise SessionError(
                f"The neighbour index {str(self.folder)!r} cannot be opened: {fault}.",
                mend="Delete the folder and run `noria memory rebuild`.",
            ) from fault

    @property
    def embedder(self) -> Embedder:
        """The embedder, loaded at first use."""
        if self._embedder is None:
            self._embedder = StaticEmbedder()
        return self._embedder

    def nearest(self, text: str, *, domain: str, count: int) -> list[Neighbour]:
        """The accepted instructions of a domain nearest to a text, nearest first."""
        return self._query(self._asks, text, {"domain": domain}, count)

    def nearest_free_text(self, text: str, *, shape: str) -> Neighbour | None:
        """The accepted free text of the same kind of task that means most nearly the same."""
        return next(iter(self._query(self._texts, text, {"shape": shape}, 1)), None)

    def _query(self, collection: chromadb.Collection, text: str, where: dict[str, str], count: int) -> list[Neighbour]:
        if not count or not collection.count():
            return []
        vector: Vectors = self.embedder.embed([text])
        found = collection.query(query_embeddings=vector, n_results=count, where=where)
        ids, texts, distances = found["ids"][0], found["documents"], found["distances"]
        assert texts is not None
        assert distances is not None
        return [Neighbour(*row) for row in zip(ids, texts[0], (1 - d for d in distances[0]), strict=True)]

    def add(self, rows: list[tuple[str, str, str, str, str]]) -> None:
        """Take samples in: id, domain, instruction, kind of free text, free text (empty where none).

        Raises:
            RunError: the index cannot be written.
        """
        try:
            for at in range(0, len(rows), BATCH):
                self._add(rows[at : at + BATCH])
        except Exception as fault:  # Chroma's own tree; the ledger keeps what was to be indexed
            raise RunError(
                f"The neighbour index {str(self.folder)!r} cannot be written: {fault}.",
                mend="Check the disk, then `noria resume`.",
            ) from fault

    def _add(self, part: list[tuple[str, str, str, str, str]]) -> None:
        self._asks.upsert(
            ids=[row[0] for row in part],
            embeddings=self.embedder.embed([row[2] for row in part]),
            documents=[row[2] for row in part],
            metadatas=[{"domain": row[1]} for row in part],
        )
        at("index.half_written")
        if free := [row for row in part if row[4]]:
            self._texts.upsert(
                ids=[row[0] for row in free],
                embeddings=self.embedder.embed([row[4] for row in free]),
                documents=[row[4] for row in free],
                metadatas=[{"shape": row[3]} for row in free],
            )

    def remove(self, ids: Sequence[str]) -> None:
        """Let samples go; one that is not there is no error.

        Raises:
            RunError: the index cannot be written.
        """
        try:
            for at in range(0, len(ids), BATCH):
                for collection in (self._asks, self._texts):
                    collection.delete(ids=list(ids[at : at + BATCH]))
        except Exception as fault:  # as in `add`: the outbox keeps what was to go
            raise RunError(
                f"The neighbour index {str(self.folder)!r} cannot be written: {fault}.",
                mend="Check the disk, then `noria memory rebuild`.",
            ) from fault

    def count(self) -> int:
        """How many samples the index holds."""
        return int(self._asks.count())

    def close(self) -> None:
        """Let the files go."""
        self._client.close()


async def catch_up(history: History, index: Neighbours, *, recount: bool = False) -> int:
    """Bring the index up to the ledger; returns how many samples it took in.

    What is withdrawn and waits in the outbox leaves the index.

    `recount` compares what the index holds with what it was given: one that was deleted or
    lost rows takes every sample again.
    """
    waiting = history.unindexed()
    out = Withdrawals(history.ledger).among([sample.id for sample in waiting])
    if out:
        index.remove(list(out))
        gone = list(out)
        for first in range(0, len(gone), BATCH):
            await history.indexed(gone[first : first + BATCH])
        waiting = [sample for sample in waiting if sample.id not in out]
    if recount:
        whole = history.samples(role="solver")
        waiting = whole if index.count() + len(waiting) < len(whole) else waiting
    if waiting:
        at("index.behind")
        index.add([_row(sample) for sample in waiting])
        at("index.written")
        await history.indexed(sample.id for sample in waiting)
        at("index.caught_up")
    return len(waiting)


def rebuild(folder: Path, history: History) -> int:
    """Delete a session's index and make it again from the ledger; returns its size.

    Raises:
        SessionError: the folder cannot be written.
    """
    with storage(folder / FOLDER):
        shutil.rmtree(folder / FOLDER, ignore_errors=True)
    index = Neighbours(folder)
    index.add([_row(sample) for sample in history.samples(role="solver")])
    count = index.count()
    index.close()
    return count


def _row(sample: Sample) -> tuple[str, str, str, str, str]:
    story = sample.provenance
    return sample.id, story.domain, sample.messages[-2].content, story.shape, story.free_text
