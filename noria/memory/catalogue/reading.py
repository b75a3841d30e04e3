"""Reading a session by SQL: a catalogue that is brought up to the ledger, and cannot be written by who asks.

ledger ─► filling ─► catalogue.db ─► Catalogue.rows(sql, values)
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FILE = "catalogue.db"
"""Name of the catalogue in a session's folder."""


class Catalogue:
    """A session's flat tables (see `tables.py`), opened for reading."""

    def __init__(self, session: Path) -> None:
        """Find the catalogue of a session folder, and make it where there is none.

        Raises:
            SessionError: the folder holds no session.
        """
        self.session = session
        self._connection: sqlite3.Connection | None = None
        raise NotImplementedError

    def catch_up(self, seconds: float = 0.0) -> bool:
        """Take in what the ledger has more; false where that was left unfinished after these seconds (0: no end)."""
        raise NotImplementedError

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[sqlite3.Row]:
        """All rows of a query, read-only."""
        raise NotImplementedError

    def close(self) -> None:
        """Let the file go."""
        raise NotImplementedError


@contextmanager
def catalogue(session: Path) -> Iterator[Catalogue]:
    """A session's catalogue, brought up to its ledger, closed afterwards."""
    found = Catalogue(session)
    try:
        found.catch_up()
        yield found
    finally:
        found.close()
