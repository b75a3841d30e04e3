"""What the ledger knows of one sample, episode, policy, verifier or exam, gathered in one place.

id ─► account (JSON) ─► story (words)

An account is plain JSON: `noria why --json` prints it, and the viewer tells it. Policies are
called by their names; what a model wrote stands as it was written.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from sqlalchemy import func, select

from noria.memory import tables
from noria.memory.history import History
from noria.memory.learned import Learned
from noria.memory.lineage import told
from noria.memory.naming import Kind, Named
from noria.memory.steps import Steps
from noria.memory.withdrawals import SOME, Withdrawals
from noria.types import Episode, Exam, Policy, Sample, TurnKey, rests_alone

Json = dict[str, Any]


def account(history: History, thing: Named, *, shown_to: int | None = None) -> Json:
    """What is known of a thing that the session knows.

    `shown_to` is how many later samples were shown this one, where a projection counts them:
    without it all that was accepted since is read for it.
    """
    tell: dict[Kind, Callable[[History, str], Json]] = {
        "sample": partial(_sample, shown_to=shown_to), "episode": _episode, "policy": _policy, "verifier": _verifier,
        "exam": _exam,
    }  # fmt: skip
    return {
        "kind": thing.kind,
        "id": thing.name if thing.kind == "exam" else thing.id,
        **tell[thing.kind](history, thing.id),
    }


def _names(history: History) -> dict[str, str]:
    return {policy.id: policy.name for policy in history.policies()}


def _read(history: History, key: str) -> Sample:
    body = history.ledger.value(select(tables.samples.c.body).where(tables.samples.c.id == key))
    return Sample.model_validate_json(body)


def _sample(history: History, key: str, *, shown_to: int | None) -> Json:
    sample = _read(history, key)
    one, names = sample.provenance, _names(history)
    episode = history.episode(one.episode)
    beaten = history.quarantined()
    return {
        "role": sample.role,
        "round": one.round, "domain": one.domain, "skill": one.skill, "level": one.level,
        "asked": sample.messages[-2].content, "answer": sample.messages[-1].content,
        "episode": one.episode,
        **(_played(history, episode) if episode else {}),
        "answered": _answered(one.policy, one.attempt, episode, names, one.solve_rate) | {"source": one.source},
        "verifier": one.verifier, "sandbox": one.sandbox,
        "beside": _of_episode(history, one.episode, key),
        "learned": [_learner(history, policy) for policy in Learned(history).by(key)],
        "shown_to": _shown_to(history, key, one.round) if shown_to is None else shown_to,
        "quarantined": "; ".join(beaten[verifier].why for verifier in one.verifiers if verifier in beaten)
        if rests_alone(one, beaten) else "",
        "withdrawn": _withdrawn(history, key),
    }  # fmt: skip


def _shown_to(history: History, key: str, number: int) -> int:
    return sum(key in row.story.neighbours for row in told(history, after=number))


def _of_episode(history: History, episode: str, but: str = "") -> list[str]:
    samples = tables.samples
    query = select(samples.c.id).where(samples.c.episode == episode, samples.c.id != but).order_by(samples.c.sequence)
    return [row.id for row in history.ledger.rows(query)]


def _withdrawn(history: History, sample: str) -> Json | None:
    found = Withdrawals(history.ledger).of(sample)
    return {"root": found.root, "why": found.why, "at": found.at} if found else None


def _episode(history: History, key: str) -> Json:
    episode = history.episode(key)
    if episode is None:
        dealt = history.hand(key)
        assert dealt is not None
        return {"outcome": "", "round": dealt.round, "position": dealt.position, "domain": dealt.domain,
                "level": dealt.level, **_proposed(history, key)}  # fmt: skip
    names = _names(history)
    return {
        "outcome": episode.outcome, "reason": episode.reason.value, "stage": episode.stage.value,
        "evidence": episode.evidence,
        "round": episode.round, "domain": episode.domain, "level": episode.level,
        **_played(history, episode),
        "answered": _answered("", "", episode, names, episode.solve_rate),
        "samples": _of_episode(history, key),
        "turns": dict(Counter(turn.key.role for turn in history.trace(key))),
    }  # fmt: skip


def _played(history: History, episode: Episode) -> Json:
    """What the seats and the programs made of an episode's candidate."""
    names = _names(history)
    benched = history.round(episode.round).get("judge", {}).get("benched", "")
    return {
        "position": episode.position,
        **_proposed(history, episode.id),
        "drafts": [
            {"instruction": task.instruction, "worded_by": task.worded_by, "verifier": task.grounding.verifier,
             "support": task.grounding.facts.get("sentence", "")}
            for task in episode.drafts
        ],
        "reviewed": [
            {**one.model_dump(mode="json"), "policy": names.get(one.policy, one.policy)} for one in episode.critiques
        ],
        "attacked": [
            {**one.model_dump(mode="json"), "policy": names.get(one.policy, one.policy)}
            for one in episode.attacks
        ],
        "judged": [
            {**one.model_dump(mode="json"), "policy": names.get(one.policy, one.policy),
             "benched": "" if one.veto else benched}
            for one in episode.verdicts
        ],
        "checked": [check.model_dump(mode="json") for check in episode.checks],
    }  # fmt: skip


