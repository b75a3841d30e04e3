"""Reading a session by SQL: a catalogue that is brought up to the ledger, and cannot be written by who asks.

    ledger ─► filling ─► catalogue.db ─► Catalogue.rows(sql, values)

Many may read at once, in as many threads and processes as like to; one fills at a time. A
catalogue of another version, of another ledger, or one that cannot be read, is deleted and
made again: all it says stands in the ledger.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from noria.errors import SessionError
from noria.memory.catalogue.filling import fill, fits
from noria.memory.catalogue.place import FILE, identity, make, place, turn, unwritable
from noria.memory.catalogue.source import Source
from noria.memory.ledger import address

Opened = tuple[tuple[int, int], sqlite3.Connection]

CACHED = 64_000
"""Kilobytes of the catalogue that who fills it holds at most; who reads it holds half as many."""

PAGES = 8_000
"""Pages its log may grow to before they go into the database."""


class Catalogue:
    """A session's flat tables (see `tables.py`), opened for reading."""

    def __init__(self, session: Path) -> None:
        """Find the catalogue of a session folder, and make it where there is none.

        Raises:
            SessionError: the folder holds no session, or no catalogue can be written anywhere.
        """
        self.session = session
        self._source = Source(session)
        self._guard = threading.Lock()
        self._idle: deque[Opened] = deque()
        self._writer: Opened | None = None
        self._through = (0, 0)
        try:
            self.path = place(session)
            if identity(self.path) == (0, 0):
                with turn(self.path, None):
                    self._open_writer()
        except BaseException:
            self.close()
            raise

    @property
    def elsewhere(self) -> str:
        """Where the ledger is if it is no file of the session's folder; else empty."""
        return self._source.place if self._source.elsewhere else ""

    def catch_up(self, seconds: float = 0.0) -> bool:
        """Take in what the ledger has more; false where that was left unfinished after these seconds (0: no end).

        Where another process is at it, it is waited for as long.

        Raises:
            SessionError: the session was deleted, or one of the two files cannot be used.
        """
        until = time.monotonic() + seconds if seconds else None
        if not self._guard.acquire(timeout=seconds or -1):
            return False
        try:
            if self._source.gone():
                self._close_writer()
                self._source.close()
                self._source, self._through = Source(self.session), (0, 0)
            elif self._through == identity(self.path) != (0, 0) and not self._source.changed():
                return True
            with turn(self.path, until) as mine:
                return mine and self._filled(until)
        finally:
            self._guard.release()

    def _filled(self, until: float | None) -> bool:
        """Fill it; one that turns out to be damaged is made again, once."""
        for again in (True, False):
            try:
                file, target = self._open_writer()
                through = fill(self._source, target, until)
                self._through = file if through else (0, 0)
                return through
            except sqlite3.DatabaseError as fault:
                if not again or not _damaged(fault):
                    raise unwritable(self.path, fault) from fault
                self._close_writer()
                self._make()
        raise AssertionError("the second time returns or raises")

    def _open_writer(self) -> Opened:
        """The connection that fills: to a catalogue of this version and this ledger, made where there is none such."""
        if self._writer is not None and self._writer[0] == identity(self.path):
            return self._writer
        self._close_writer()
        for again in (True, False):
            if identity(self.path) == (0, 0):
                self._make()
            connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30)
            self._writer = (identity(self.path), connection)
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=NORMAL")
                connection.execute(f"PRAGMA cache_size=-{CACHED}")
                connection.execute(f"PRAGMA wal_autocheckpoint={PAGES}")
                if fits(self._source, connection):
                    return self._writer
            except sqlite3.DatabaseError as fault:
                if not again or not _damaged(fault):
                    raise unwritable(self.path, fault) from fault
            self._close_writer()
            self._make()
        raise SessionError(f"The catalogue {str(self.path)!r} cannot be made.", mend="Is it written by another?")

    def _make(self) -> None:
        try:
            make(self.path)
        except (OSError, sqlite3.Error) as fault:
            raise unwritable(self.path, fault) from fault

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[sqlite3.Row]:
        """All rows of a query, read-only.

        Raises:
            SessionError: the catalogue is gone or damaged; the next `catch_up` makes it again.
            sqlite3.OperationalError: the query is wrong.
        """
        with self.reader() as connection:
            return connection.execute(sql, values or {}).fetchall()

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """A connection for a moment, which cannot write; other threads have others.

        Raises:
            SessionError: the catalogue is gone or damaged.
        """
        file, connection = self._reader()
        try:
            yield connection
        except sqlite3.DatabaseError as fault:
            if isinstance(fault, (sqlite3.OperationalError, sqlite3.ProgrammingError)):
                raise
            self._through = (0, 0)
            raise unwritable(self.path, fault) from fault
        finally:
            self._idle.append((file, connection))

    def _reader(self) -> Opened:
        file = identity(self.path)
        while self._idle:
            one = self._idle.pop()
            if one[0] == file:
                return one
            one[1].close()
        try:
            connection = sqlite3.connect(
                address(self.path), uri=True, isolation_level=None, check_same_thread=False, timeout=30
            )
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA query_only=1")
            connection.execute(f"PRAGMA cache_size=-{CACHED // 2}")
        except sqlite3.Error as fault:
            raise unwritable(self.path, fault) from fault
        return file, connection

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer[1].close()
            self._writer = None

    def close(self) -> None:
        """Let the files go."""
        while self._idle:
            self._idle.pop()[1].close()
        self._close_writer()
        self._source.close()


def _damaged(fault: sqlite3.DatabaseError) -> bool:
    """Whether the catalogue itself is at fault, and not the disk or a lock."""
    return not isinstance(fault, sqlite3.OperationalError) or str(fault).startswith("no such")


@contextmanager
def catalogue(session: Path) -> Iterator[Catalogue]:
    """A session's catalogue, brought up to its ledger, closed afterwards."""
    found = Catalogue(session)
    try:
        found.catch_up()
        yield found
    finally:
        found.close()


__all__ = ["FILE", "Catalogue", "catalogue"]
