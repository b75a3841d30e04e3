"""Two sides to compare, each a session or one of its rounds, and every difference between them with its noise.

demo · demo:2 ─► Side ─► shares ─┬─► of all, and within domain and level
                                 ├─► by domain, by reason, of the exams        ─► how many were compared,
                                 └─► measures of diversity, tokens a sample       and which stay beyond noise
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from noria.evaluators.comparing import Count, Difference, Moments, adjusted, beyond, difference, mean_difference
from noria.memory.catalogue import Catalogue
from noria.types import ACCEPTING, Stage
from noria.viewer.effects import NAMES, Effect, Strata, by_domain, effects, funnel, reasons, whole


@dataclass(frozen=True, slots=True)
class Side:
    """A session, or one of its rounds."""

    session: str
    round: int | None
    catalogue: Catalogue

    @property
    def name(self) -> str:
        """As it stands in the address: `demo`, `demo:2`."""
        return self.session if self.round is None else f"{self.session}:{self.round}"

    @property
    def said(self) -> str:
        """In words."""
        return self.session if self.round is None else f"{self.session}, round {self.round}"

    @property
    def where(self) -> str:
        """Which rows are its own, in SQL."""
        return "1" if self.round is None else "round = :round"

    @property
    def values(self) -> dict[str, Any]:
        """The values that `where` asks for."""
        return {} if self.round is None else {"round": self.round}

    def rows(self, sql: str) -> list[Any]:
        """Rows of a query in which `{where}` stands for its own."""
        return self.catalogue.rows(sql.format(where=self.where), self.values)

    def strata(self) -> Strata:
        """What came of its episodes, by domain and level."""
        return effects(self.catalogue, where=self.where, values=self.values).get("", {})

    def facts(self) -> dict[str, Any]:
        """What is known of its round, or of the last one of the session."""
        rows = self.rows("SELECT facts FROM rounds WHERE {where} ORDER BY round DESC LIMIT 1")
        return json.loads(rows[0]["facts"]) if rows else {}

    def config(self) -> dict[str, Any]:
        """Its session's resolved config."""
        rows = self.catalogue.rows("SELECT value FROM session WHERE key = 'config'")
        return json.loads(rows[0]["value"]) if rows else {}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of both sides."""

    name: str
    a: Count
    b: Count
    plain: Difference | None
    within: Difference | None = None
    """The difference inside domain and level; none where it was not asked for or cannot be told."""
    stays: bool = False
    """Whether it is beyond noise when all comparisons of the page count."""

    @property
    def told(self) -> Difference | None:
        """The difference that noise is judged by."""
        return self.within or self.plain


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure that has a figure of each side and an interval of its own, or none."""

    name: str
    a: Mapping[str, Any] | None
    b: Mapping[str, Any] | None


def row(name: str, a: Count, b: Count) -> Row:
    """Two shares as counted."""
    return Row(name, a, b, difference(a, b))


def shares(a: Strata, b: Strata) -> list[Row]:
    """Every share of all episodes, with the difference within domain and level."""
    one, other = whole(a), whole(b)
    return [
        replace(
            row(said, one.count(name), other.count(name)),
            within=adjusted([(a.get(at, Effect()).count(name), b.get(at, Effect()).count(name)) for at in {*a, *b}]),
        )
        for name, said in NAMES.items()
    ]


def domains(a: Strata, b: Strata) -> dict[str, list[Row]]:
    """Acceptance and solving of each domain, and of each of its levels."""
    one, other = by_domain(a), by_domain(b)
    found: dict[str, list[Row]] = {}
    for domain in sorted({*one, *other}):
        parts = [(domain, one.get(domain, Effect()), other.get(domain, Effect()))]
        levels = sorted({level for name, level in {*a, *b} if name == domain})
        if len(levels) > 1:
            parts += [(f"{domain}, level {at}", a.get((domain, at), Effect()), b.get((domain, at), Effect()))
                      for at in levels]  # fmt: skip
        for said, x, y in parts:
            found.setdefault("accepted", []).append(row(said, x.accepted, y.accepted))
            found.setdefault("solved", []).append(row(said, x.solved, y.solved))
    return found


