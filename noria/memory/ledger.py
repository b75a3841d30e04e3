"""The ledger: one database that is the truth of a session.

    episodes ─► write() ─► queue ─► one writer thread ─► one transaction for all that waits ─► fsync
    readers  ─► connections of their own, which cannot write

An awaited write is on disk when it returns: SQLite runs in WAL mode with synchronous=FULL,
and everything that queued while the last transaction was syncing shares the next one. All
rows of one acceptance travel in one write, so they are there together or not at all. One
process writes; a lock on the session folder holds the others off.

Opening must not take longer the more was accepted, so it reads a small ledger whole and of a
large one the tables that everything hangs on; SQLite's own pages are safe from a kill, and
`noria accepted verify` reads all of any ledger. A damaged page that was not met at opening is
named when it is.
"""

import asyncio
import os
import sqlite3
import threading
from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any, cast

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, select
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import QueuePool

from noria.errors import NoriaError, RunError, SessionError
from noria.failpoints import at
from noria.memory import migrations, tables, texts
from noria.memory.lock import Lock
from noria.memory.writing import Write, apply, put, replace

FILE = "ledger.db"
"""Name of the ledger in a session's folder."""

SMALL = 32 << 20
"""Bytes up to which opening checks every page; 0.1 s for the largest."""

HEADS = ("meta", "pointers", "policies", "rounds")
"""Tables whose pages are checked however large the ledger is."""

