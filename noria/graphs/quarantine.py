"""Quarantine: what follows once an attack beat a verifier.

    episode settled with its proof ─► in force at once
        ├─ play      what rests on the verifier and is not admitted yet is refused: untrusted
        ├─ curate    samples that rest on it alone leave, the round's own and the replay
        ├─ examine   its items are left out
        ├─ plan      its levels are dealt no more, nor is its card or a judge measured there
        └─ guard     the session stops where no verifier is left

Episodes of a batch run side by side, so whether one of them is admitted just before the
proof is written or refused just after is a race, and a resumed round may decide it the
other way. Nothing hangs on it: what was admitted leaves at the round's curation, which comes
after all its episodes, and no other domain asks what this one asked. The rows that are
learned, the exam and the next deal are the same either way.

Samples stay in the ledger and in the neighbour index: what was asked before was asked
before, whoever judged the answer. The mend is a new version of the verifier, which is a new
verifier: it is dealt from the next plan on, and what the old one passed stays out.
"""

from collections.abc import Mapping
from typing import Any

from noria.config import ExamRules, SessionConfig
from noria.evaluators.domain import Domain
from noria.memory.history import History
from noria.memory.learned import Learned
from noria.training.examine import judge
from noria.types import MEND, Quarantine, Sample, rests_alone


def distrust(history: History, verifier: str) -> str:
    """Why nothing that rests on a verifier is accepted, empty while it is trusted; the ledger is asked each time."""
    beaten = history.quarantined().get(verifier)
    return f"{verifier} is quarantined: {beaten.why}; {MEND}" if beaten else ""


Levels = Mapping[str, tuple[int, ...]]
"""The levels of each domain."""


def trusted(domains: Mapping[str, Domain], levels: Levels, history: History) -> dict[str, tuple[int, ...]]:
    """The levels whose verifier nobody has beaten, of each domain that has any left."""
    beaten = history.quarantined()
    left = {
        name: tuple(level for level in levels[name] if domain.at(level).verifier not in beaten)
        for name, domain in domains.items()
    }
    return {name: own for name, own in left.items() if own}


def beaten_among(domains: Mapping[str, Domain], levels: Levels, history: History) -> list[str]:
    """The verifiers of these levels that somebody has beaten."""
    beaten = history.quarantined()
    named = {domain.at(level).verifier for name, domain in domains.items() for level in levels[name]}
    return sorted(named.intersection(beaten))


def exhausted(domains: Mapping[str, Domain], levels: Levels, history: History) -> str:
    """The reason to stop where no verifier is left to trust, empty where one is."""
    if trusted(domains, levels, history):
        return ""
    names = ", ".join(beaten_among(domains, levels, history))
    return f"quarantine: no verifier is left to trust ({names}); {MEND}, and a new session can play with it"


def account(history: History) -> list[dict[str, Any]]:
    """Each quarantined verifier with what rests on it: samples, the policies that learned from them, the exams."""
    beaten = history.quarantined()
    if not beaten:
        return []
    shown, samples = history.quarantines(), history.samples()
    return [
        {
            **one.model_dump(mode="json"),
            "shown": sum(other.verifier == verifier for other in shown),
            "samples": sum(sample.role == "solver" for sample in resting),
            "generator_rows": sum(sample.role == "generator" for sample in resting),
            "policies": _learned(history, resting),
            "exams": _examined(history, verifier, beaten),
        }
        for verifier, one in beaten.items()
        for resting in [[sample for sample in samples if _rests(sample, verifier, beaten)]]
    ]


def _rests(sample: Sample, verifier: str, beaten: Mapping[str, Quarantine]) -> bool:
    return verifier in sample.provenance.verifiers and rests_alone(sample.provenance, beaten)


def _learned(history: History, resting: list[Sample]) -> list[dict[str, Any]]:
    """Policies trained while the samples were in, by round: a student of theirs is only clean from its base."""
    ids = {sample.id for sample in resting}
    learned = Learned(history)
    counts = [(one, sum(key in ids for key in learned.of(one))) for one in history.policies()]
    return [{"policy": one.name, "round": one.round, "samples": count} for one, count in counts if count]


def _examined(history: History, verifier: str, beaten: Mapping[str, Quarantine]) -> list[dict[str, Any]]:
    """Exams that asked its items, and what each decides without the items of every beaten verifier."""
    config, found = history.ledger.fact("config"), []
    rules = SessionConfig.model_validate_json(config).exam if config else ExamRules()
    for exam in history.exams():
        items = history.exam_items(exam.round)
        count = sum(item.task.grounding.verifier == verifier for item in items)
        if count:
            left = [item for item in items if item.task.grounding.verifier not in beaten]
            again = judge(exam.round, exam.parent, exam.student, left, rules, exam.seconds)
            found.append({"round": exam.round, "items": count, "promoted": exam.promoted, "without": again.promoted})
    return found
