"""The database's own driver, where a statement a row would cost more than the disk does.

    ledger's statements, with ? ─► sqlite3, as they are
                               └─► psycopg, with %s

What the ledger says to it is the SQL that both take: the few words of SQLite's that PostgreSQL
lacks (`json_each`, `json_extract`) are functions of the session's schema (`backends/schema.py`).
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol, cast

from sqlalchemy import Connection


class Rows(Protocol):
    """What a statement found."""

    def fetchone(self) -> Any:
        """The next row, or none."""
        ...

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        ...

    def __iter__(self) -> Any:
        """The rows, one after another."""
        ...


class Driver(Protocol):
    """A connection that runs plain SQL, its values marked by `?`."""

    def execute(self, statement: str, values: Sequence[Any] = ..., /) -> Rows:
        """Run one statement."""
        ...

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> Any:
        """Run one statement for many rows."""
        ...


class Psycopg:
    """A connection of psycopg's that takes the same statements as SQLite's."""

    def __init__(self, raw: Any) -> None:
        """Stand on an open connection (`psycopg.Connection`)."""
        self.raw = raw

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Rows:
        """Run one statement."""
        return cast("Rows", self.raw.execute(_marked(statement), values))

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> None:
        """Run one statement for many rows, which travel together.

        A server that goes away as they travel can leave the connection between two modes, neither lost nor of use:
        then it is closed, so that nobody asks it for a rollback.
        """
        try:
            with self.raw.cursor() as cursor:
                cursor.executemany(_marked(statement), rows)
        except Exception:
            if self.raw.info.pipeline_status:
                self.raw.close()
            raise


def driver(connection: Connection) -> Driver:
    """The driver beneath an open connection."""
    raw = connection.connection.driver_connection
    return cast("Driver", raw) if connection.dialect.name == "sqlite" else Psycopg(raw)


@lru_cache(maxsize=512)
def _marked(statement: str) -> str:
    return statement.replace("%", "%%").replace("?", "%s")
