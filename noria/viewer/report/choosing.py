"""Which examples a report shows: chosen by the hash of their ids, so that nobody picked them.

accepted   one of each domain and level      refused   one of each reason
worst      where an attack beat a verifier, a benchmark was copied, or something failed
"""

from collections.abc import Callable, Collection, Iterable
from sqlite3 import Row
from typing import Any, TypeVar

from noria.identity import digest
from noria.memory.catalogue import Catalogue
from noria.viewer.story import HOW

MOST = 12
"""Examples of one kind; where there are more, the hash decides which are left out."""

WORST = ("broken", "contaminated", "unclean", "untrusted", "vetoed", "verifier", "fault", "endpoint", "withdrawn")
"""Reasons that say more than that a candidate was weak, the gravest first."""

Thing = TypeVar("Thing")

COLUMNS = "id, round, domain, skill, level, outcome, reason, stage, evidence, instruction, answer, worded_by, verifier"


def drawn_by(key: str) -> str:
    """Where a thing stands in the draw."""
    return digest(f"report/{key}")


def one_of_each(things: Iterable[Thing], kind: Callable[[Thing], Any], key: Callable[[Thing], str]) -> list[Thing]:
    """The first in the draw of each kind, in the order of their kinds; at most `MOST` of them."""
    first: dict[Any, Thing] = {}
    for thing in things:
        had = first.get(kind(thing))
        if had is None or drawn_by(key(thing)) < drawn_by(key(had)):
            first[kind(thing)] = thing
    kept = sorted(first.values(), key=lambda thing: drawn_by(key(thing)))[:MOST]
    return sorted(kept, key=kind)


def accepted(catalogue: Catalogue) -> list[Row]:
    """An accepted sample of each domain and level."""
    rows = catalogue.rows("SELECT id, domain, level FROM accepted ORDER BY sequence")
    chosen = one_of_each(rows, lambda row: (row["domain"], row["level"]), lambda row: str(row["id"]))
    return [catalogue.rows("SELECT * FROM accepted WHERE id = :id", {"id": row["id"]})[0] for row in chosen]


def refused(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Each reason with its count and one episode that ended for it, the most frequent first."""
    counts = {
        row["reason"]: row["count"]
        for row in catalogue.rows(
            "SELECT reason, sum(episodes) AS count FROM tallies WHERE outcome <> 'accepted' GROUP BY reason"
        )
    }
    rows = catalogue.rows("SELECT id, reason FROM episodes WHERE outcome <> 'accepted'")
    chosen = one_of_each(rows, lambda row: str(row["reason"]), lambda row: str(row["id"]))
    found = [{"count": counts[row["reason"]], **_told(catalogue, row["id"])} for row in chosen]
    return sorted(found, key=lambda one: (-one["count"], one["episode"]["reason"]))


def worst(catalogue: Catalogue, but: Collection[str] = ()) -> list[dict[str, Any]]:
    """The gravest refusals that are not shown yet: first where the verifier was beaten, then by reason."""
    rows = catalogue.rows("SELECT id, reason FROM episodes WHERE outcome <> 'accepted'")
    beat = {row["episode"] for row in catalogue.rows("SELECT episode FROM probes WHERE beat = 1")}
    grave = [row for row in rows if row["reason"] in WORST and row["id"] not in but]
    grave.sort(key=lambda row: (row["id"] not in beat, WORST.index(row["reason"]), drawn_by(row["id"])))
    return [{**_told(catalogue, row["id"]), "beat": row["id"] in beat} for row in grave[: MOST // 2]]


def how(reason: str) -> str:
    """A reason in words."""
    return HOW.get(reason, reason.replace("_", " "))


def _told(catalogue: Catalogue, key: str) -> dict[str, Any]:
    """An episode, and the probes that broke it."""
    held = "SELECT kind, by, claim, response, beat FROM probes WHERE episode = :id AND held = 1 ORDER BY draft, number"
    (episode,) = catalogue.rows(f"SELECT {COLUMNS} FROM episodes WHERE id = :id", {"id": key})  # noqa: S608 — our own
    return {"episode": episode, "probes": catalogue.rows(held, {"id": key})}
