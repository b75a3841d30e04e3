"""Rows of the log, newest first, by keyset: a page costs the same wherever it stands.

    conditions ─► places (an index alone, one page and one more) ─► the rows of these places
               └► how many there are, counted up to a bound

Wide rows are read for the page only: conditions are decided in an index that covers them.
Nobody reads past ten thousand, so nobody waits for the count of a million.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from noria.memory.catalogue import Catalogue
from noria.viewer.log.asked import Asked, Filter

ROWS = 50
"""Rows on a page."""

COUNTED = 10_000
"""Rows up to which what matches is counted."""

CHOICES = 500
"""Values that a control offers."""


@dataclass(frozen=True, slots=True)
class Log:
    """One kind of log over a table of the catalogue; all of it is text of ours."""

    table: str
    key: str
    """The column that orders it, growing with time."""
    columns: str
    """What a row of a page shows."""
    base: str
    """The condition of everything in it; empty for all."""
    match: str
    """The condition that an FTS5 query sets."""
    cover: str
    """The index that holds all that conditions ask of a row."""
    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a log."""

    rows: Sequence[Row]
    """Newest first."""
    count: int
    """What matches, or one more than is counted."""
    newest: int
    """The newest place of the whole log, matching or not, when the page was made."""
    older: int | None
    """Where older rows go on (`before`); none at the end."""
    newer: int | None
    """Where newer rows go on (`after`); none at the beginning."""

    @property
    def counted(self) -> str:
        """How many match, in words and figures."""
        return f"more than {COUNTED:,}" if self.count > COUNTED else f"{self.count:,}"


def listed(catalogue: Catalogue, log: Log, asked: Asked) -> Listed:
    """The page that an address asks for."""
    where, values = _where(log, asked)
    place: dict[str, Any] = {**values, "rows": ROWS + 1}
    forward = asked.after is not None
    if asked.before is not None or forward:
        where = [*where, f"{log.key} {'>' if forward else '<'} :place"]
        place["place"] = asked.after if forward else asked.before
    order = "ASC" if forward else "DESC"
    places = f"SELECT {log.key} FROM {_from(log, asked)} {_all(where)} ORDER BY {log.key} {order} LIMIT :rows"  # noqa: S608 (our words)
    query = f"SELECT {log.columns} FROM {log.table} WHERE {log.key} IN ({places}) ORDER BY {log.key} {order}"  # noqa: S608 (our words)
    rows = catalogue.rows(query, place)
    more, rows = len(rows) > ROWS, rows[:ROWS]
    if forward:
        rows = rows[::-1]
    older = rows[-1][log.key] if rows and (more or forward) else None
    newer = rows[0][log.key] if rows and (more if forward else asked.before is not None) else None
    top = catalogue.rows(f"SELECT max({log.key}) AS top FROM {log.table}")[0]["top"] or 0  # noqa: S608 (our words)
    return Listed(rows, counted(catalogue, log, asked), top, older, newer)


def counted(catalogue: Catalogue, log: Log, asked: Asked, *, since: int = 0) -> int:
    """How many rows match that are newer than a place, up to one more than is counted."""
    where, values = _where(log, asked)
    if since:
        where.append(f"{log.key} > :since")
    inner = f"SELECT 1 FROM {_from(log, asked)} {_all(where)} LIMIT {COUNTED + 1}"  # noqa: S608 (our words)
    found = catalogue.rows(f"SELECT count(*) AS count FROM ({inner})", {**values, "since": since})  # noqa: S608 (our words)
    return int(found[0]["count"])


def grouped(catalogue: Catalogue, log: Log, asked: Asked, column: str) -> list[tuple[str, int]]:
    """How many rows match by the values of a column of ours, most first."""
    where, values = _where(log, asked)
    rows = catalogue.rows(
        f"SELECT {column} AS value, count(*) AS count FROM {log.table} INDEXED BY {log.cover} {_all(where)} "  # noqa: S608 (our words)
        f"GROUP BY {column} ORDER BY count DESC, value",
        values,
    )
    return [(row["value"], row["count"]) for row in rows]


def skimmed(catalogue: Catalogue, table: str, column: str, fixed: str = "", **values: str) -> list[Any]:
    """The values of an indexed column, in order, each found by one step in its index however many rows there are.

    `fixed` is a condition on the columns that stand before it in the index.
    """
    found: list[Any] = []
    first = _all([fixed] if fixed else [])
    later = _all([*([fixed] if fixed else []), f"{column} > :last"])
    while len(found) < CHOICES:
        query = f"SELECT min({column}) AS value FROM {table} {later if found else first}"  # noqa: S608 (our words)
        value = catalogue.rows(query, {**values, "last": found[-1]} if found else values)[0]["value"]
        if value is None:
            break
        found.append(value)
    return found


def _from(log: Log, asked: Asked) -> str:
    """The table; where something is asked for, by the index that decides it without reading the rows."""
    return f"{log.table} INDEXED BY {log.cover}" if asked.any else log.table


def _where(log: Log, asked: Asked) -> tuple[list[str], dict[str, str]]:
    where, values = asked.conditions(searched=log.match)
    return [*([log.base] if log.base else []), *where], values


def _all(where: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(where)}" if where else ""