def _proposed(history: History, episode: str) -> Json:
    """Who proposed, from what; nothing where the deal is not there any more."""
    dealt = history.hand(episode)
    if dealt is None:
        return {}
    names = _names(history)
    templates, notes = Steps(history).played(dealt.round, episode) or (dealt.templates, [])
    turn = history.turn(TurnKey(episode=episode, role="generator", draft=1, attempt=1))
    ids = (*dealt.shown, *[""] * (len(dealt.neighbours) - len(dealt.shown)))
    return {
        "seats": {role: names.get(who, who) for role, who in dealt.seats.items()},
        "seed": {"id": dealt.seed.id, "kind": dealt.seed.kind, "text": dealt.seed.text, "place": dealt.seed.place},
        "neighbours": [{"sample": one, "text": text} for one, text in zip(ids, dealt.neighbours, strict=True)],
        "templates": templates,
        "notes": notes,
        "proposal": turn.replies[0] if turn and turn.replies else "",
    }


def _answered(writer: str, attempt: str, episode: Episode | None, names: dict[str, str], rate: float | None) -> Json:
    """Who answered, at which attempt, and what was found of each."""
    made = [
        {**one.model_dump(mode="json"), "policy": names.get(one.policy, one.policy), "passed": one.passed,
         "taught": one.id == attempt}
        for one in (episode.attempts if episode else ())
    ]  # fmt: skip
    return {"policy": names.get(writer, writer), "solve_rate": rate, "attempts": made}


def _learner(history: History, policy: Policy) -> Json:
    """A policy that learned from something: what became of it, and how much it wrote."""
    answers, proposals = _wrote(history, policy.id)
    return {"policy": policy.name, "round": policy.round, **_became(history, policy),
            "answers": answers, "proposals": proposals}  # fmt: skip


def _became(history: History, policy: Policy) -> Json:
    """How a trained policy did in its exam, and whether it may play."""
    exam = next((one for one in history.exams() if one.student == policy.id), None)
    tainted = Withdrawals(history.ledger).tainted().get(policy.id)
    current = history.pointer("student")
    return {
        "exam": exam.round if exam else None,
        "promoted": exam.promoted if exam else None,
        "why": exam.why if exam else history.round(policy.round).get("unexamined", ""),
        "current": current is not None and current.id == policy.id,
        "tainted": {"root": tainted.root, "why": tainted.why, "at": tainted.at} if tainted else None,
    }


