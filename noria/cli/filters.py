"""What a list is narrowed by: flags that every list has, as a condition on the catalogue.

    --domain arithmetic --level 2 --search "apples"  ─►  WHERE domain = :domain AND level = :level AND …

A value that nothing in the session has is a mistake, and the sentence says what there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from noria.errors import SessionError
from noria.memory.catalogue import Catalogue, match
from noria.types import ROLES

Domain = Annotated[str, typer.Option("--domain", help="Only of this domain.")]
Level = Annotated[int | None, typer.Option("--level", help="Only of this level.")]
Policy = Annotated[str, typer.Option("--policy", help="Only where this policy (name or id) answered or held a seat.")]
Round = Annotated[int | None, typer.Option("--round", help="Only of this round.")]
Source = Annotated[str, typer.Option("--source", help="Only answers of the student, the pool, or the program.")]
Warrant = Annotated[str, typer.Option("--warrant", help="Only what is verified by a program, or judged alone.")]
Strategy = Annotated[str, typer.Option("--strategy", help="Only what this method dealt and asked for.")]
Reason = Annotated[str, typer.Option("--reason", help="Only those that ended for this reason, such as duplicate.")]
Verdict = Annotated[str, typer.Option("--verdict", help="Only where the judge ruled accept, revise or reject.")]
Template = Annotated[str, typer.Option("--template", help="Only those played with this template (name@hash).")]
Search = Annotated[str, typer.Option("--search", help='Only with these words; "in quotes" together, the last begun.')]
Limit = Annotated[
    int | None, typer.Option("-n", "--limit", min=0, help="So many, newest last; 0 for all. On a terminal 20.")
]
Before = Annotated[int | None, typer.Option("--before", help="Only those before this number of the list.")]

Lines = Annotated[bool, typer.Option("--json", help="Print JSON, an object a line; all rows.")]

KNOWN = 12
"""Values that a sentence lists."""


@dataclass
class Filter:
    """A condition on the rows of one table."""

    table: str
    """`samples` or `episodes`."""
    conditions: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    """Each flag that must be of something the session has, and the column it is of."""

    @property
    def place(self) -> str:
        """The column that rows are ordered by."""
        return "sequence" if self.table == "samples" else "number"

    def where(self, condition: str, **values: Any) -> "Filter":
        """Narrow it by a condition."""
        self.conditions.append(condition)
        self.values |= values
        return self

    def given(self, **flags: Any) -> "Filter":
        """Narrow it by the flags that were given, each by its name."""
        for name, value in flags.items():
            if value not in (None, ""):
                getattr(self, f"_{name}", self._plain)(name, value)
        return self

    def _plain(self, name: str, value: Any) -> None:
        self.asked[name] = name
        self.where(f"{name} = :{name}", **{name: value})

    def _policy(self, name: str, value: str) -> None:
        columns = ("policy_name", "policy", "generator_name") if self.table == "samples" else ROLES
        named = "(SELECT name FROM policies WHERE id = :policy OR name = :policy UNION SELECT :policy)"
        self.asked[name] = "policy_name" if self.table == "samples" else "solver"
        self.where(f"({' OR '.join(f'{column} IN {named}' for column in columns)})", policy=value)

    def _verdict(self, name: str, value: str) -> None:
        key = "episode" if self.table == "samples" else "id"
        if value not in ("accept", "revise", "reject"):
            raise SessionError(f"There is no verdict {value!r}.", mend="It is accept, revise or reject.")
        self.where(f"{key} IN (SELECT episode FROM verdicts WHERE ruling = :verdict)", verdict=value)  # noqa: S608 (our names)

    def _template(self, name: str, value: str) -> None:
        key = "episode" if self.table == "samples" else "id"
        self.where(f"{key} IN (SELECT episode FROM used WHERE version = :template)", template=value)  # noqa: S608 (our names)

    def _search(self, name: str, value: str) -> None:
        key = "episode_number" if self.table == "samples" else "number"
        self.where(f"{key} IN (SELECT rowid FROM words WHERE words MATCH :search)", search=match(value))  # noqa: S608 (our names)

    def _before(self, name: str, value: int) -> None:
        self.where(f"{self.place} < :before", before=value)

    @property
    def sql(self) -> str:
        """The condition, from `WHERE` on."""
        return "WHERE " + (" AND ".join(self.conditions) or "1")

    def count(self, found: Catalogue) -> int:
        """How many rows there are, and a sentence where a flag names what the session has not.

        Raises:
            SessionError: nothing of the session has that value.
        """
        counted = int(found.rows(f"SELECT count(*) FROM {self.table} {self.sql}", self.values)[0][0])  # noqa: S608 (our names)
        if not counted:
            self._explained(found)
        return counted

    def last(self, found: Catalogue, columns: str, limit: int) -> list[Any]:
        """The last rows, so many (0: all), oldest first."""
        query = f"SELECT {columns} FROM {self.table} {self.sql} ORDER BY {self.place} DESC LIMIT :limit"  # noqa: S608 (our names)
        return found.rows(query, {**self.values, "limit": limit or -1})[::-1]

    def _explained(self, found: Catalogue) -> None:
        known: Mapping[str, str] = self.asked
        for flag, column in known.items():
            rows = found.rows(f"SELECT DISTINCT {column} FROM {self.table} ORDER BY 1")  # noqa: S608 (our names)
            there = [row[0] for row in rows]
            if flag == "policy":
                there += [name for row in found.rows("SELECT name, id FROM policies") for name in row]
            if there and self.values[flag] not in there:
                listed = ", ".join(map(str, there[:KNOWN])) + (", …" if len(there) > KNOWN else "")
                raise SessionError(f"The session has no {flag} {self.values[flag]!r}.", mend=f"It has {listed}.")
        if "template" in self.values and not found.rows(
            "SELECT 1 FROM templates WHERE version = :template", {"template": self.values["template"]}
        ):
            versions = ", ".join(row[0] for row in found.rows("SELECT version FROM templates ORDER BY 1"))
            raise SessionError(
                f"No episode was played with the template {self.values['template']!r}.", mend=f"There are {versions}."
            )
