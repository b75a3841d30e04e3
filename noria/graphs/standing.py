"""Who stands on probation, on which evidence, and the probations that were decided.

A promoted policy stands from its promotion to the trial a round later. The evidence it was
promoted on is its exam; where the policy it was promoted over was itself found wanting since, it
is how it did beside the one before that, on the items of that trial.
"""

from dataclasses import dataclass

from noria.memory.history import History
from noria.memory.moves import before as stepped_back_to
from noria.memory.moves import moves, withdrawn
from noria.types import ExamItem, Trial

TRIAL = "trial"
"""The fact of a round that holds the probation it decided."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A policy on probation."""

    policy: str
    against: str
    """Whom a step back leads to."""
    since: int
    """The round that promoted it."""
    pairs: tuple[int, int]
    """Wins and losses against `against` so far."""
    items: tuple[ExamItem, ...]
    """Where they are known item by item."""
    spent: float
    """The level it was promoted at."""


def trials(history: History) -> list[Trial]:
    """Every probation that was decided, oldest first."""
    return [Trial.model_validate(facts[TRIAL]) for _, _, facts in history.rounds() if TRIAL in facts]


async def keep_trial(history: History, trial: Trial) -> None:
    """Write a decided probation to its round."""
    await history.keep_round(trial.round, "probated", **{TRIAL: trial.model_dump(mode="json")})


def on_probation(history: History, *, before: int | None = None) -> Standing | None:
    """Who stands on probation, promoted before this round; the earliest where there are two, none where nobody is."""
    tried, gone = {one.policy for one in trials(history)}, withdrawn(history)
    for one in moves(history):
        waits = one.cause == "promote" and one.after not in tried and one.after not in gone
        if waits and (before is None or one.round < before):
            return _standing(history, one.after, one.round)
    return None


def _standing(history: History, policy: str, since: int) -> Standing | None:
    exam = next((exam for exam in history.exams() if exam.student == policy and exam.promoted), None)
    against = stepped_back_to(history, policy)
    if exam is None or against is None:
        return None
    if against == exam.parent:
        items = tuple(item for item in history.exam_items(exam.round) if not item.frozen and not item.again)
        return Standing(policy, against, since, (exam.wins, exam.losses), items, exam.alpha)
    trial = next((one for one in trials(history) if one.heir == policy), None)
    return Standing(policy, against, since, trial.heir_pairs if trial else (0, 0), (), exam.alpha)
