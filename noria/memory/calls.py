"""What model calls cost: tokens by seat, and the time in which at least one was in hand."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from noria.memory import tables
from noria.memory.history import History


@dataclass(frozen=True, slots=True)
class Calls:
    """The model calls of some episodes, or of a whole session."""

    tokens: dict[str, int]
    """By seat, prompts included."""
    in_hand: float
    """Seconds in which at least one was, by the clock that turns were written down with."""


def calls(history: History, episodes: Collection[str] | None = None) -> Calls:
    """The calls of some episodes; of everything, exams and calibrations too, where none are named."""
    table, tokens, spans = tables.turns, dict[str, int](), list[tuple[float, float]]()
    spent = (table.c.prompt_tokens + table.c.completion_tokens).label("tokens")
    for row in history.ledger.rows(select(table.c.episode, table.c.role, table.c.started, table.c.seconds, spent)):
        if episodes is None or row.episode in episodes:
            tokens[row.role] = tokens.get(row.role, 0) + row.tokens
            spans.append((row.started, row.started + row.seconds))
    held, end = 0.0, 0.0
    for start, stop in sorted(spans):
        held += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return Calls(dict(sorted(tokens.items())), round(held, 1))