def _wrote(history: History, policy: str) -> tuple[int, int]:
    """How many accepted answers, and how many accepted proposals, a policy wrote; withdrawn ones too."""
    samples = tables.samples
    query = select(samples.c.role, func.count().label("count")).where(samples.c.policy == policy)
    found = {row.role: row.count for row in history.ledger.rows(query.group_by(samples.c.role))}
    return found.get("solver", 0), found.get("generator", 0)


def _policy(history: History, key: str) -> Json:
    policy = history.policy(key)
    assert policy is not None
    names, base = _names(history), history.pointer("base")
    learner = _learner(history, policy)
    seats: dict[str, list[int]] = {}
    for number, _, facts in history.rounds():
        for role, who in facts.get("seats", {}).items():
            if who == policy.id:
                seats.setdefault(role, []).append(number)
    exam = next((one for one in history.exams() if one.round == learner["exam"]), None)
    return {
        **{name: value for name, value in learner.items() if name != "exam"},
        "base": base is not None and base.id == policy.id,
        "parents": [names.get(one, one) for one in policy.parents],
        "training": {name: value for name, value in policy.training.items() if name not in ("samples", "losses")},
        "rows": _rows(history, Learned(history).of(policy)),
        "exam": _held(history, exam) if exam else None,
        "seats": seats,
        "retrains": history.round(policy.round).get("retrains", 0),
    }


def _rows(history: History, ids: Iterable[str]) -> Json:
    """What a policy learned, by domain, source and role; and how much of it is withdrawn by now."""
    found: dict[str, dict[str, int]] = {"domain": {}, "source": {}, "role": {}}
    asked, samples, out = list(ids), tables.samples, Withdrawals(history.ledger)
    withdrawn = known = 0
    for at in range(0, len(asked), SOME):
        some = asked[at : at + SOME]
        rows = history.ledger.rows(
            select(samples.c.domain, samples.c.source, samples.c.role).where(samples.c.id.in_(some))
        )
        known += len(rows)
        withdrawn += len(out.among(some))
        for row in rows:
            for name in found:
                found[name][getattr(row, name)] = found[name].get(getattr(row, name), 0) + 1
    sorts = {f"by_{name}": dict(sorted(counts.items())) for name, counts in found.items()}
    return {"given": len(asked), "anchors": len(asked) - known, **sorts, "withdrawn": withdrawn}


def _verifier(history: History, key: str) -> Json:
    levels: dict[str, int] = {}
    out = Withdrawals(history.ledger)
    ids: list[str] = []
    for row in told(history):
        if key in row.story.verifiers and row.role == "solver":
            ids.append(row.id)
            place = f"{row.story.domain} level {row.story.level}"
            levels[place] = levels.get(place, 0) + 1
    beaten = history.quarantined().get(key)
    shown = ("level", "right_accepted", "right", "wrong_refused", "wrong", "admits")
    cards = [
        {"round": number, **{name: card.get(name) for name in shown}}
        for number, _, facts in history.rounds()
        for card in facts.get("verifiers", [])
        if card["verifier"] == key
    ]
    asked = {exam.round: sum(item.task.grounding.verifier == key for item in history.exam_items(exam.round))
             for exam in history.exams()}  # fmt: skip
    return {
        "samples": len(ids), "by_level": dict(sorted(levels.items())), "withdrawn": len(out.among(ids)),
        "cards": cards, "quarantined": beaten.why if beaten else "",
        "exams": {str(number): count for number, count in asked.items() if count},
    }  # fmt: skip


def _exam(history: History, key: str) -> Json:
    exam = next(one for one in history.exams() if str(one.round) == key)
    student = history.policy(exam.student)
    return _held(history, exam) | ({"became": _became(history, student)} if student else {})


def _held(history: History, exam: Exam) -> Json:
    names = _names(history)
    return {
        **exam.model_dump(mode="json", exclude={"id", "skills"}),
        "parent": names.get(exam.parent, exam.parent), "student": names.get(exam.student, exam.student),
    }  # fmt: skip
