"""What waits for a person's ruling, with what a person needs to see to rule."""

from noria.config import SessionConfig
from noria.graphs.steering.ruling import waiting_student
from noria.memory.history import History
from noria.memory.reviews import reviews as all_reviews
from noria.memory.reviews import waiting
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


def reviews(history: History) -> list[Json]:
    """The routed candidates that wait, the most uncertain of a round first, each with what its checks found."""
    found = []
    for one in waiting(history):
        sample, episode = next(iter(history.loaded([one.sample]))), history.episode(one.episode)
        assert episode is not None
        answer = sample.messages[-1].content
        target = next((made for made in episode.attempts if made.passed and made.response == answer), None)
        checks = [*episode.checks, *(target.checks if target else ())]
        verdict, critique = episode.verdicts[-1:], episode.critiques[-1:]
        found.append({
            **one.model_dump(mode="json"), "id": one.sample, "domain": episode.domain, "level": episode.level,
            "source": sample.provenance.source, "instruction": sample.messages[-2].content, "response": answer,
            "checks": {check.name: check.evidence for check in checks}, "solve_rate": episode.solve_rate,
            "attempts": [made.response for made in episode.attempts if made.source != "program"],
            "judge": f"{verdict[0].ruling}, {verdict[0].confidence:.0%} sure" if verdict else "",
            "critic": list(critique[0].faults) if critique else [],
        })  # fmt: skip
    return found


def routed(history: History) -> Json:
    """What routing has done: `round`, its `budget`, how many of it are `spent` and `left`, and what was ruled of all.

    `to` is who rules; empty where nothing is routed in this session.
    """
    text, number = history.ledger.fact("config"), len(history.rounds())
    active = SessionConfig.model_validate_json(text).methods.active if text else None
    if active is None:
        return {"to": "", "round": number, "budget": 0, "spent": 0, "left": 0, "approved": 0, "refused": 0, "open": 0}
    spent = sum(one["routed"] for one in history.round(number).get("routed", {}).values())
    ruled = [one.ruling for one in all_reviews(history)]
    return {
        "to": active.to, "round": number, "budget": active.budget, "spent": spent, "left": active.budget - spent,
        "approved": ruled.count("approve"), "refused": ruled.count("refuse"), "open": len(waiting(history)),
    }  # fmt: skip


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
