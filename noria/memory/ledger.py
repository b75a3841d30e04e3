"""The ledger: one database that is the truth of a session.

    episodes ─► write() ─► queue ─► one writer thread ─► one transaction for all that waits ─► fsync
    readers  ─► connections of their own, which cannot write

An awaited write is on disk when it returns, and everything that queued while the last
transaction was syncing shares the next one. All rows of one acceptance travel in one write, so
they are there together or not at all. One process writes; a lock on the session folder holds
the others off. Where the rows are kept, a file or a server, is said by the folder and known to
its backend alone (`backends/`).
"""

import asyncio
import threading
from collections import Counter, namedtuple
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from sqlalchemy import Connection, Engine, Table, inspect, select
from sqlalchemy.exc import DBAPIError

from noria.errors import NoriaError, SessionError
from noria.failpoints import at
from noria.memory import tables, texts
from noria.memory.backends import backend
from noria.memory.backends.place import is_session
from noria.memory.backends.sqlite import FILE, address
from noria.memory.driver import Driver, driver
from noria.memory.lock import Lock
from noria.memory.quick import Quick
from noria.memory.writing import Put, Write, apply, put, replace

PART = 500
"""Rows read at once from a stream."""

REMEMBERED = 2000
"""Texts kept in memory, for those that many rows share."""

Waiting = tuple[Sequence[Write], "Future[None] | asyncio.Future[None]"]


