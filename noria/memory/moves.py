"""The moves of the student's pointer: written with the pointer, and read back as its reason.

    move() ─► one transaction: the move's row, and the pointer's

So the pointer can always be explained: it is where the last move left it, or the base.
"""

from sqlalchemy import select

from noria.memory import tables
from noria.memory.history import History
from noria.memory.ledger import put, replace
from noria.types import Move


async def move(history: History, one: Move) -> bool:
    """Move the pointer, and say why; a move that was made before is not made again, and false comes back."""
    if any(made.key == one.key for made in moves(history)):
        return False
    names = ("key", "round", "cause", "before", "after")
    row = {name: getattr(one, name) for name in names} | {"body": one.model_dump_json()}
    pointer = replace(tables.pointers, {"name": "student", "policy": one.after})
    await history.ledger.write(put(tables.moves, row), pointer)
    return True


def moves(history: History) -> list[Move]:
    """Every move, oldest first."""
    table = tables.moves
    if not history.ledger.has(table):
        return []
    return [
        Move.model_validate_json(row.body)
        for row in history.ledger.rows(select(table.c.body).order_by(table.c.sequence))
    ]


def withdrawn(history: History) -> set[str]:
    """Ids of the policies that were stepped back from; none of them plays again."""
    return {policy for one in moves(history) for policy in one.withdrawn}


def before(history: History, policy: str) -> str | None:
    """The policy to step back to: the last one not withdrawn that this one was promoted over; none for the base.

    A promotion is known by its move, or by its exam in a ledger that is older than moves.
    """
    over = {exam.student: exam.parent for exam in history.exams() if exam.promoted}
    over |= {one.after: one.before for one in moves(history) if one.cause == "promote"}
    gone, at = withdrawn(history), over.get(policy)
    while at is not None and at in gone:
        at = over.get(at)
    return at


def ancestors(history: History, policy: str) -> list[str]:
    """Every policy that could be stepped back to from here, nearest first; the last is the base."""
    found: list[str] = []
    at = before(history, policy)
    while at is not None and at not in found:
        found.append(at)
        at = before(history, at)
    return found
