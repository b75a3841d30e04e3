"""Who earned which seat: the exams of roles, and who of their winners still stands.

    base ◄─ student-r0001 ◄─ student-r0002 ◄─ the student now          the line, by promotions
              └ generator since 2                 └ judge since 3

A seat is a row that says an exam was passed. Whether it is held follows from the rows and
from where the student's pointer stands: a policy that is not in the current student's line
any more was rolled back, and loses what it earned, as a tainted one does; a seat that is lost falls to its holder
before. Training always starts from the base, so the line is not told by a policy's parents
but by whom each promoted student was examined against.

A judge that was trained for its seat alone stands in no line: it holds what it earned until it is
tainted, or until another earns it later.

Every policy that holds a seat must be served, on a CPU in a server of its own. So besides
the base and the current student at most `OLDER` students hold seats, those that earned one
last; what others earned falls to the holder before.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from noria.memory import tables
from noria.memory.history import History
from noria.memory.ledger import put
from noria.memory.withdrawals import Withdrawals
from noria.types import Role, RoleExam, RoleItem

OLDER = 1
"""Students besides the current one that may hold a seat at a time."""


@dataclass(frozen=True, slots=True)
class Held:
    """An earned seat."""

    policy: str
    since: int
    """The first round that it is held in."""


async def keep_seating(history: History, exam: RoleExam, items: Iterable[RoleItem]) -> None:
    """Write a role's exam, and with it who holds the seat from the next round on."""
    answered = json.dumps([item.model_dump(mode="json") for item in items])
    names = {name: getattr(exam, name) for name in ("round", "role", "student", "seated")}
    await history.ledger.write(put(tables.seatings, {**names, "body": exam.model_dump_json(), "answered": answered}))


def seatings(history: History, number: int | None = None) -> list[RoleExam]:
    """The exams for seats, of one round or of all, oldest first."""
    table = tables.seatings
    if not history.ledger.has(table):
        return []
    query = select(table.c.body).order_by(table.c.round, table.c.role)
    if number is not None:
        query = query.where(table.c.round == number)
    return [RoleExam.model_validate_json(row.body) for row in history.ledger.rows(query)]


def seating_items(history: History, number: int, role: Role) -> list[RoleItem]:
    """What a role's exam of a round asked, and who was right."""
    table = tables.seatings
    found = history.ledger.value(select(table.c.answered).where(table.c.round == number, table.c.role == role))
    return [] if found is None else [RoleItem.model_validate(item) for item in json.loads(found)]


def spent(history: History, place: str) -> dict[str, int]:
    """Calls and tokens of the turns whose episodes stand under a place."""
    turns = tables.turns.c
    query = select(
        func.count().label("calls"),
        func.coalesce(func.sum(turns.prompt_tokens), 0).label("prompt_tokens"),
        func.coalesce(func.sum(turns.completion_tokens), 0).label("completion_tokens"),
    ).where(turns.episode.startswith(f"{place}/", autoescape=True))
    (row,) = history.ledger.rows(query)
    return {name: int(getattr(row, name)) for name in ("calls", "prompt_tokens", "completion_tokens")}


def line(history: History) -> list[str]:
    """The current student and those it was promoted over, newest first, the base at the end."""
    over = {exam.student: exam.parent for exam in history.exams() if exam.promoted}
    student = history.pointer("student")
    found: list[str] = []
    at = student.id if student else None
    while at is not None and at not in found:
        found.append(at)
        at = over.get(at)
    return found


def held(history: History, withdrawn: Collection[str] = ()) -> dict[Role, Held]:
    """The earned seats as they are held now, without what tainted policies and those `withdrawn` once earned."""
    gone = {*withdrawn, *Withdrawals(history.ledger).tainted()}
    standing = [policy for policy in line(history) if policy not in gone]
    exams = seatings(history)
    found = holders(exams, standing)
    for exam in exams:
        later = exam.role not in found or found[exam.role].since <= exam.round
        if exam.seated and later and exam.student not in gone and _apart(history, exam.student):
            found[exam.role] = Held(exam.student, exam.round + 1)
    return found


def _apart(history: History, policy: str) -> bool:
    """Whether a policy is of no line of students: trained for a seat alone."""
    found = history.policy(policy)
    return found is not None and not found.student


def holders(exams: Sequence[RoleExam], standing: Sequence[str]) -> dict[Role, Held]:
    """Who holds each earned seat, of those that stand, the current student first; pure."""
    latest = sorted((exam for exam in exams if exam.seated and exam.student in standing), key=lambda exam: -exam.round)
    older = dict.fromkeys(exam.student for exam in _last(latest).values() if exam.student != standing[0])
    kept = {*standing[:1], *list(older)[:OLDER]}
    return {
        role: Held(exam.student, exam.round + 1)
        for role, exam in _last(exam for exam in latest if exam.student in kept).items()
    }


def _last(latest: Iterable[RoleExam]) -> dict[Role, RoleExam]:
    """The last seating of each role, the roles that were seated last before the others."""
    found: dict[Role, RoleExam] = {}
    for exam in latest:
        found.setdefault(exam.role, exam)
    return found
