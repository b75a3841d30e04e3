"""Better against worse, from an accepted episode's own evidence.

    attempts at the accepted task ─┬─ passed every check ─► chosen, label true
    the program's own answer ──────┘
    attempts that failed a check ──┬─► rejected, label false
    the adversary's answers that the verifier refuted ─┘
    drafts that the critic faulted, before the one that was accepted ─► rejected (the generator's own role)

Both sides of an answer's pair are verified: one by every check, the other by one that it
failed. Of a draft's pair the accepted side is; what is wrong with the other is the critic's
opinion, and the row says so. Only accepted episodes are read: the task itself has passed the
whole gate. Two texts that are one but for spaces, form of letters and outer punctuation are no
pair; case is kept apart, for tasks ask for it.
"""

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from noria.errors import SessionError
from noria.evaluators.probes import REFUTED
from noria.identity import canonical_json
from noria.training.export.cases import Case
from noria.types import Attempt, Json, Sample

Why = Literal["failed check", "refuted attack", "revised draft"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One text and who wrote it."""

    text: str
    source: str
    policy: str
    checks: tuple[Json, ...] = ()
    """What each check found."""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """A better text and a worse one to the same prompt."""

    chosen: Answer
    rejected: Answer
    why: Why

    @property
    def evidence(self) -> str:
        """What is wrong with the worse one."""
        return self.rejected.evidence


def plain(text: str) -> str:
    """A text without what makes no difference: form of letters, spaces, outer punctuation."""
    return " ".join(unicodedata.normalize("NFKC", text).split()).strip(" .,:;!?\"'`*")


def pairs(case: Case, sample: Sample) -> Iterator[Pair]:
    """The pairs of an accepted episode for the role of a sample; each worse text once."""
    if sample.role == "generator":
        yield from _drafts(case, sample)
        return
    good, bad = right(case, sample), list(wrong(case, sample))
    told = {plain(one.text) for one in good}
    for at, (why, one) in enumerate((why, one) for why, one in bad if plain(one.text) not in told):
        yield Pair(good[at % len(good)], one, why)


def labelled(case: Case, sample: Sample) -> Iterator[tuple[Answer, bool, str]]:
    """Every different answer to an accepted task, whether it is right, and what was found."""
    if sample.role == "generator":
        for pair in _drafts(case, sample):
            yield pair.chosen, True, "accepted after revision"
            yield pair.rejected, False, pair.evidence
        return
    good = right(case, sample)
    told = {plain(one.text) for one in good}
    for one in good:
        yield one, True, one.evidence
    for _, one in wrong(case, sample):
        if plain(one.text) not in told:
            yield one, False, one.evidence


def right(case: Case, sample: Sample) -> list[Answer]:
    """The accepted answer, and the other attempts at its task that passed, each text once."""
    found = {sample.messages[-1].content: _accepted(case, sample)}
    for one in _attempts(case, sample):
        if one.passed and plain(one.response) and plain(one.response) not in map(plain, found):
            found[one.response] = _answer(one)
    return list(found.values())


def wrong(case: Case, sample: Sample) -> Iterator[tuple[Why, Answer]]:
    """What was refused on the same task, each text once; a text without words teaches nothing."""
    told = set[str]()
    for why, one in _refused(case, sample):
        if plain(one.text) and plain(one.text) not in told:
            told.add(plain(one.text))
            yield why, one


def _refused(case: Case, sample: Sample) -> Iterator[tuple[Why, Answer]]:
    for one in _attempts(case, sample):
        if one.checks and not one.passed:
            yield "failed check", _answer(one)
    # Each attack is on the draft of its place; only those on the accepted one say something of its task.
    for task, attack in zip(case.episode.drafts, case.episode.attacks, strict=False):
        for probe in attack.probes if task.id == sample.provenance.task else ():
            if probe.by == "policy" and not probe.held and probe.evidence.startswith(REFUTED):
                check = {"name": sample.provenance.verifier, "passed": False, "evidence": probe.evidence}
                yield (
                    "refuted attack",
                    Answer(probe.response, "adversary", attack.policy, (check,), f"{probe.kind}: {probe.evidence}"),
                )


def _attempts(case: Case, sample: Sample) -> list[Attempt]:
    """The attempts at the accepted draft."""
    return [one for one in case.episode.attempts if one.task == sample.provenance.task]


def _answer(one: Attempt) -> Answer:
    found = next((check for check in one.checks if not check.passed), None)
    evidence = f"{found.name}: {found.evidence}" if found else "; ".join(check.evidence for check in one.checks)
    return Answer(one.response, one.source, one.policy, _told(one), evidence)


def _accepted(case: Case, sample: Sample) -> Answer:
    made = next((one for one in case.episode.attempts if one.id == sample.provenance.attempt), None)
    if made is None or not made.passed:
        raise SessionError(
            f"The sample {sample.id} rests on the attempt {sample.provenance.attempt}, which its episode does not show "
            "as passed.",
            mend="`noria accepted verify` says whether the ledger is whole.",
        )
    return _answer(made)


def _told(one: Attempt) -> tuple[Json, ...]:
    return tuple(check.model_dump(mode="json", include={"name", "passed", "evidence"}) for check in one.checks)


def _drafts(case: Case, sample: Sample) -> Iterator[Pair]:
    """The proposal that was accepted against the drafts of it that the critic faulted."""
    proposal, story = sample.messages[-1].content, sample.provenance
    chosen = Answer(proposal, story.source, story.policy)
    for task, critique in zip(case.episode.drafts[:-1], case.episode.critiques, strict=False):
        body = canonical_json({**json.loads(proposal), "instruction": task.instruction})
        if not critique.revise or plain(task.instruction) == plain(json.loads(proposal)["instruction"]):
            continue
        source, policy = ("pool", story.generator) if task.worded_by == "generator" else ("program", "")
        yield Pair(
            chosen,
            Answer(body, source, policy, (), f"the critic asked for another draft: {', '.join(critique.faults)}"),
            "revised draft",
        )
