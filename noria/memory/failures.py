"""Failures in play: the episodes whose task was attempted and not always solved.

    episodes of some rounds ─► solve rate under 1, and the task itself stood ─► ids, in deal order

Only what was played is here: what an exam asked is kept with the exam, and nobody learns from it.
"""

from sqlalchemy import select

from noria.memory import tables
from noria.memory.history import History
from noria.memory.withdrawals import Withdrawals
from noria.types import Reason

SOUND = (Reason.VERIFIED, Reason.UNSOLVED, Reason.OUT_OF_BAND)
"""How an episode ended whose task is not itself in doubt: a failure at it is the student's."""


def failed(history: History, domain: str, level: int, rounds: range) -> list[str]:
    """Episodes of a domain's level in some rounds, by the order they were dealt in, at whose task an attempt failed.

    Those whose sample a purge or a person took out of use are left out.
    """
    table, samples = tables.episodes, tables.samples
    query = (
        select(table.c.id)
        .where(table.c.domain == domain, table.c.level == level)
        .where(table.c.round >= rounds.start, table.c.round < rounds.stop)
        .where(table.c.solve_rate < 1, table.c.reason.in_([one.value for one in SOUND]))
        .order_by(table.c.round, table.c.position)
    )
    found = [row.id for row in history.ledger.rows(query)]
    given = select(samples.c.id, samples.c.episode).where(samples.c.episode.in_(query.order_by(None)))
    rows = {row.id: row.episode for row in history.ledger.rows(given)}
    out = {rows[one] for one in Withdrawals(history.ledger).among(rows)}
    return [one for one in found if one not in out]