class Ledger:
    """Reads and, where it was opened for that, writes one session's ledger."""

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        """Open the ledger of a session folder, making it if it is to be written.

        Raises:
            SessionError: there is none, it is corrupt, of a newer version, or held by another process.
        """
        self._backend = backend(folder)
        self.path = self._backend.mark
        """The file by which the session's folder is known: the ledger itself, or where that is."""
        self.place = self._backend.place
        """What sentences call it: its file, or its database and schema."""
        self._faults: tuple[type[Exception], ...] = (DBAPIError, *self._backend.faults)
        self._lock = self._take(folder) if write else None
        if not write and not is_session(folder):
            raise SessionError(f"{str(folder)!r} holds no session (no {FILE}).", mend="`noria run` starts one.")
        self._readers = self._backend.engine(read_only=True)
        self._writer: Engine | None = None
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._texts: dict[str, str] = {}
        self._lost: NoriaError | None = None
        self._ages: Counter[str] = Counter()
        self._quick = Quick(self._readers)
        try:
            if write:
                self._backend.take()
            found = self._backend.check(write=write)
            if write:
                self._writer = self._backend.engine(read_only=False)
                self._backend.make(self._writer, found)
        except self._faults as fault:
            self.close()
            raise self._backend.sentence(fault) from fault
        except NoriaError:
            self.close()
            raise
        if self._writer is not None:
            self._thread = threading.Thread(target=self._drain, args=(self._writer,), name="ledger", daemon=True)
            self._thread.start()

    def _take(self, folder: Path) -> Lock:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return Lock(folder)
        except OSError as fault:
            raise SessionError(
                f"The session folder {str(folder)!r} cannot be used: {fault.strerror}.",
                mend="Choose a folder that is yours to write.",
            ) from fault

    def close(self) -> None:
        """Write what waits, close the database, and let the session go."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        self._quick.close()
        self._readers.dispose()
        if self._writer is not None:
            self._writer.dispose()
        self._backend.release()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    async def write(self, *rows: Write) -> None:
        """Write rows in one transaction; they are on disk when this returns.

        Raises:
            RunError: the disk is full.
            SessionError: the database refuses for another reason.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._enqueue(rows, done)
        await done
        at("ledger.acknowledged", rows)

    def write_now(self, *rows: Write) -> None:
        """`write` for callers outside the event loop; raises what it raises."""
        done: Future[None] = Future()
        self._enqueue(rows, done)
        done.result()
        at("ledger.acknowledged", rows)

    def _enqueue(self, rows: Sequence[Write], done: "Future[None] | asyncio.Future[None]") -> None:
        if self._thread is None:
            raise SessionError(f"The ledger {self.place!r} is open for reading only.")
        self._queue.put((rows, done))

    def _drain(self, engine: Engine) -> None:
        """The writer: take all that waits, commit it once, and tell everyone."""
        with engine.connect() as connection:
            while (first := self._queue.get()) is not None:
                waiting = [first]
                while not self._queue.empty():
                    more = self._queue.get()
                    if more is None:
                        self._queue.put(None)
                        break
                    waiting.append(more)
                self._commit(connection, waiting)

    def _commit(self, connection: Connection, waiting: Sequence[Waiting]) -> None:
        if self._lost is not None:  # who lost the connection that writes has lost the right to
            _tell([done for _, done in waiting], self._lost)
            return
        fault: Exception | None = None
        try:
            at("ledger.before_commit")
            connection.begin()
            apply(connection, [row for rows, _ in waiting for row in rows])
            at("ledger.in_commit")
            connection.commit()
            at("ledger.after_commit")
            self._ages.update({one.table.name for rows, _ in waiting for one in rows if isinstance(one, Put)})
            self._backend.wrote()
        except self._faults as error:
            self._undo(connection)
            fault = self._backend.sentence(error)
            self._lost = fault if self._backend.lost() else None
        except Exception as error:  # a fault of ours: who wrote it hears of it, and the writer lives on
            self._undo(connection)
            fault = error
        if fault is not None and len(waiting) > 1:
            # Only who wrote what the database refuses is to hear of it.
            for one in waiting:
                self._commit(connection, [one])
            return
        _tell([done for _, done in waiting], fault)

    def _undo(self, connection: Connection) -> None:
        with suppress(*self._faults):  # of a connection that was lost nothing stands
            connection.rollback()

    def has(self, table: Table) -> bool:
        """Whether the table is there: an older ledger may lack a newer one, unless it is written, and so has them all.

        Raises:
            SessionError: the database cannot be read.
        """
        if self._thread is not None:
            return True
        try:
            with self._readers.connect() as connection:
                return inspect(connection).has_table(table.name)
        except self._faults as fault:
            raise self._backend.sentence(fault) from fault

    def rows(self, query: Any, given: Mapping[str, Any] | None = None) -> list[Any]:
        """All rows of a query, each with its columns as attributes; `given` are the values of its parameters.

        Raises:
            SessionError: the database cannot be read.
        """
        return list(self.stream(query, given, size=0))

    def stream(
        self, query: Any, given: Mapping[str, Any] | None = None, *, size: int = PART, loose: bool = False
    ) -> Iterator[Any]:
        """The rows of a query, `size` read at once (0: all), as the ledger was when the first was asked for.

        `loose`: a text that is missing leaves its mark in the body instead of ending the reading.

        Raises:
            SessionError: the database cannot be read.
        """
        folded = _folded(query)
        try:
            with self._readers.connect() as connection:
                if size and self._backend.streams:
                    connection.execution_options(**self._backend.streams)
                result = connection.execute(query, given)
                while part := result.fetchmany(size) if size else result.all():
                    yield from self._unfolded(connection, part, folded, loose=loose) if folded else part
                    if not size:
                        break
        except self._faults as fault:
            raise self._backend.sentence(fault) from fault

    def _unfolded(
        self, connection: Connection, part: Sequence[Any], folded: Sequence[int], *, loose: bool
    ) -> list[Any]:
        """Rows with their bodies as they were written; the texts of all are looked up together."""
        needed = texts.keys(row[at] for row in part for at in folded)
        if not needed:
            return list(part)
        known = self._known(driver(connection), needed, loose=loose)
        kind, found = _row(part[0]._fields), []
        for row in part:
            values = list(row)
            for place in folded:
                values[place] = texts.unfold(values[place], known)
            found.append(kind(*values))
        return found

    def _known(self, connection: Driver, needed: set[str], *, loose: bool = False) -> dict[str, str]:
        """Texts by their keys; where one is missing its mark, if that will do."""
        kept = self._texts  # another thread may read as well
        known = {key: text for key in needed if (text := kept.get(key)) is not None}
        known |= texts.looked_up(connection, needed - known.keys())
        if len(kept) > REMEMBERED:
            self._texts = kept = {}
        kept.update(known)
        if (missing := needed - known.keys()) and not loose:
            raise SessionError(
                f"The ledger {self.place!r} is corrupt: the text {min(missing)} is missing.",
                mend="Restore it from a copy.",
            )
        return known | {key: texts.MARK + key for key in missing}

    def quick(self, statement: str, *values: Any) -> list[Any]:
        """All rows of a statement with `?`, as tuples, for what is asked for every candidate (see `Quick`).

        Raises:
            SessionError: the database cannot be read.
        """
        try:
            with self._quick as raw:
                return raw.execute(statement, values).fetchall()
        except self._faults as fault:
            raise self._backend.sentence(fault) from fault

    def bodies(self, statement: str, *values: Any) -> list[str]:
        """`quick` for bodies, each as it was written.

        Raises:
            SessionError: the database cannot be read, or a text is missing.
        """
        try:
            with self._quick as raw:
                found = [row[0] for row in raw.execute(statement, values).fetchall()]
                known = self._known(raw, needed) if (needed := texts.keys(found)) else {}
        except self._faults as fault:
            raise self._backend.sentence(fault) from fault
        return [texts.unfold(body, known) for body in found]

    def value(self, query: Any) -> Any:
        """The first column of the first row, or none."""
        rows = self.rows(query)
        return rows[0][0] if rows else None

    def age(self, table: Table) -> int:
        """How many commits put or replaced rows of a table; as long as it stays, so does what was read of the table.

        Statements that change many rows are not counted: ask it of a table that is written row by row.
        -1 where this process does not write the ledger: others may.
        """
        return -1 if self._thread is None else self._ages[table.name]

    def fact(self, key: str) -> str | None:
        """A fact of the session: its config, its summary."""
        found: str | None = self.value(select(tables.meta.c.value).where(tables.meta.c.key == key))
        return found

    def damage(self) -> str:
        """What the database finds wrong with its pages when it reads them all; empty where nothing is.

        Raises:
            SessionError: the database cannot be read.
        """
        try:
            return self._backend.damage()
        except self._faults as fault:
            raise self._backend.sentence(fault) from fault


