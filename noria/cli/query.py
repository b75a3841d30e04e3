"""`noria query`: a session asked in SQL, and what there is to ask."""

import csv
import json
import math
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from noria.cli.main import AsJson, Session, app, err, out
from noria.cli.paging import NoPager, drawn, fitted, show
from noria.errors import SessionError
from noria.viewer.text import printable

ROWS = 100
"""Rows that a table shows where nobody says how many."""

WIDEST = 60
"""Columns of the terminal that one cell takes at most."""


@app.command()
def query(
    session: Session,
    sql: Annotated[str, typer.Argument(help="One SELECT; without it, the tables and views are listed.")] = "",
    seconds: Annotated[float, typer.Option(min=0.1, help="Stop it after so many seconds.")] = 30.0,
    limit: Annotated[int | None, typer.Option("-n", "--limit", min=0, help="At most so many rows; 0 for all.")] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
    no_pager: NoPager = False,
) -> None:
    """Ask the session in SQL, read-only: the catalogue, and beside it the ledger as `ledger`."""
    from noria.memory.catalogue import catalogue
    from noria.memory.catalogue.asking import asked

    if as_json and as_csv:
        raise SessionError("A query prints JSON or CSV, not both.", mend="Leave one of --json and --csv out.")
    with catalogue(session) as found:
        if not sql.strip():
            show(_listed(found.elsewhere, as_json=as_json), paged=not no_pager)
            return
        most = (0 if as_json or as_csv else ROWS) if limit is None else limit
        with asked(found, sql, seconds) as answer:
            rows = (list(map(_plain, row)) for row in (islice(answer.rows, most) if most else answer.rows))
            if as_json:
                _json(answer.columns, rows)
            elif as_csv:
                _csv(answer.columns, rows)
            else:
                show(_table(answer.columns, list(rows)), paged=not no_pager)
            if most and next(answer.rows, None) is not None:
                err.print(f"There are more than {most} rows: --limit 0 shows all.", markup=False)


def _plain(value: Any) -> Any:
    """A value as JSON can say it: bytes as SQLite writes them, no number that is none."""
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _json(columns: Sequence[str], rows: Iterator[list[Any]]) -> None:
    for row in rows:
        typer.echo(json.dumps(dict(zip(columns, row, strict=True))))


def _csv(columns: Sequence[str], rows: Iterator[list[Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    clean = printable if sys.stdout.isatty() else str
    writer.writerow(columns)
    writer.writerows(["" if value is None else clean(str(value)) for value in row] for row in rows)


def _table(columns: Sequence[str], rows: list[list[Any]]) -> list[str]:
    """A table where it fits, else a block of lines for each row."""
    cells = [[_cell(value) for value in row] for row in rows]
    heads = [printable(column) for column in columns]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    if sum(widths) + 2 * len(widths) > out.width and len(columns) > 1:
        name = max(map(len, heads))
        return [
            line
            for at, row in enumerate(rows, 1)
            for line in (
                f"row {at}",
                *(fitted(f"{head:{name}}  {_said(value)}", 2) for head, value in zip(heads, row, strict=True)),
            )
        ] or ["no rows"]
    table = Table(box=None, padding=(0, 2, 0, 0))
    for at, head in enumerate(heads):
        figures = all(isinstance(row[at], int | float) for row in rows) and rows
        table.add_column(escape(head), justify="right" if figures else "left", overflow="fold")
    for row in cells:
        table.add_row(*map(escape, row))
    return [*drawn(table), *([] if rows else ["no rows"])]


def _said(value: Any) -> str:
    """A value on one line."""
    return "null" if value is None else " ".join(printable(str(value)).split(" ")).replace("\n", "\\n")


def _cell(value: Any) -> str:
    text = _said(value)
    return f"{text[: WIDEST - 1]}…" if len(text) > WIDEST else text


def _listed(elsewhere: str, *, as_json: bool) -> Iterator[str]:
    """Every table and view with a sentence, and their columns."""
    from noria.memory.catalogue.tables import described

    for one in described():
        if as_json:
            columns = [{"name": name, "type": kind, "said": said} for name, kind, said in one.columns]
            yield json.dumps({"name": one.name, "kind": one.kind, "said": one.said, "columns": columns})
            continue
        yield f"{one.name}{' (view)' * (one.kind == 'view')}: {one.said}"
        widest = max((len(name) for name, *_ in one.columns), default=0)
        yield from (fitted(f"{name:{widest}}  {said}", 4) for name, _, said in one.columns)
    if not as_json and elsewhere:
        yield f"The ledger's own tables are in PostgreSQL ({elsewhere}); psql asks them."
    elif not as_json:
        yield "The ledger's own tables stand beside these: ledger.turns, ledger.deals, …"
