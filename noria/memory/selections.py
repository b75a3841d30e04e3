"""What the methods of selection did, kept and read.

    samples of a round ─► method ─► method ─► … ─► rows        each leaves a row, each sample left out a reason

All of a round's choice is one transaction: a round that was killed while it chose chooses
again, and finds what was paid for (a score, a turn) instead of paying twice.
"""

import json
from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, func, select

from noria.memory import tables
from noria.memory.history import History
from noria.memory.ledger import replace
from noria.types import Selection


async def keep_selections(
    history: History, number: int, selections: Iterable[Selection], left: Mapping[str, tuple[str, str]]
) -> None:
    """Write a round's selections, and which samples they left out: id to the method and why."""
    made = [
        replace(
            tables.selections,
            {"round": one.round, "position": one.position, "method": one.method, "body": one.model_dump_json()},
        )
        for one in selections
    ]
    gone = [
        replace(tables.unselected, {"sample": key, "round": number, "method": method, "why": why})
        for key, (method, why) in left.items()
    ]
    await history.ledger.write(*made, *gone)


def selections(history: History, number: int | None = None) -> list[Selection]:
    """The selections of a round, or of all, in the order they were applied."""
    table = tables.selections
    if not history.ledger.has(table):
        return []
    query = select(table.c.body).order_by(table.c.round, table.c.position)
    if number is not None:
        query = query.where(table.c.round == number)
    return [Selection.model_validate_json(row.body) for row in history.ledger.rows(query)]


def unselected(history: History) -> dict[str, tuple[str, str]]:
    """Every sample that a method left out: id to the method and why."""
    table = tables.unselected
    if not history.ledger.has(table):
        return {}
    return {row.sample: (row.method, row.why) for row in history.ledger.stream(select(table))}


async def keep_scores(history: History, number: int, method: str, policy: str, found: Mapping[str, float]) -> None:
    """Write what a method measured of some samples by asking a policy (empty where it asked none)."""
    rows = [
        replace(
            tables.scores, {"sample": key, "method": method, "policy": policy, "round": number, "value": float(value)}
        )
        for key, value in found.items()
    ]
    await history.ledger.write(*rows)


def scores(history: History, method: str, policy: str, ids: Iterable[str]) -> dict[str, float]:
    """What a method measured before of some samples by asking a policy."""
    table = tables.scores
    if not history.ledger.has(table):
        return {}
    asked = func.json_each(bindparam("ids")).table_valued("value")
    query = select(table.c.sample, table.c.value).where(
        table.c.method == method, table.c.policy == policy, table.c.sample.in_(select(asked.c.value))
    )
    return {row.sample: row.value for row in history.ledger.rows(query.params(ids=json.dumps(list(ids))))}
