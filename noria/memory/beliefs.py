"""What the bandit over strategies believes, kept and read; and the counts that it is made of.

deals ─► who dealt what      turns ─► what that cost      learned + samples ─► by whom a student was taught
"""

import json
from collections.abc import Collection, Iterable

from sqlalchemy import bindparam, func, select

from noria.memory import tables
from noria.memory.history import History
from noria.memory.ledger import replace
from noria.types import Belief


async def keep_beliefs(history: History, beliefs: Iterable[Belief]) -> None:
    """Write what is believed after a round, all arms in one transaction."""
    rows = [
        replace(tables.beliefs, {"round": one.round, "arm": one.arm, "body": one.model_dump_json()}) for one in beliefs
    ]
    await history.ledger.write(*rows)


def beliefs(history: History) -> list[Belief]:
    """What was believed after each round, in order."""
    table = tables.beliefs
    if not history.ledger.has(table):
        return []
    rows = history.ledger.rows(select(table.c.body).order_by(table.c.round, table.c.arm))
    return [Belief.model_validate_json(row.body) for row in rows]


def taught_by(history: History, policy: str) -> dict[str, int]:
    """By which strategies the samples were dealt that a policy was taught; the user's own rows are not among them."""
    learned, samples = tables.learned, tables.samples
    query = (
        select(samples.c.strategy, func.count().label("count"))
        .join_from(learned, samples, learned.c.sample == samples.c.id)
        .where(learned.c.policy == policy)
        .group_by(samples.c.strategy)
    )
    return {row.strategy: row.count for row in history.ledger.rows(query)}


def spent_on(history: History, episodes: Collection[str]) -> int:
    """Prompt and completion tokens of the turns of some episodes."""
    turns, asked = tables.turns, func.json_each(bindparam("ids")).table_valued("value")
    query = select(func.sum(turns.c.prompt_tokens + turns.c.completion_tokens)).where(
        turns.c.episode.in_(select(asked.c.value))
    )
    return int(history.ledger.value(query.params(ids=json.dumps(sorted(episodes)))) or 0)
