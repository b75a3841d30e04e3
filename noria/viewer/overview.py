"""A session at a glance, asked of its catalogue: the funnel, the reasons, the seats, the exams, the guards, the pool.

Each function is one part of the session page and of the report: rows of plain values, a template's to lay out.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from noria.memory.catalogue import Catalogue
from noria.training.trainer import PRETENDED
from noria.types import Reason, Stage
from noria.viewer.drawing import Point, Series
from noria.viewer.guards import figure, mixed, short

Json = dict[str, Any]

NEWEST = 6
"""Accepted samples that a session page shows."""

NOT_A_REFUSAL = ("", Reason.VERIFIED.value)


def facts(catalogue: Catalogue) -> Json:
    """What is known of the session as a whole, its JSON read."""
    rows = {row["key"]: row["value"] for row in catalogue.rows("SELECT key, value FROM session")}
    return rows | {key: json.loads(rows.get(key) or "{}") for key in ("config", "machine", "holds")}


def funnel(catalogue: Catalogue, number: int | None = None) -> list[Json]:
    """How many episodes came to each stage, of one round or of all; and what they are of those dealt and played."""
    query = f"SELECT stage, count(*) AS count FROM episodes {_of(number)} GROUP BY stage"  # noqa: S608 (our words)
    last = {row["stage"]: row["count"] for row in catalogue.rows(query, {"round": number})}
    stages = [stage.value for stage in Stage]
    reached = [sum(last.get(later, 0) for later in stages[at:]) for at in range(len(stages))]
    whole = reached[0] or 1
    return [
        {"stage": stage, "count": count, "share": count / whole, "lost": before - count}
        for stage, count, before in zip(stages, reached, [reached[0], *reached], strict=False)
    ]


def reasons(catalogue: Catalogue, number: int | None = None) -> list[Json]:
    """Why episodes were turned away, most frequent first, each with its share of those turned away."""
    query = f"SELECT reason, count(*) AS count FROM episodes {_of(number)} GROUP BY reason"  # noqa: S608 (our words)
    found = [dict(row) for row in catalogue.rows(query, {"round": number}) if row["reason"] not in NOT_A_REFUSAL]
    whole = sum(row["count"] for row in found) or 1
    most = max((row["count"] for row in found), default=1)
    return [
        row | {"share": row["count"] / whole, "long": row["count"] / most}
        for row in sorted(found, key=lambda row: (-row["count"], row["reason"]))
    ]


def _of(number: int | None) -> str:
    return "" if number is None else "WHERE round = :round"


def seats(catalogue: Catalogue) -> list[Json]:
    """What each policy cost in each seat: calls, tokens, seconds, and its share of all seconds and tokens."""
    rows = [dict(row) for row in catalogue.rows("SELECT * FROM cost")]
    tokens = sum(row["prompt_tokens"] + row["completion_tokens"] for row in rows) or 1
    spent = sum(row["seconds"] for row in rows) or 1
    return [
        row | {"share": row["seconds"] / spent, "part": (row["prompt_tokens"] + row["completion_tokens"]) / tokens}
        for row in rows
    ]


def stages(catalogue: Catalogue) -> list[Json]:
    """What each stage of each round took: seconds and tokens, and its share of the longest."""
    rows = [dict(row) for row in catalogue.rows("SELECT * FROM stages ORDER BY round, rowid")]
    longest = max((row["seconds"] for row in rows), default=0) or 1
    return [row | {"share": row["seconds"] / longest} for row in rows]


def exams(catalogue: Catalogue) -> list[Json]:
    """Every exam, with its domains."""
    domains: dict[int, list[Json]] = {}
    for row in catalogue.rows("SELECT * FROM exam_domains ORDER BY round, domain"):
        domains.setdefault(row["round"], []).append(dict(row))
    return [
        dict(row) | {"domains": domains.get(row["round"], [])}
        for row in catalogue.rows("SELECT * FROM exams ORDER BY round")
    ]


def exam_series(held: Sequence[Mapping[str, Any]]) -> list[Series]:
    """Parent and student over rounds: share right, with its 95 % interval."""
    return [
        Series(
            side,
            [
                Point(
                    one["round"],
                    one[f"{side}_right"] / one["items"] if one["items"] else None,
                    one[f"{side}_low"],
                    one[f"{side}_high"],
                    ("promoted" if one["promoted"] else "kept out") if side == "student" else "",
                )
                for one in held
            ],
        )
        for side in ("parent", "student")
    ]


def guards(catalogue: Catalogue) -> list[Json]:
    """Every guarded round, newest first: its readings in words, what followed, and what it learned from."""
    found = []
    for row in catalogue.rows("SELECT round, facts FROM rounds ORDER BY round DESC"):
        told = json.loads(row["facts"])
        decided = told.get("guards") or {}
        if decided.get("readings"):
            found.append({
                "round": row["round"], "action": decided["action"], "why": decided["why"],
                "report": decided.get("report", []), "cooled": told.get("cooled", ""),
                "mixed": mixed(told.get("curated", {})),
                "readings": [one | {"figure": figure(one), "short": short(one)} for one in decided["readings"]],
            })  # fmt: skip
    return found


WITHOUT = {"untrained": "no training", "unexamined": "no exam", "unseated": "no exam for a seat"}
"""Facts of a round that say why it went without something."""


def said_of_rounds(catalogue: Catalogue) -> list[tuple[list[int], str]]:
    """What went otherwise than usual, each with its rounds: no training, no exam, a benched judge, a quarantine."""
    found: list[tuple[int, str]] = []
    for row in catalogue.rows("SELECT round, facts FROM rounds ORDER BY round"):
        told = json.loads(row["facts"])
        found += [(row["round"], f"{words}: {told[key]}") for key, words in WITHOUT.items() if told.get(key)]
        if benched := (told.get("judge") or {}).get("benched"):
            found.append((row["round"], f"the judge was benched: {benched}"))
        if undealt := told.get("undealt"):
            found.append((row["round"], f"dealt nothing of {', '.join(undealt)}"))
    beaten = (
        "SELECT verifier, quarantined, count(*) AS count, min(round) AS round FROM samples WHERE quarantined <> '' "
    )
    for row in catalogue.rows(f"{beaten} GROUP BY verifier, quarantined"):
        found.append((row["round"], f"{row['verifier']} is quarantined ({row['count']} samples): {row['quarantined']}"))
    rounds: dict[str, list[int]] = {}
    for number, said in found:
        rounds.setdefault(said, []).append(number)
    return [(numbers, said) for said, numbers in rounds.items()]


def pool(catalogue: Catalogue) -> list[Json]:
    """Every policy, the newest first, its parents by name, what it learned from, and who sits in which seat now."""
    rows = [dict(row) for row in catalogue.rows("SELECT * FROM policies ORDER BY round DESC, name DESC")]
    names = {row["id"]: row["name"] for row in rows}
    last = catalogue.rows("SELECT facts FROM rounds ORDER BY round DESC LIMIT 1")
    sits: dict[str, list[str]] = {}
    for role, policy in json.loads(last[0]["facts"]).get("seats", {}).items() if last else ():
        sits.setdefault(policy, []).append(role)
    for row in rows:
        row["parents"] = [names.get(key, key) for key in json.loads(row["parents"])]
        row["learned"] = _learned(json.loads(row["training"]))
        row["seats"] = sits.get(row["id"], [])
    return rows


def _learned(training: Json) -> str:
    rows: Mapping[str, int] = training.get("composition", {})
    kinds = ("new", "replay", "anchor", "generator")
    whole = sum(rows.get(kind, 0) for kind in kinds)
    return f"{whole} rows ({', '.join(f'{rows[kind]} {kind}' for kind in kinds if rows.get(kind))})" if whole else ""


def newest(catalogue: Catalogue) -> list[Json]:
    """The samples that were accepted last."""
    query = (
        "SELECT sequence, id, round, domain, level, source, policy_name, instruction, response FROM accepted "
        "ORDER BY sequence DESC LIMIT :count"
    )
    return [dict(row) for row in catalogue.rows(query, {"count": NEWEST})]


def accepted(catalogue: Catalogue) -> Json:
    """How many samples stand, by who answered them."""
    rows = catalogue.rows("SELECT source, count(*) AS count FROM accepted GROUP BY source ORDER BY count DESC")
    return {"count": sum(row["count"] for row in rows), "sources": [dict(row) for row in rows]}


def notes(steps: Iterable[Mapping[str, Any]]) -> list[Json]:
    """The steering notes in force: id, text, and when they were given."""
    steps = list(steps)
    over = {row["name"] for row in steps if row["kind"] == "expired"}
    return [
        {"id": row["name"], "text": json.loads(row["body"]).get("text", row["said"]), "at": row["at"],
         **{unit: json.loads(row["body"]).get(unit) for unit in ("rounds", "batches")}}
        for row in steps
        if row["kind"] == "note" and row["name"] not in over
    ]  # fmt: skip


def paused(steps: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a person paused it and nobody has let it go on since."""
    last = [row["kind"] for row in steps if row["kind"] in ("pause", "go_on")][-1:]
    return last == ["pause"]


def pretended(catalogue: Catalogue) -> bool:
    """Whether puppets play it: a dry run."""
    return bool(catalogue.rows("SELECT 1 FROM policies WHERE id = :id", {"id": PRETENDED}))


def steered(catalogue: Catalogue) -> list[Json]:
    """Every step of the steering, the oldest first."""
    return [dict(row) for row in catalogue.rows("SELECT * FROM steps ORDER BY sequence")]