def told(folder: Path, key: str) -> str | None:
    """A fact of a session that nobody here has open.

    Raises:
        SessionError: the folder holds no readable session.
    """
    ledger = Ledger(folder)
    try:
        return ledger.fact(key)
    finally:
        ledger.close()


@lru_cache(maxsize=64)
def _folded(query: Any) -> tuple[int, ...]:
    """Which columns of a query are folded. A query that comes again tells once: telling takes longer than running."""
    columns = getattr(query, "selected_columns", ())
    return tuple(at for at, column in enumerate(columns) if isinstance(column.type, texts.Folded))


@lru_cache(maxsize=64)
def _row(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names)


def _tell(waiting: Sequence["Future[None] | asyncio.Future[None]"], fault: Exception | None) -> None:
    """Let go of everyone who waits; each event loop is woken once."""
    loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for done in waiting:
        if isinstance(done, asyncio.Future):
            loops.setdefault(done.get_loop(), []).append(done)
        elif fault is None:
            done.set_result(None)
        else:
            done.set_exception(fault)
    for loop, some in loops.items():
        with suppress(RuntimeError):  # a loop that is closed has nobody waiting
            loop.call_soon_threadsafe(_release, some, fault)


def _release(some: list[asyncio.Future[None]], fault: Exception | None) -> None:
    for done in some:
        if done.done():
            continue
        if fault is None:
            done.set_result(None)
        else:
            done.set_exception(fault)


__all__ = ["FILE", "Ledger", "Write", "address", "is_session", "put", "replace", "told"]
