"""The samples that a person has to rule on, or ruled on, and the rows that go with one."""

from sqlalchemy import select

from noria.errors import SessionError
from noria.memory import tables
from noria.memory.history import History
from noria.memory.withdrawals import standing


def unruled(history: History, number: int) -> list[str]:
    """The samples of a round, for the solver's role, that stand and that nobody has approved, oldest first."""
    samples, steps = tables.samples, tables.steps
    ruled = select(steps.c.name).where(steps.c.kind == "approve")
    query = select(samples.c.id).where(samples.c.round == number, samples.c.role == "solver")
    if history.ledger.has(steps):
        query = query.where(samples.c.id.not_in(ruled))
    return [row.id for row in history.ledger.rows(standing(history.ledger, query).order_by(samples.c.sequence))]


def siblings(history: History, sample: str) -> list[str]:
    """A sample with the other rows that its episode gave: they teach the same candidate."""
    table = tables.samples
    episode = select(table.c.episode).where(table.c.id == sample).scalar_subquery()
    query = select(table.c.id).where(table.c.episode == episode).order_by(table.c.sequence)
    return [row.id for row in history.ledger.rows(query)]


def given(history: History, episode: str) -> str:
    """The sample for the solver's role that an episode gave.

    Raises:
        SessionError: it gave none.
    """
    table = tables.samples
    # The first is the candidate's own; its variants in other words come after it.
    query = select(table.c.id).where(table.c.episode == episode, table.c.role == "solver").order_by(table.c.sequence)
    if (found := history.ledger.value(query)) is None:
        raise SessionError(f"The episode {episode} gave no sample.", mend="`noria accepted` lists those that did.")
    return str(found)
