"""What one transaction of the ledger does with the rows that wait for it.

    rows ─► by table ─► samples: the known ones out, the rest chained ─► bodies folded ─► executemany

Everything that waits is written together, a table at a time by one prepared statement, for a
statement a row costs more than the disk does. That two rows of different tables change places
is seen by nobody: they are committed together. A statement that is no row (a change of many)
is run where it stands among the others.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Executable, Insert, Table
from sqlalchemy.ext.compiler import compiles

from noria.memory import chain, tables, texts
from noria.memory.driver import Driver, driver

Row = dict[str, Any]


class Put(NamedTuple):
    """A row to write."""

    table: Table
    row: Row
    over: bool
    """Whether it takes the place of one that has its key; if not, that one stays."""


Write = Put | tuple[Executable, Row | None]


def put(table: Table, row: Row) -> Write:
    """Write a row unless its key is there already."""
    return Put(table, row, over=False)


def replace(table: Table, row: Row) -> Write:
    """Write a row over the one that has its key."""
    return Put(table, row, over=True)


class _New(Insert):
    """An insert that passes over what is there."""

    inherit_cache = True


def new_only(table: Table) -> Insert:
    """Insert what a query finds, passing over rows whose key is there already."""
    return _New(table).prefix_with("OR IGNORE", dialect="sqlite")


@compiles(_New)
def _as_ever(element: Insert, compiler: Any, **told: Any) -> str:
    return str(compiler.visit_insert(element, **told))


@compiles(_New, "postgresql")
def _on_conflict(element: Insert, compiler: Any, **told: Any) -> str:
    return f"{compiler.visit_insert(element, **told)} ON CONFLICT DO NOTHING"


def apply(connection: Connection, writes: Iterable[Write]) -> None:
    """Write rows into an open transaction."""
    raw = driver(connection)
    waiting: dict[tuple[str, tuple[str, ...], bool], list[Row]] = {}
    for one in writes:
        if isinstance(one, Put):
            waiting.setdefault((one.table.name, tuple(one.row), one.over), []).append(one.row)
            continue
        _written(raw, waiting)
        connection.execute(*one)
    _written(raw, waiting)


def _written(raw: Driver, waiting: dict[tuple[str, tuple[str, ...], bool], list[Row]]) -> None:
    for (name, columns, over), rows in waiting.items():
        if bodies := _bodies(name):
            rows = [{**row, **{column: texts.plain(row[column]) for column, _ in bodies}} for row in rows]
        if name == tables.samples.name:
            rows, columns = chain.chained(raw, rows), (*columns, "sequence", "chain")
        if bodies and rows:
            _fold(raw, rows, bodies)
        raw.executemany(_statement(name, columns, over), [tuple(map(row.__getitem__, columns)) for row in rows])
    waiting.clear()


def _fold(raw: Driver, rows: list[Row], bodies: tuple[tuple[str, bool], ...]) -> None:
    """Fold the bodies of rows; the texts they need are written first."""
    found: dict[str, str] = {}
    changed: list[tuple[Row, str, str, dict[str, str]]] = []
    for row in rows:
        for column, objects in bodies:
            folded, own = texts.fold(row[column], objects=objects)
            if own:
                changed.append((row, column, folded, own))
                for key, text in own.items():
                    found.setdefault(key, text)
    # Two texts of one key: whoever's is not the one that is kept stays as it is.
    taken = texts.keep(raw, found) if found else set[str]()
    for row, column, folded, own in changed:
        if all(key not in taken and found[key] == text for key, text in own.items()):
            row[column] = folded


@lru_cache(maxsize=64)
def _bodies(name: str) -> tuple[tuple[str, bool], ...]:
    """The folded columns of a table, and whether whole objects are folded in each."""
    columns = tables.metadata.tables[name].columns
    return tuple((one.name, one.type.objects) for one in columns if isinstance(one.type, texts.Folded))


@lru_cache(maxsize=256)
def _statement(name: str, columns: tuple[str, ...], over: bool) -> str:
    keys = [column.name for column in tables.metadata.tables[name].primary_key]
    rest = ", ".join(f'"{column}" = excluded."{column}"' for column in columns if column not in keys)
    taken = f"({', '.join(keys)}) DO UPDATE SET {rest}" if over else "DO NOTHING"
    names, places = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
    return f'INSERT INTO "{name}" ({names}) VALUES ({places}) ON CONFLICT {taken}'  # noqa: S608 (our names)
