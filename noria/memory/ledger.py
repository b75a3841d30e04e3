"""The ledger: one database that is the truth of a session.

    episodes ─► write() ─► queue ─► one writer thread ─► one transaction for all that waits ─► fsync
    readers  ─► a connection of their own

An awaited write is on disk when it returns: SQLite runs in WAL mode with synchronous=FULL,
and everything that queued while the last transaction was syncing shares the next one. All
rows of one acceptance travel in one write, so they are there together or not at all. One
process writes; a lock on the session folder holds the others off.
"""

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Executable,
    Integer,
    Table,
    cast,
    create_engine,
    event,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import QueuePool

from noria.errors import NoriaError, RunError, SessionError
from noria.failpoints import at
from noria.memory import tables

FILE = "ledger.db"
"""Name of the ledger in a session's folder."""

Write = tuple[Executable, dict[str, Any] | None]


def put(table: Any, row: dict[str, Any]) -> Write:
    """Write a row unless its key is there already."""
    return upsert(table).on_conflict_do_nothing(), row


def replace(table: Any, row: dict[str, Any]) -> Write:
    """Write a row over the one that has its key."""
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in row.items() if name not in keys}
    return upsert(table).values(row).on_conflict_do_update(index_elements=keys, set_=rest), None


class Lock:
    """The session folder, held by one process; the kernel lets go when the process ends."""

    def __init__(self, folder: Path) -> None:
        """Take the folder.

        Raises:
            SessionError: another process has it.
        """
        self._file = os.open(folder / "session.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode().strip() or "unknown"
            os.close(self._file)
            raise SessionError(
                f"The session {str(folder)!r} is in use by the process {holder}.",
                mend="Wait for it, stop it, or choose another session folder.",
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let the folder go."""
        os.close(self._file)


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
        self._readers = _engine(self.path, read_only=not write)
        self._queue: SimpleQueue[tuple[Sequence[Write], Future[None]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        try:
            with self._readers.connect() as connection:
                if write:
                    at("ledger.empty")
                    connection.exec_driver_sql("BEGIN IMMEDIATE")  # all tables and the version, or none
                    tables.metadata.create_all(connection)
                    connection.execute(*put(tables.meta, {"key": "version", "value": str(tables.VERSION)}))
                    connection.execute(_raised())  # an older ledger was just given the tables it lacked
                    connection.commit()
                damage = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
                found = connection.execute(select(tables.meta.c.value).where(tables.meta.c.key == "version")).scalar()
        except (DatabaseError, sqlite3.DatabaseError) as fault:
            self.close()
            raise self._sentence(fault) from fault
        if damage != "ok" or found is None or int(found) > tables.VERSION:
            self.close()
            if damage == "ok" and found is not None:
                raise SessionError(f"The ledger {str(self.path)!r} was written by a newer Noria.", mend="Update Noria.")
            raise SessionError(f"The ledger {str(self.path)!r} is corrupt: {damage}.", mend="Restore it from a copy.")
        if write:
            self._thread = threading.Thread(target=self._drain, name="ledger", daemon=True)
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
        self._readers.dispose()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    async def write(self, *rows: Write) -> None:
        """Write rows in one transaction; they are on disk when this returns.

        Raises:
            RunError: the disk is full.
            SessionError: the database refuses for another reason.
        """
        await asyncio.wrap_future(self._enqueue(rows))
        at("ledger.acknowledged", rows)

    def write_now(self, *rows: Write) -> None:
        """`write` for callers outside the event loop; raises what it raises."""
        self._enqueue(rows).result()
        at("ledger.acknowledged", rows)

    def _enqueue(self, rows: Sequence[Write]) -> Future[None]:
        if self._thread is None:
            raise SessionError(f"The ledger {str(self.path)!r} is open for reading only.")
        done: Future[None] = Future()
        self._queue.put((rows, done))
        return done

    def _drain(self) -> None:
        """The writer: take all that waits, commit it once, and tell everyone."""
        with self._readers.connect() as connection:
            while (first := self._queue.get()) is not None:
                waiting = [first]
                while not self._queue.empty():
                    more = self._queue.get()
                    if more is None:
                        self._queue.put(None)
                        break
                    waiting.append(more)
                self._commit(connection, waiting)

    def _commit(self, connection: Connection, waiting: Sequence[tuple[Sequence[Write], Future[None]]]) -> None:
        fault: NoriaError | None = None
        try:
            at("ledger.before_commit")
            for rows, _ in waiting:
                for statement, values in rows:
                    connection.execute(statement, values)
            at("ledger.in_commit")
            connection.commit()
            at("ledger.after_commit")
        except (DatabaseError, sqlite3.DatabaseError) as error:
            connection.rollback()
            fault = self._sentence(error)
        if fault is not None and len(waiting) > 1:
            # Only who wrote what the database refuses is to hear of it.
            for one in waiting:
                self._commit(connection, [one])
            return
        for _, done in waiting:
            if not done.set_running_or_notify_cancel():  # from here on nobody can cancel it, and it is told
                continue
            if fault is None:
                done.set_result(None)
            else:
                done.set_exception(fault)

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
        if isinstance(fault, OperationalError):
            return SessionError(
                f"The ledger {str(self.path)!r} cannot be used: {reason}.", mend="Check disk and rights."
            )
        return SessionError(f"The ledger {str(self.path)!r} is corrupt: {reason}.", mend="Restore it from a copy.")

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

    def rows(self, query: Any) -> list[Any]:
        """All rows of a query, each with its columns as attributes.

        Raises:
            SessionError: the database cannot be read.
        """
        try:
            with self._readers.connect() as connection:
                return list(connection.execute(query).all())
        except (DatabaseError, sqlite3.DatabaseError) as fault:
            raise self._sentence(fault) from fault

    def value(self, query: Any) -> Any:
        """The first column of the first row, or none."""
        rows = self.rows(query)
        return rows[0][0] if rows else None

    def fact(self, key: str) -> str | None:
        """A fact of the session: its config, its summary."""
        found: str | None = self.value(select(tables.meta.c.value).where(tables.meta.c.key == key))
        return found


def _raised() -> Executable:
    """Raise an older ledger's version to ours; a newer one's is left, and refused."""
    version, older = tables.meta.c.key == "version", cast(tables.meta.c.value, Integer) < tables.VERSION
    return update(tables.meta).where(version, older).values(value=str(tables.VERSION))


def _engine(path: Path, *, read_only: bool) -> Engine:
    """An engine on the file with the durability the design asks for."""
    url = f"file:{path}?mode=ro" if read_only else f"file:{path}"
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(url, uri=True, check_same_thread=False, timeout=30),
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=4,
    )

    @event.listens_for(engine, "connect")
    def _pragmas(connection: sqlite3.Connection, _: Any) -> None:
        if not read_only:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA mmap_size=0")

    return engine


__all__ = ["FILE", "Ledger", "Lock", "Write", "put", "replace"]
