"""The policies of a session as its pages tell them: what each learned, how it was examined, what it did since.

policies, exams, moves ─► the graph, and a row each
lessons                ─► what it learned, and who learned from what it wrote
rounds, critiques, …   ─► the seats it held, and its cards there
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

from noria.evaluators.comparing import Count
from noria.memory.catalogue import Catalogue
from noria.types.words import ROLES
from noria.viewer.drawing import Back, Node
from noria.viewer.drawing.lineage import State

MIX = ("new", "replay", "anchor", "generator")
"""The parts of a training set (`composition` of a policy's training)."""

WROTE = "SELECT role, count(*) AS n FROM samples WHERE policy_name = :name AND role IN ('solver', 'generator')"
"""Answered from an index alone; so is the same of what is withdrawn."""

DESCENDANTS = """
WITH RECURSIVE reached(name) AS (
  SELECT :name UNION
  SELECT policies.name FROM reached JOIN lessons ON lessons.writer = reached.name
  JOIN policies ON policies.id = lessons.policy
) SELECT name FROM reached WHERE name <> :name
"""


@dataclass(frozen=True, slots=True)
class Exam:
    """An exam as pages show it."""

    round: int
    parent: str
    student: str
    items: int
    parent_right: Count
    student_right: Count
    wins: int
    losses: int
    p_value: float
    alpha: float
    promoted: bool
    why: str
    body: dict[str, Any]

    @property
    def note(self) -> str:
        """Both shares in a few letters."""
        return f"{self.parent_right.share or 0:.0%} → {self.student_right.share or 0:.0%}".replace("%", " %")


@dataclass(frozen=True, slots=True)
class Student:
    """A policy."""

    id: str
    name: str
    round: int
    state: str
    """As the catalogue has it; the current student's is what became of it in its exam."""
    current: bool
    parents: tuple[str, ...]
    """Names of the policies whose weights it grew from."""
    folder: str
    adapter: str
    training: dict[str, Any]
    exam: Exam | None

    @property
    def against(self) -> tuple[str, ...]:
        """Whom it was examined against; where it was not, whose weights it grew from."""
        return (self.exam.parent,) if self.exam else self.parents

    @property
    def mix(self) -> dict[str, int]:
        """The rows of its training set by kind, without the empty ones."""
        made = self.training.get("composition", {})
        return {name: made[name] for name in MIX if made.get(name)}


def exams(catalogue: Catalogue) -> dict[str, Exam]:
    """The exam of each student, by its name."""
    return {
        row["student"]: Exam(
            row["round"], row["parent"], row["student"], row["items"], Count(row["parent_right"], row["items"]),
            Count(row["student_right"], row["items"]), row["wins"], row["losses"], row["p_value"], row["alpha"],
            bool(row["promoted"]), row["why"], json.loads(row["body"]),
        )
        for row in catalogue.rows("SELECT * FROM exams ORDER BY round")
    }  # fmt: skip


def students(catalogue: Catalogue) -> list[Student]:
    """Every policy, in the order they were made."""
    rows = [dict(row) for row in catalogue.rows("SELECT * FROM policies ORDER BY round, name")]
    held = exams(catalogue)
    names = {row["id"]: row["name"] for row in rows}
    base = next((row["value"] for row in catalogue.rows("SELECT value FROM session WHERE key = 'base'")), "")
    return [
        Student(
            row["id"], row["name"], row["round"], _state(row, held, base), bool(row["current"]),
            tuple(names.get(one, one) for one in json.loads(row["parents"])), row["folder"], row["adapter"],
            json.loads(row["training"]), held.get(row["name"]),
        )
        for row in rows
    ]  # fmt: skip


def _state(row: Mapping[str, Any], held: Mapping[str, Exam], base: str) -> str:
    if row["state"] != "current":
        return str(row["state"])
    exam = held.get(row["name"])
    return "base" if row["name"] == base else "promoted" if exam and exam.promoted else "unexamined"


def graph(catalogue: Catalogue, known: Sequence[Student], root: str) -> tuple[list[Node], list[Back]]:
    """The policies as a graph, and the moves back in it."""
    nodes = [
        Node(one.name, one.round, cast("State", one.state), one.against, one.current, one.exam.note if one.exam else "",
             f"{root}/policies/{quote(one.name, safe='')}")
        for one in known
    ]  # fmt: skip
    return nodes, [Back(row["before"], row["after"], row["cause"]) for row in moves(catalogue) if _back(row)]


def moves(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Every move of the student's pointer, oldest first."""
    return [dict(row) for row in catalogue.rows("SELECT * FROM moves ORDER BY sequence")]


def _back(move: Mapping[str, Any]) -> bool:
    return bool(move["cause"] != "promote" and move["before"] != move["after"])


def rounds(catalogue: Catalogue) -> dict[int, dict[str, Any]]:
    """The facts of each round."""
    return {row["round"]: json.loads(row["facts"]) for row in catalogue.rows("SELECT round, facts FROM rounds")}


def trial(facts: Mapping[int, Mapping[str, Any]], policy: str) -> dict[str, Any] | None:
    """The probation of a policy (by its id), if it was decided."""
    return next((one["trial"] for one in facts.values() if one.get("trial", {}).get("policy") == policy), None)


def seats(facts: Mapping[int, Mapping[str, Any]], policy: str) -> dict[str, list[int]]:
    """The rounds in which a policy (by its id) held each seat."""
    found: dict[str, list[int]] = {}
    for number, one in sorted(facts.items()):
        for role, who in one.get("seats", {}).items():
            if who == policy:
                found.setdefault(role, []).append(number)
    return found


def together(held: Mapping[str, Sequence[int]]) -> str:
    """The seats in words, those of the same rounds together: `critic, judge in rounds 1 to 3; solver in round 4`."""
    found: dict[tuple[int, ...], list[str]] = {}
    for role, numbers in held.items():
        found.setdefault(tuple(numbers), []).append(role)
    return "; ".join(
        f"{'every seat' if len(roles) == len(ROLES) else ', '.join(roles)} in "
        f"round{'s' if len(numbers) > 1 else ''} {spans(numbers)}"
        for numbers, roles in found.items()
    )


def spans(numbers: Sequence[int]) -> str:
    """Rounds in words: `1 to 3, 5`."""
    runs: list[list[int]] = []
    for one in sorted(numbers):
        if runs and one == runs[-1][-1] + 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)


def lessons(catalogue: Catalogue, policy: str) -> list[dict[str, Any]]:
    """What a policy (by its id) learned: samples by role, domain, source and writer."""
    query = (
        "SELECT role, domain, source, writer, min(round) AS first, max(round) AS last, sum(samples) AS samples "
        "FROM lessons WHERE policy = :policy GROUP BY 1, 2, 3, 4 ORDER BY 1 DESC, 2, 7 DESC"
    )
    return [dict(row) for row in catalogue.rows(query, {"policy": policy})]


def learned(catalogue: Catalogue) -> dict[str, dict[str, dict[str, int]]]:
    """Of every policy, by its id: samples learned by `source` and by `domain`."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in catalogue.rows("SELECT policy, source, domain, sum(samples) AS n FROM lessons GROUP BY 1, 2, 3"):
        for name in ("source", "domain"):
            counts = found.setdefault(row["policy"], {}).setdefault(name, {})
            counts[row[name]] = counts.get(row[name], 0) + row["n"]
    return found


def wrote(catalogue: Catalogue, name: str) -> dict[str, dict[str, int]]:
    """What a policy wrote that was accepted, by the role it teaches: samples, and how many are withdrawn by now."""
    kept = {row["role"]: row["n"] for row in catalogue.rows(f"{WROTE} GROUP BY role", {"name": name})}
    out = catalogue.rows(f"{WROTE} AND withdrawn <> '' GROUP BY role", {"name": name})
    gone = {row["role"]: row["n"] for row in out}
    return {role: {"samples": count, "withdrawn": gone.get(role, 0)} for role, count in kept.items()}


def learners(catalogue: Catalogue, name: str) -> list[dict[str, Any]]:
    """Who learned from what a policy wrote, and how many samples of it."""
    query = (
        "SELECT policies.name AS name, sum(samples) AS samples FROM lessons "
        "JOIN policies ON policies.id = lessons.policy WHERE writer = :name GROUP BY 1 ORDER BY policies.round, 1"
    )
    return [dict(row) for row in catalogue.rows(query, {"name": name})]


def descendants(catalogue: Catalogue, name: str) -> dict[str, int]:
    """Who learned from it, or from who did; with what they wrote that was accepted."""
    reached = [row["name"] for row in catalogue.rows(DESCENDANTS, {"name": name})]
    counts = catalogue.rows(
        "SELECT policy_name AS name, count(*) AS n FROM samples WHERE role IN ('solver', 'generator') "
        "AND policy_name IN (SELECT value FROM json_each(:names)) GROUP BY 1",
        {"names": json.dumps(reached)},
    )
    return dict.fromkeys(reached, 0) | {row["name"]: row["n"] for row in counts}


def lost(catalogue: Catalogue, policy: str) -> int:
    """How many of the samples that a policy (by its id) learned are withdrawn by now."""
    query = (
        "SELECT count(*) AS n FROM samples JOIN learned ON sample = id "
        "WHERE withdrawn <> '' AND learned.policy = :policy"
    )
    return int(catalogue.rows(query, {"policy": policy})[0]["n"])


def cards(catalogue: Catalogue, name: str) -> dict[str, Any]:
    """What a policy did as critic, as adversary and as judge, recounted from what it said."""
    reviews = catalogue.rows(
        "SELECT count(*) AS reviews, sum(faults <> '[]') AS faulted, sum(revise) AS revise FROM critiques "
        "WHERE policy = :name",
        {"name": name},
    )[0]
    probes = catalogue.rows(
        "SELECT kind, by, count(*) AS probes, sum(held) AS held, sum(held AND beat) AS beat FROM probes "
        "WHERE policy = :name GROUP BY 1, 2 ORDER BY 1, 2",
        {"name": name},
    )
    rulings = catalogue.rows(
        "SELECT ruling, count(*) AS rulings, sum(veto) AS veto FROM verdicts "
        "WHERE policy = :name GROUP BY 1 ORDER BY 1",
        {"name": name},
    )
    return {
        "critic": dict(reviews) if reviews["reviews"] else None,
        "adversary": [dict(row) for row in probes],
        "judge": [dict(row) for row in rulings],
    }


def tested(facts: Mapping[int, Mapping[str, Any]], held: Mapping[str, Sequence[int]]) -> Iterator[tuple[int, str, Any]]:
    """The judge's card of each round it sat as judge, and the verifiers' of each round it solved in."""
    for number in held.get("judge", ()):
        if card := facts[number].get("judge"):
            yield number, "judge", card
    for number in held.get("solver", ()):
        for card in facts[number].get("verifiers", ()):
            yield number, "verifier", card