def refusals(a: Side, b: Side, one: Effect, other: Effect) -> list[Row]:
    """The share of all episodes that ended for each reason."""
    x, y = reasons(a.catalogue, a.where, a.values), reasons(b.catalogue, b.where, b.values)
    return [
        row(name, Count(x.get(name, 0), one.episodes), Count(y.get(name, 0), other.episodes))
        for name in sorted({*x, *y} - {*ACCEPTING}, key=lambda name: (-x.get(name, 0) - y.get(name, 0), name))
    ]


def sources(a: Side, b: Side) -> list[Row]:
    """Of the accepted answers, the share that each source wrote."""
    query = "SELECT source, count(*) AS n FROM samples WHERE role = 'solver' AND {where} GROUP BY source"
    x, y = ({one["source"]: one["n"] for one in side.rows(query)} for side in (a, b))
    return [
        row(f"answered by the {name}", Count(x.get(name, 0), sum(x.values())), Count(y.get(name, 0), sum(y.values())))
        for name in ("student", "pool", "program")
        if name in x or name in y
    ]


def exams(a: Side, b: Side) -> list[Row]:
    """The last exam of each side: the share right, of the student and of its parent."""
    query = "SELECT * FROM exams WHERE {where} ORDER BY round DESC LIMIT 1"
    x, y = (next(iter(side.rows(query)), None) for side in (a, b))
    if x is None and y is None:
        return []
    return [
        row(said, *(Count(one[key], one["items"]) if one else Count(0, 0) for one in (x, y)))
        for said, key in (("student, last exam", "student_right"), ("its parent, last exam", "parent_right"))
    ]


def rates(a: Strata, b: Strata) -> tuple[Moments, Moments, Difference | None]:
    """The mean solve rates and their difference."""
    one, other = whole(a).rates, whole(b).rates
    return one, other, mean_difference(one, other)


def counted(tables: Iterable[Sequence[Row]], others: Sequence[Difference | None]) -> tuple[list[list[Row]], list[bool]]:
    """The tables again, and the other differences, each with whether it stays beyond noise among all of them."""
    kept = [list(table) for table in tables]
    stay = iter(beyond([*(one.told for table in kept for one in table), *others]))
    return [[replace(one, stays=next(stay)) for one in table] for table in kept], list(stay)


def stages(a: Side, b: Side) -> list[tuple[str, int, int]]:
    """How many episodes of each side came to each stage."""
    x, y = funnel(a.catalogue, a.where, a.values), funnel(b.catalogue, b.where, b.values)
    order = [stage.value for stage in Stage]
    return [
        (stage, sum(x.get(one, 0) for one in order[at:]), sum(y.get(one, 0) for one in order[at:]))
        for at, stage in enumerate(order)
    ]


def measures(a: Side, b: Side) -> list[Measure]:
    """What the guards measured of the round, or of the last one of the session."""
    x, y = ({one["guard"]: one for one in side.facts().get("guards", {}).get("readings", ())} for side in (a, b))
    return [Measure(name, x.get(name), y.get(name)) for name in {**x, **y}]


def spent(side: Side) -> dict[str, Any]:
    """Tokens and seconds of a side, and tokens for each accepted sample."""
    cost = side.rows(
        "SELECT sum(prompt_tokens) AS prompt, sum(completion_tokens) AS completion, sum(seconds) AS seconds "
        "FROM stages WHERE {where}"
    )[0]
    kept = side.rows("SELECT count(*) AS n FROM samples WHERE role = 'solver' AND {where}")[0]["n"]
    tokens = (cost["prompt"] or 0) + (cost["completion"] or 0)
    return {"tokens": tokens, "seconds": cost["seconds"] or 0.0, "accepted": kept,
            "each": tokens / kept if kept else None}  # fmt: skip


def templates(side: Side) -> dict[str, list[str]]:
    """The versions of each template that were in force."""
    query = (
        "SELECT DISTINCT each.key AS name, each.value AS version FROM (SELECT DISTINCT templates FROM tallies "
        "WHERE {where}) AS mixes, json_each(mixes.templates) AS each ORDER BY 1, 2"
    )
    found: dict[str, list[str]] = {}
    for one in side.rows(query):
        found.setdefault(one["name"], []).append(one["version"])
    return found
