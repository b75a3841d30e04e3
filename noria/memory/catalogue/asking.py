"""One question of a person's own, in SQL: it reads, and can do nothing else.

    SELECT … ─► authorizer: reads alone ─► clock: so many seconds ─► rows, one at a time

The catalogue is `main`, a ledger that is a file stands beside it as `ledger`; both are opened for
reading only. No statement attaches, changes, or loads anything, and no value grows beyond bounds.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from noria.errors import SessionError
from noria.memory.catalogue.reading import Catalogue
from noria.memory.ledger import FILE, address

LONGEST = 64 << 20
"""Bytes of the longest value that a query may make."""

STEPS = 10_000
"""Instructions of SQLite between two looks at the clock."""

_READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
_TOLD = {"table_info", "table_xinfo", "table_list", "data_version"}
"""Pragmas that tell of tables; full text asks the last by itself."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query found."""

    columns: tuple[str, ...]
    rows: Iterator[Sequence[Any]]


@contextmanager
def asked(found: Catalogue, sql: str, seconds: float) -> Iterator[Answer]:
    """Ask a query of the catalogue and its ledger; its rows are to be read within.

    Raises:
        SessionError: SQLite refuses it (its sentence is quoted), it would do more than read, or it takes too long.
    """
    connection = sqlite3.connect(address(found.path), uri=True, isolation_level=None, timeout=30)
    until = time.monotonic() + seconds
    try:
        with _sentences(seconds, lambda: time.monotonic() > until, found.elsewhere):
            if not found.elsewhere:
                connection.execute("ATTACH ? AS ledger", (address(found.session / FILE),))
            connection.execute("PRAGMA query_only=1")
            connection.execute("SELECT 1 FROM words LIMIT 0")  # full text sets itself up, which is more than reading
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
            connection.set_authorizer(_allowed)
            connection.set_progress_handler(lambda: time.monotonic() > until, STEPS)
            cursor = connection.execute(sql)
            if cursor.description is None:
                raise SessionError("That is no question.", mend="Ask one: SELECT … FROM ….")
            yield Answer(tuple(column[0] for column in cursor.description), cursor)
    finally:
        connection.close()


@contextmanager
def _sentences(seconds: float, over: Any, elsewhere: str) -> Iterator[None]:
    """Turn SQLite's refusals into sentences."""
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning, OverflowError, ValueError) as fault:
        said = " ".join(str(fault).split()).rstrip(".")
        if said == "interrupted" and over():
            raise SessionError(
                f"The query was stopped after {seconds:g} s.", mend="Ask for less, or give it more by --seconds."
            ) from fault
        if any(no in said for no in ("not authorized", "prohibited", "authorization denied")):
            raise SessionError("A query may only read.", mend=f"SQLite says: {said}.") from fault
        if elsewhere and "ledger." in said:
            raise SessionError(
                f"SQLite refuses the query: {said}.",
                mend=f"The ledger is in PostgreSQL ({elsewhere}): `psql` asks it; here the catalogue is asked.",
            ) from fault
        raise SessionError(
            f"SQLite refuses the query: {said}.", mend="`noria query SESSION` lists the tables."
        ) from fault


def _allowed(action: int, first: str | None, second: str | None, *_: Any) -> int:
    if action in _READS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if second == "load_extension" else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if (first or "").lower() in _TOLD else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_DENY
