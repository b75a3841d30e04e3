"""The ledger as a file of SQLite in the session's folder.

It runs in WAL mode with synchronous=FULL. Opening must not take longer the more was accepted,
so it reads a small file whole and of a large one the tables that everything hangs on; SQLite's
own pages are safe from a kill, and `noria accepted verify` reads all of any ledger. A damaged
page that was not met at opening is named when it is.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

from noria.errors import NoriaError, RunError, SessionError
from noria.failpoints import at
from noria.memory import migrations, tables
from noria.memory.backends.backend import Reading
from noria.memory.driver import Driver
from noria.memory.writing import apply, put

FILE = "ledger.db"
"""Name of the ledger in a session's folder."""

SMALL = 32 << 20
"""Bytes up to which opening checks every page; 0.1 s for the largest."""

HEADS = ("meta", "pointers", "policies", "rounds")
"""Tables whose pages are checked however large the ledger is."""

PAGES = 4000
"""Pages the log may grow to before they go into the database, which costs syncs of its own."""


class Sqlite:
    """A session's ledger in its folder."""

    faults: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, folder: Path) -> None:
        """Stand on a session's folder; nothing is opened yet."""
        self.mark = folder / FILE
        self.place = str(self.mark)
        self.streams: dict[str, Any] = {}
        self._older: int | None = None

    def take(self) -> None:
        """Nothing to do: whoever writes holds the folder."""

    def check(self, *, write: bool) -> int | None:
        """Refuse what is newer or damaged, and bring what is older up to today where it may be written."""
        # Nothing may change before the version is known, the journal's mode least of all.
        with _connected(self.mark, read_only=not write) as connection:
            try:
                found = migrations.version(connection)
            except ValueError as fault:
                raise self._corrupt(str(fault)) from fault
            if found is not None and found > tables.VERSION:
                raise SessionError(f"The ledger {self.place!r} was written by a newer Noria.", mend="Update Noria.")
            small = self.mark.stat().st_size <= SMALL
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
                raise self._unstarted()
            elif found is None:
                raise self._corrupt("it has no version")
            elif found < tables.VERSION:
                self._older = found
        return found

    def make(self, writer: Engine, found: int | None) -> None:
        """Have every table of today."""
        with writer.begin() as made:
            # The driver begins no transaction for what makes tables.
            made.exec_driver_sql("BEGIN IMMEDIATE")
            if found is None:
                tables.metadata.drop_all(made)  # empty ones of an older Noria that was killed at once
            tables.metadata.create_all(made)
            apply(made, [put(tables.meta, {"key": "version", "value": str(tables.VERSION)})])

    def engine(self, *, read_only: bool) -> Engine:
        """An engine on the file."""
        engine = create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(
                address(self.mark, read_only=read_only), uri=True, check_same_thread=False, timeout=30
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

    def wrote(self) -> None:
        """Nothing to do: its file is its mark."""

    def lost(self) -> bool:
        """A file is not lost."""
        return False

    def damage(self) -> str:
        """What SQLite's own check of every page says."""
        with _connected(self.mark, read_only=True) as connection:
            said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        return "" if said == "ok" else said

    def sentence(self, fault: Exception) -> NoriaError:
        """What a fault of SQLite's means."""
        reason = str(getattr(fault, "orig", None) or fault)
        if "no such table: meta" in reason:  # it was killed before it had any
            return self._unstarted()
        if "full" in reason:
            return RunError(
                f"The disk that holds {self.place!r} is full.", mend="Free some space, then `noria resume`."
            )
        if isinstance(fault, (OperationalError, sqlite3.OperationalError)):
            return SessionError(f"The ledger {self.place!r} cannot be used: {reason}.", mend="Check disk and rights.")
        return self._corrupt(reason)

    def _corrupt(self, damage: str) -> SessionError:
        return SessionError(f"The ledger {self.place!r} is corrupt: {damage}.", mend="Restore it from a copy.")

    def _unstarted(self) -> SessionError:
        return SessionError(f"The session {str(self.mark.parent)!r} was never started.", mend="`noria run` starts it.")

    def reading(self) -> Reading:
        """A connection that reads the file."""
        return _Reading(self.mark)

    def release(self) -> None:
        """Nothing to do."""


class _Reading:
    """SQLite, read in transactions of several statements."""

    def __init__(self, path: Path) -> None:
        self._raw = sqlite3.connect(address(path), uri=True, isolation_level=None, check_same_thread=False, timeout=30)
        self.driver: Driver = self._raw
        try:
            migrations.seen_as_new(self._raw, migrations.version(self._raw) or tables.VERSION)
        except sqlite3.Error:
            self._raw.close()
            raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        self._raw.execute("BEGIN")
        try:
            yield
        finally:
            self._raw.execute("ROLLBACK")

    def version(self) -> object:
        return self._raw.execute("PRAGMA data_version").fetchone()[0]

    def has(self, table: str) -> bool:
        query = "SELECT 1 FROM sqlite_master WHERE name = ?1 UNION ALL SELECT 1 FROM sqlite_temp_master WHERE name = ?1"
        return self._raw.execute(query, (table,)).fetchone() is not None

    def closed(self) -> bool:
        return False

    def close(self) -> None:
        self._raw.close()


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
