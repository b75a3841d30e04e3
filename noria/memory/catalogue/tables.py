"""The catalogue's tables: documented SQL (`tables.sql`) that people, datasette and DuckDB read as it is.

    session · rounds · stages · episodes · attempts · checks · critiques · probes · verdicts
    samples · turns · templates · used · policies · learned · shown · exams · exam_domains · exam_items
    selections · strategies · beliefs · seatings · moves · steps · tallies · lessons (counts) · words (full text)
    views: accepted · refused · funnel · cost

One row a thing, text in full, names of policies beside their ids. A fact that this session
has not (no exam was held) is a table without rows. What a table and a column mean stands
beside them in the SQL and nowhere else: SQLite keeps the remarks in the catalogue itself, and
`described` reads them for `noria query` and for the documentation.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from noria.identity import digest

SQL = (Path(__file__).parent / "tables.sql").read_text(encoding="utf-8")

FILLED = 1
"""Raised where the same tables are filled in another way."""

VERSION = f"{FILLED}/{digest(SQL)[:12]}"
"""Version of these tables and of what stands in them: a catalogue of another is deleted and made again."""

STATEMENTS = tuple(one[0] for one in re.finditer(r"^CREATE .*?;$", SQL, re.DOTALL | re.MULTILINE))
"""What makes an empty catalogue."""

_HEAD = re.compile(r"CREATE (?:VIRTUAL )?(TABLE|VIEW) (\w+)[^\n]*? -- (.*)")
_COLUMN = re.compile(r"^    (\w+)((?: [A-Z ()a-z]+?)?),? -- (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Described:
    """A table or a view, in words."""

    name: str
    kind: str
    """`table` or `view`."""
    said: str
    columns: tuple[tuple[str, str, str], ...]
    """Name, type and meaning; a view's say what they are of themselves."""


def described() -> list[Described]:
    """Every table and view, in the order of the SQL."""
    found = []
    for statement in STATEMENTS:
        if head := _HEAD.match(statement):
            columns = tuple((name, kind.strip(), said) for name, kind, said in _COLUMN.findall(statement))
            found.append(Described(head[2], head[1].lower(), head[3], columns))
    return found


def markdown() -> str:
    """Every table and view with its columns, as the documentation shows them."""
    parts = []
    for one in described():
        parts.append(f"### {one.name}\n\n{'A view. ' * (one.kind == 'view')}{one.said}\n")
        if one.columns:
            rows = [f"| `{name}` | {kind.lower()} | {said} |" for name, kind, said in one.columns]
            parts.append("\n".join(["| column | type | meaning |", "|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)
