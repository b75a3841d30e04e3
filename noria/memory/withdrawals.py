"""What a purge took out of use: its samples, and the policies that learned from them.

    purge ─► withdrawals (sample, root, why) ─► no curation, neighbour, log or count sees them
         └─► tainted (policy, root, why)     ─► none of them holds a seat again

Nothing is deleted: a withdrawn sample stays in the ledger, where a chain over its rows still
holds, and can always be explained. A *quarantine* is another thing: it is computed from what
was found against a verifier, and ends of itself with a new version; a purge is somebody's
decision, written down, and stays.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Column, Select, bindparam, func, literal, select

from noria.memory import tables
from noria.memory.ledger import Ledger, Write, put
from noria.memory.writing import new_only

Rows = TypeVar("Rows", bound=Select[*tuple[Any, ...]])

PERSON = "person"
"""The root of what a person refused, sample by sample; no purge, for nothing that learned from it is marked."""

REVIEWER = "reviewer"
"""The root of what a stronger policy refused of the candidates that were routed to it."""

SOME = 500
"""Ids asked for at once."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """One row of a purge: of a sample, a seed or a policy."""

    root: str
    """What the purge named, such as `--verifier odd@1`."""
    why: str
    """How this one hangs on it, in words."""
    at: float
    """Seconds since the epoch."""


def standing(ledger: Ledger, query: Rows, key: Column[str] = tables.samples.c.id) -> Rows:
    """A query over samples (or seeds, by their key), without those that are withdrawn."""
    if not ledger.has(tables.withdrawals):
        return query
    return query.where(key.not_in(select(tables.withdrawals.c.sample)))


class Withdrawals:
    """Reads what was withdrawn from one session."""

    def __init__(self, ledger: Ledger) -> None:
        """Stand on an open ledger, of whatever version."""
        self.ledger = ledger
        self._kept = ledger.has(tables.withdrawals) and ledger.has(tables.tainted)

    def of(self, sample: str) -> Withdrawn | None:
        """Why a sample or seed is withdrawn, if it is."""
        return self.among([sample]).get(sample)

    def among(self, ids: Collection[str]) -> dict[str, Withdrawn]:
        """Those of some samples or seeds that are withdrawn."""
        found: dict[str, Withdrawn] = {}
        asked, table = list(ids), tables.withdrawals
        for at in range(0, len(asked) if self._kept else 0, SOME):
            rows = self.ledger.rows(select(table).where(table.c.sample.in_(asked[at : at + SOME])))
            found.update({row.sample: Withdrawn(row.root, row.why, row.at) for row in rows})
        return found

    def count(self, role: str = "solver") -> int:
        """How many samples of a role are withdrawn."""
        if not self._kept:
            return 0
        samples, table = tables.samples, tables.withdrawals
        query = select(func.count()).join_from(samples, table, samples.c.id == table.c.sample)
        return int(self.ledger.value(query.where(samples.c.role == role)))

    def rooted(self, root: str) -> int:
        """How many samples, of each role, one root withdrew."""
        query = select(func.count()).select_from(tables.withdrawals).where(tables.withdrawals.c.root == root)
        return int(self.ledger.value(query)) if self._kept else 0

    def tainted(self) -> dict[str, Withdrawn]:
        """The policies that must not play, by id."""
        if not self._kept:
            return {}
        rows = self.ledger.quick("SELECT policy, root, why, at FROM tainted")  # asked twice an episode
        return {policy: Withdrawn(root, why, at) for policy, root, why, at in rows}

    def purges(self) -> list[dict[str, Any]]:
        """Each purge, oldest first: what it named, when, and how many samples (of each role) and policies it took."""
        if not self._kept:
            return []
        table, counted = tables.withdrawals, func.count().label("count")
        query = select(table.c.root, table.c.at, counted).where(table.c.root.not_in((PERSON, REVIEWER)))
        rows = self.ledger.rows(query.group_by(table.c.root, table.c.at))
        found = {(row.at, row.root): {"samples": row.count, "policies": 0} for row in rows}
        table = tables.tainted
        for row in self.ledger.rows(select(table.c.root, table.c.at, counted).group_by(table.c.root, table.c.at)):
            found.setdefault((row.at, row.root), {"samples": 0, "policies": 0})["policies"] = row.count
        return [{"root": root, "at": at, **counts} for (at, root), counts in sorted(found.items())]


def withdrawing(root: str, at: float, samples: Iterable[tuple[str, Collection[str]]]) -> list[Write]:
    """The rows that withdraw samples, for each reason the ids; the index is told through the outbox."""
    writes: list[Write] = []
    for why, ids in samples:
        given = func.json_each(bindparam("samples")).table_valued("value")
        row = select(given.c.value, literal(root), literal(why), literal(at))
        names = ["sample", "root", "why", "at"]
        body = {"samples": json.dumps(list(ids))}
        writes.append((new_only(tables.withdrawals).from_select(names, row), body))
        writes.append(leaving(ids))
    return writes


def leaving(ids: Iterable[str]) -> Write:
    """The write that has samples leave whatever follows the ledger, to go with what withdraws them."""
    table = tables.outbox
    given = func.json_each(bindparam("samples")).table_valued("value")
    entered = select(table.c.sample, literal("remove")).where(
        table.c.kind == "add", table.c.sample.in_(select(given.c.value))
    )
    query = new_only(table).from_select(["sample", "kind"], entered.order_by(table.c.sequence))
    return query, {"samples": json.dumps(sorted(set(ids)))}


def tainting(root: str, at: float, policies: Iterable[tuple[str, str]]) -> list[Write]:
    """The rows that mark policies, each with its reason."""
    return [put(tables.tainted, {"policy": one, "root": root, "why": why, "at": at}) for one, why in policies]
