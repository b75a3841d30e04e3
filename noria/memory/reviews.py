"""The candidates that were routed to somebody for a ruling, kept and read.

    accepted, uncertain ─► row (open) ─┬─ approve ─► learned from the next curation on
                                       └─ refuse  ─► withdrawn, with every row of its episode

While a row is open the samples of its episode are held: they stand in the ledger as accepted,
and nobody learns from them.
"""

from collections.abc import Iterable

from sqlalchemy import select

from noria.memory import tables
from noria.memory.history import History
from noria.memory.ledger import Write, put, replace
from noria.memory.withdrawals import standing
from noria.types import Review


def routing(reviews: Iterable[Review]) -> list[Write]:
    """The rows of candidates that are routed; one that is there, and perhaps ruled on, stays as it is."""
    return [put(tables.reviews, _row(one)) for one in reviews]


def ruling(review: Review) -> Write:
    """The row of a review, in place of what it was."""
    return replace(tables.reviews, _row(review))


def reviews(history: History, number: int | None = None) -> list[Review]:
    """The reviews of a round, or of all, the most uncertain of a round first."""
    table = tables.reviews
    if not history.ledger.has(table):
        return []
    query = select(table.c.body)
    if number is not None:
        query = query.where(table.c.round == number)
    found = [Review.model_validate_json(row.body) for row in history.ledger.rows(query)]
    return sorted(found, key=lambda one: (one.round, -one.uncertainty, one.episode))


def review(history: History, episode: str) -> Review | None:
    """The review of an episode's candidate, if it was routed."""
    table = tables.reviews
    if not history.ledger.has(table):
        return None
    found = history.ledger.value(select(table.c.body).where(table.c.episode == episode))
    return None if found is None else Review.model_validate_json(found)


def waiting(history: History, number: int | None = None) -> list[Review]:
    """The reviews that are open and whose sample stands, in their order."""
    found = [one for one in reviews(history, number) if not one.ruling]
    samples = tables.samples
    query = select(samples.c.episode).where(samples.c.role == "solver")
    left = {row.episode for row in history.ledger.rows(standing(history.ledger, query))} if found else set()
    return [one for one in found if one.episode in left]


def held(history: History) -> frozenset[str]:
    """The samples, of every role, whose episode waits for a ruling."""
    table, samples = tables.reviews, tables.samples
    if not history.ledger.has(table):
        return frozenset()
    waits = select(table.c.episode).where(table.c.ruling == "")
    rows = history.ledger.rows(select(samples.c.id).where(samples.c.episode.in_(waits)))
    return frozenset(row.id for row in rows)


def _row(one: Review) -> dict[str, object]:
    return {"episode": one.episode, "round": one.round, "ruling": one.ruling, "body": one.model_dump_json()}