PAGES = 4000
"""Pages the log may grow to before they go into the database, which costs syncs of its own."""

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
        self.path = folder / FILE
        self._lock = self._take(folder) if write else None
        if not write and not self.path.is_file():
            raise SessionError(f"{str(folder)!r} holds no session (no {FILE}).", mend="`noria run` starts one.")
        self._older: int | None = None
        self._readers = self._engine(read_only=True)
        self._writer = self._engine(read_only=False) if write else None
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._texts: dict[str, str] = {}
        try:
            self._prepare(write=write)
        except (DatabaseError, sqlite3.Error) as fault:
            self.close()
            raise self._sentence(fault) from fault
        except NoriaError:
            self.close()
            raise
        if self._writer is not None:
            self._thread = threading.Thread(target=self._drain, args=(self._writer,), name="ledger", daemon=True)
            self._thread.start()

    def _prepare(self, *, write: bool) -> None:
        """Refuse what is newer or damaged, and bring what is older up to today where it may be written."""
        # Nothing may change before the version is known, the journal's mode least of all.
        with _connected(self.path, read_only=not write) as connection:
            try:
                found = migrations.version(connection)
            except ValueError as fault:
                raise self._corrupt(str(fault)) from fault
            if found is not None and found > tables.VERSION:
                raise SessionError(f"The ledger {str(self.path)!r} was written by a newer Noria.", mend="Update Noria.")
            small = self.path.stat().st_size <= SMALL
            for table in (None,) if small else HEADS:
                check = f"PRAGMA quick_check({1 if table is None else table})"
                if found is not None and (damage := connection.execute(check).fetchone()[0]) != "ok":
                    raise self._corrupt(damage)
            if write:
                at("ledger.empty")
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                if found is not None:
                    migrations.migrate(connection, found)
            elif found is None and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise SessionError(
                    f"The session {str(self.path.parent)!r} was never started.", mend="`noria run` starts it."
                )
            elif found is None:
                raise self._corrupt("it has no version")
            elif found < tables.VERSION:
                self._older = found
        if self._writer is not None:
            with self._writer.begin() as made:
                # The driver begins no transaction for what makes tables.
                made.exec_driver_sql("BEGIN IMMEDIATE")
                if found is None:
                    tables.metadata.drop_all(made)  # empty ones of an older Noria that was killed at once
                tables.metadata.create_all(made)
                apply(made, [put(tables.meta, {"key": "version", "value": str(tables.VERSION)})])

    def _corrupt(self, damage: str) -> SessionError:
        return SessionError(f"The ledger {str(self.path)!r} is corrupt: {damage}.", mend="Restore it from a copy.")

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
        self._readers.dispose()
        if self._writer is not None:
            self._writer.dispose()
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
            raise SessionError(f"The ledger {str(self.path)!r} is open for reading only.")
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
        fault: Exception | None = None
        try:
            at("ledger.before_commit")
            connection.begin()
            apply(connection, [row for rows, _ in waiting for row in rows])
            at("ledger.in_commit")
            connection.commit()
            at("ledger.after_commit")
        except (DatabaseError, sqlite3.Error) as error:
            connection.rollback()
            fault = self._sentence(error)
        except Exception as error:  # a fault of ours: who wrote it hears of it, and the writer lives on
            connection.rollback()
            fault = error
        if fault is not None and len(waiting) > 1:
            # Only who wrote what the database refuses is to hear of it.
            for one in waiting:
                self._commit(connection, [one])
            return
        _tell([done for _, done in waiting], fault)

    def _sentence(self, fault: Exception) -> NoriaError:
        reason = str(getattr(fault, "orig", None) or fault)
        if "no such table: meta" in reason:  # it was killed before it had any
            return SessionError(
                f"The session {str(self.path.parent)!r} was never started.", mend="`noria run` starts it."
            )
        if "full" in reason:
            return RunError(
                f"The disk that holds {str(self.path)!r} is full.", mend="Free some space, then `noria resume`."
            )
        if isinstance(fault, (OperationalError, sqlite3.OperationalError)):
            return SessionError(
                f"The ledger {str(self.path)!r} cannot be used: {reason}.", mend="Check disk and rights."
            )
        return self._corrupt(reason)

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
        except (DatabaseError, sqlite3.DatabaseError) as fault:
            raise self._sentence(fault) from fault

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
        folded = [at for at, column in enumerate(getattr(query, "selected_columns", ())) if _is_folded(column)]
        try:
            with self._readers.connect() as connection:
                result = connection.execute(query, given)
                while part := result.fetchmany(size) if size else result.all():
                    yield from self._unfolded(connection, part, folded, loose=loose) if folded else part
                    if not size:
                        break
        except (DatabaseError, sqlite3.Error) as fault:
            raise self._sentence(fault) from fault

    def _unfolded(self, connection: Connection, part: Sequence[Any], folded: list[int], *, loose: bool) -> list[Any]:
        """Rows with their bodies as they were written; the texts of all are looked up together."""
        needed = texts.keys(row[at] for row in part for at in folded)
        if not needed:
            return list(part)
        kept = self._texts  # another thread may read as well
        known = {key: text for key in needed if (text := kept.get(key)) is not None}
        raw = cast("sqlite3.Connection", connection.connection.driver_connection)
        known |= texts.looked_up(raw, needed - known.keys())
        if len(kept) > REMEMBERED:
            self._texts = kept = {}
        kept.update(known)
        if missing := needed - known.keys():
            if not loose:
                raise self._corrupt(f"the text {min(missing)} is missing")
            known |= {key: texts.MARK + key for key in missing}
        kind, found = _row(part[0]._fields), []
        for row in part:
            values = list(row)
            for place in folded:
                values[place] = texts.unfold(values[place], known)
            found.append(kind(*values))
        return found

    def value(self, query: Any) -> Any:
        """The first column of the first row, or none."""
        rows = self.rows(query)
        return rows[0][0] if rows else None

    def fact(self, key: str) -> str | None:
        """A fact of the session: its config, its summary."""
        found: str | None = self.value(select(tables.meta.c.value).where(tables.meta.c.key == key))
        return found

    def _engine(self, *, read_only: bool) -> Engine:
        """An engine on the file with the durability the design asks for."""
        engine = create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(
                address(self.path, read_only=read_only), uri=True, check_same_thread=False, timeout=30
            ),
            poolclass=QueuePool,
            pool_size=4 if read_only else 1,
            max_overflow=8 if read_only else 0,
        )

        @event.listens_for(engine, "connect")
        def _pragmas(connection: sqlite3.Connection, _: Any) -> None:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint={PAGES}")
            connection.execute("PRAGMA mmap_size=0")
            if self._older is not None:
                migrations.seen_as_new(connection, self._older)

        return engine


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


def address(path: Path, *, read_only: bool = True) -> str:
    """The address of a database; where nothing can be written beside one that is only read, it is asked for no log."""
    still = not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()
    return path.absolute().as_uri() + f"?mode=ro{'&immutable=1' * still}" * read_only


@contextmanager
def _connected(path: Path, *, read_only: bool) -> Iterator[sqlite3.Connection]:
    """A connection in autocommit, closed afterwards."""
    connection = sqlite3.connect(address(path, read_only=read_only), uri=True, isolation_level=None, timeout=30)
    try:
        yield connection
    finally:
        connection.close()


def _is_folded(column: Any) -> bool:
    return isinstance(column.type, texts.Folded)


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


__all__ = ["FILE", "Ledger", "Write", "address", "put", "replace", "told"]
