"""What was answered and ruled in ended episodes, read without the rest of them.

An episode holds drafts, probes and critiques as well; to type all of it takes fifteen times as long as to read
the few fields that are asked for here, and a choice among a hundred thousand samples asks for each.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import bindparam, func, select

from noria.memory import tables
from noria.memory.accepted import PAGE
from noria.memory.history import History


@dataclass(frozen=True, slots=True)
class Answer:
    """An attempt."""

    id: str
    response: str
    source: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """An episode's attempts, and what judges ruled."""

    episode: str
    answers: tuple[Answer, ...]
    rulings: tuple[str, ...]


def answered(history: History, episodes: Sequence[str]) -> Iterator[Answered]:
    """What was answered in some episodes, in no order, a page of them in memory."""
    table, asked = tables.episodes, func.json_each(bindparam("ids")).table_valued("value")
    query = select(table.c.id, table.c.body).where(table.c.id.in_(select(asked.c.value)))
    for at in range(0, len(episodes), PAGE):
        for row in history.ledger.rows(query.params(ids=json.dumps(episodes[at : at + PAGE]))):
            told = orjson.loads(row.body.encode("utf-8", "replace"))
            answers = tuple(
                Answer(one["id"], one["response"], one["source"], _passed(one["checks"])) for one in told["attempts"]
            )
            yield Answered(row.id, answers, tuple(one["ruling"] for one in told["verdicts"]))


def _passed(checks: Sequence[dict[str, object]]) -> bool:
    return bool(checks) and all(one["passed"] for one in checks)
