"""What each ended episode was asked for: calls and tokens by seat, and how it ended."""

from dataclasses import dataclass, field

from sqlalchemy import func, select

from noria.memory import tables
from noria.memory.history import History
from noria.types import Outcome, Reason, Stage


@dataclass(frozen=True, slots=True)
class Spent:
    """One ended episode."""

    round: int
    position: int
    outcome: Outcome
    reason: Reason
    stage: Stage
    seats: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """Role: calls, prompt tokens, completion tokens."""


def spent(history: History) -> list[Spent]:
    """Every ended episode of a session, in the order they were dealt."""
    episodes, turns = tables.episodes, tables.turns
    asked = select(
        turns.c.episode, turns.c.role, func.count().label("calls"),
        func.sum(turns.c.prompt_tokens).label("prompt"), func.sum(turns.c.completion_tokens).label("completion"),
    ).group_by(turns.c.episode, turns.c.role)  # fmt: skip
    seats: dict[str, dict[str, tuple[int, int, int]]] = {}
    for row in history.ledger.rows(asked):
        seats.setdefault(row.episode, {})[row.role] = (int(row.calls), int(row.prompt), int(row.completion))
    columns = [episodes.c[name] for name in ("id", "round", "position", "outcome", "reason", "stage")]
    ended = select(*columns).order_by(episodes.c.round, episodes.c.position)
    return [
        Spent(row.round, row.position, row.outcome, Reason(row.reason), Stage(row.stage), seats.get(row.id, {}))
        for row in history.ledger.rows(ended)
    ]
