"""A session that is read for long, standing still: while somebody plays in it, a copy of its ledger.

nobody plays ─► the folder itself          somebody does ─► SQLite's backup ─► a folder of its own, gone afterwards
in PostgreSQL ─► its rows, as they were at one moment, in a file of SQLite ─────┘
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import literal_column, select

from noria.errors import SessionError
from noria.memory import tables
from noria.memory.backends import Backend, backend
from noria.memory.backends.place import place as elsewhere
from noria.memory.backends.schema import order
from noria.memory.backends.sqlite import Sqlite
from noria.memory.driver import driver
from noria.memory.ledger import FILE

PART = 2000
"""Rows copied at once."""


@contextmanager
def snapshot(session: Path) -> Iterator[Path]:
    """A folder whose ledger nobody writes: the session's own, or that of a copy made now.

    Raises:
        SessionError: the ledger cannot be read.
    """
    if elsewhere(session) is not None:
        with tempfile.TemporaryDirectory(prefix="noria-") as place:
            copied(backend(session), Path(place))
            yield Path(place)
        return
    if not (session / FILE).is_file() or not _played(session):
        yield session
        return
    with tempfile.TemporaryDirectory(prefix="noria-") as place:
        try:
            with (
                closing(sqlite3.connect(f"file:{session / FILE}?mode=ro", uri=True, timeout=30)) as live,
                closing(sqlite3.connect(Path(place) / FILE)) as copy,
            ):
                live.backup(copy)
        except sqlite3.Error as fault:
            raise SessionError(f"The ledger of {str(session)!r} cannot be copied: {fault}.") from fault
        yield Path(place)


def copied(source: Backend, folder: Path) -> None:
    """Copy a ledger of today's version, as it is at one moment, into a file of SQLite in a folder.

    Raises:
        SessionError: the ledger cannot be read.
    """
    found, target = source.check(write=False), Sqlite(folder)
    read, written = source.engine(read_only=True), target.engine(read_only=False)
    try:
        target.make(written, found)
        with read.connect() as rows, written.begin() as made:
            rows.execution_options(isolation_level="REPEATABLE READ", stream_results=True)
            for table in tables.metadata.sorted_tables:
                names = [column.name for column in table.columns]
                query = select(*table.columns)
                if place := order(table):
                    query = query.order_by(literal_column(place))
                given = f'INSERT OR REPLACE INTO "{table.name}" VALUES ({", ".join("?" * len(names))})'  # noqa: S608
                result = rows.execute(query)
                while part := result.fetchmany(PART):
                    driver(made).executemany(given, [tuple(row) for row in part])
    except source.faults as fault:
        raise source.sentence(fault) from fault
    finally:
        read.dispose()
        written.dispose()


def _played(session: Path) -> bool:
    """Whether the process that last took the session may still hold it; a doubt costs a copy."""
    try:
        os.kill(int((session / "session.lock").read_text(encoding="ascii")), 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True
