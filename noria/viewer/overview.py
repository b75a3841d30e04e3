"""A session at a glance, asked of its catalogue: the funnel, the reasons, the seats, the exams, the guards, the pool.

Each function is one part of the session page and of the report: rows of plain values, a template's to lay out.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from noria.memory.catalogue import Catalogue
from noria.training.trainer import PRETENDED
from noria.types import ACCEPTING, Stage
from noria.viewer.drawing import Point, Series
from noria.viewer.guards import figure, mixed, short

Json = dict[str, Any]

SUMS = (
    "SELECT role, policy_name, count(*) AS calls, sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS "
    "completion_tokens, sum(seconds) AS seconds, max(number) AS last FROM turns GROUP BY role, policy_name"
)
SPENT = ("calls", "prompt_tokens", "completion_tokens", "seconds")

_TALLIES: WeakKeyDictionary[Catalogue, tuple[int, dict[tuple[str, str], list[float]]]] = WeakKeyDictionary()
_ADDING = Lock()

NEWEST = 6
"""Accepted samples that a session page shows."""

NOT_A_REFUSAL = ("", *ACCEPTING)


def facts(catalogue: Catalogue) -> Json:
    """What is known of the session as a whole, its JSON read."""
    rows = {row["key"]: row["value"] for row in catalogue.rows("SELECT key, value FROM session")}
    return rows | {key: json.loads(rows.get(key) or "{}") for key in ("config", "machine", "holds")}


def ends(catalogue: Catalogue, number: int | None = None) -> Counter[tuple[str, str]]:
    """How many episodes ended at each stage for each reason, of one round or of all."""
    query = (  # what was counted as it came in: no episode is read
        "SELECT stage, reason, sum(episodes) AS count FROM tallies WHERE :round IS NULL OR round = :round "
        "GROUP BY stage, reason"
    )
    found = Counter[tuple[str, str]]()
    for row in catalogue.rows(query, {"round": number}):
        found[row["stage"], row["reason"]] += row["count"]
    return found


def funnel(ended: Mapping[tuple[str, str], int]) -> list[Json]:
    """How many episodes came to each stage, what share of all that is, and how many were lost on the way to it."""
    last = Counter[str]()
    for (stage, _), count in ended.items():
        last[stage] += count
    stages = [stage.value for stage in Stage]
    reached = [sum(last[later] for later in stages[at:]) for at in range(len(stages))]
    whole = reached[0] or 1
    return [
        {"stage": stage, "count": count, "share": count / whole, "lost": before - count}
        for stage, count, before in zip(stages, reached, [reached[0], *reached], strict=False)
    ]


def reasons(ended: Mapping[tuple[str, str], int]) -> list[Json]:
    """Why episodes were turned away, most frequent first, each with its share of those turned away."""
    found = Counter[str]()
    for (_, reason), count in ended.items():
        if reason not in NOT_A_REFUSAL:
            found[reason] += count
    whole, most = sum(found.values()) or 1, max(found.values(), default=1)
    return [
        {"reason": reason, "count": count, "share": count / whole, "long": count / most}
        for reason, count in sorted(found.items(), key=lambda one: (-one[1], one[0]))
    ]


def seats(catalogue: Catalogue) -> list[Json]:
    """What each policy cost in each seat: calls, tokens, seconds, and its share of all tokens."""
    names = {row["id"]: row["name"] for row in catalogue.rows("SELECT id, name FROM policies")}
    rows: dict[tuple[str, str], Json] = {}
    for (role, policy), spent in sorted(_tally(catalogue).items()):
        name = names.get(policy, policy)  # it was counted by its id where it had no name yet
        row = rows.setdefault((role, name), {"role": role, "policy": name, **dict.fromkeys(SPENT, 0)})
        row.update({key: row[key] + value for key, value in zip(SPENT, spent, strict=True)})
    tokens = sum(row["prompt_tokens"] + row["completion_tokens"] for row in rows.values()) or 1
    return [row | {"share": (row["prompt_tokens"] + row["completion_tokens"]) / tokens} for row in rows.values()]


def _tally(catalogue: Catalogue) -> dict[tuple[str, str], list[float]]:
    """Sums over all turns by role and policy; those that were summed before are not read again."""
    with _ADDING:
        through, sums = _TALLIES.get(catalogue, (0, {}))
        if catalogue.rows("SELECT coalesce(max(number), 0) AS last FROM turns")[0]["last"] < through:
            through, sums = 0, {}  # the catalogue was made again
        query = SUMS if not through else SUMS.replace("GROUP BY", "NOT INDEXED WHERE number > :through GROUP BY")
        sums = {key: list(spent) for key, spent in sums.items()}
        for row in catalogue.rows(query, {"through": through}):
            had = sums.get((row["role"], row["policy_name"]), [0.0] * len(SPENT))
            sums[row["role"], row["policy_name"]] = [old + row[name] for old, name in zip(had, SPENT, strict=True)]
            through = max(through, row["last"])
        _TALLIES[catalogue] = through, sums
        return sums


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
        "SELECT verifier, count(*) AS count, min(round) AS round FROM samples WHERE quarantined <> '' GROUP BY verifier"
    )
    for row in catalogue.rows(beaten):
        why = "SELECT quarantined FROM samples WHERE verifier = :verifier AND quarantined <> '' LIMIT 1"
        told = catalogue.rows(why, {"verifier": row["verifier"]})[0]["quarantined"]
        found.append((row["round"], f"{row['verifier']} is quarantined ({row['count']} samples): {told}"))
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
