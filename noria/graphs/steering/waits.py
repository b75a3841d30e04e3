"""What waits for a person's ruling, with what a person needs to see to rule."""

from noria.config import SessionConfig
from noria.graphs.steering.ruling import waiting_student
from noria.memory.history import History
from noria.memory.rulings import unruled
from noria.types import Json


def samples(history: History) -> list[Json]:
    """The samples that wait: id, episode, domain, level, source, instruction, response."""
    rules, number = _rules(history), len(history.rounds())
    if rules is None or not rules.approve.samples:
        return []
    ids = unruled(history, number)
    found = {one.id: one for one in history.loaded(ids)}
    return [
        {
            "id": key, "episode": found[key].provenance.episode, "domain": found[key].provenance.domain,
            "level": found[key].provenance.level, "source": found[key].provenance.source,
            "instruction": found[key].messages[-2].content, "response": found[key].messages[-1].content,
        }
        for key in ids
    ]  # fmt: skip


def student(history: History) -> Json | None:
    """The student that waits: id, name, round, and what its exam found; none where none does."""
    if _rules(history) is None or (key := waiting_student(history)) is None:
        return None
    number = len(history.rounds())
    policy, exam = history.policy(key), history.exam(number)
    assert policy is not None
    assert exam is not None
    right = {"items": exam.items, "parent_right": exam.parent_right, "student_right": exam.student_right}
    return {"id": key, "name": policy.name, "round": number, "why": exam.why, **right}


def _rules(history: History) -> SessionConfig | None:
    """The rules of a session that still plays."""
    text = history.ledger.fact("config")
    return None if text is None or history.ledger.fact("finished") else SessionConfig.model_validate_json(text)
