"""What a rehearsed reply is worth, by the programs that weigh it in play: marks, in the order they are earned.

generator  parses · in its window · not reserved · new · own words
reword     parses · says the same            judge   parses · right
adversary  parses · holds                    solver, restate  parses · right          the others parse
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from noria.agents import adversary, critic
from noria.agents.asks import ASKS
from noria.agents.generator import Wording
from noria.agents.replies import read
from noria.agents.student import checked
from noria.errors import ReplyError, VerifierError
from noria.evaluators import gate, probes
from noria.evaluators.fitting import fits
from noria.evaluators.foreign import own_words
from noria.evaluators.sandbox.runner import Runner
from noria.graphs import candidate
from noria.graphs.rehearsing.question import Question
from noria.memory.history import History
from noria.types import Reason, Turn

PARSES, VALID, FREE, NEW, WORDED = "parses", "in its window", "not reserved", "new", "own words"
SAYS, RIGHT, HOLDS = "says the same", "right", "holds"

MARKS = {
    "generator": (PARSES, VALID, FREE, NEW, WORDED), "reword": (PARSES, SAYS), "adversary": (PARSES, HOLDS),
    "judge": (PARSES, RIGHT), "solver": (PARSES, RIGHT), "restate": (PARSES, RIGHT),
    **dict.fromkeys(("ground", *ASKS), (PARSES, VALID, FREE, NEW, WORDED)),
}  # fmt: skip
"""What each template's replies may earn; those of the others parse or do not."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A reply's marks, and what was found."""

    marks: dict[str, bool]
    said: str


def marks(template: str) -> tuple[str, ...]:
    """What a template's replies may earn."""
    return MARKS.get(template, (PARSES,))


async def weigh(question: Question, turn: Turn, history: History, runner: Runner) -> Weighed:
    """Weigh the reply of a turn that answers a question; nothing is claimed or written."""
    how = {
        **dict.fromkeys(("generator", "ground", *ASKS), _proposal), "reword": _wording, "adversary": _claim,
        "solver": _answer, "restate": _answer,
    }  # fmt: skip
    earned: list[str] = []
    weighing: Callable[..., Awaitable[str]] = how.get(question.ask.template, _read)
    try:
        said = await weighing(question, turn, history, runner, earned)
    except (ReplyError, VerifierError) as fault:
        said = str(fault)
    return Weighed({name: name in earned for name in marks(question.ask.template)}, said)


async def _proposal(question: Question, turn: Turn, history: History, runner: Runner, earned: list[str]) -> str:
    reply = turn.replies[0] if turn.replies and turn.finish[:1] != ("length",) else ""
    if not reply:
        return "empty, or cut"
    draft = await candidate.read(reply, question.dealt, question.domain, runner)
    if not isinstance(draft, gate.Decision) or draft.reason != Reason.MALFORMED:
        earned.append(PARSES)
        if question.ask.schema is not None and fits(question.ask.schema, json.loads(reply)):
            earned.append(VALID)
    if isinstance(draft, gate.Decision):
        return f"{draft.reason.value}: {draft.evidence}"
    earned.append(FREE)
    claim = candidate.claim(draft, question.domain)
    others = [one for one in history.claimants(claim.keys) if one[0] != question.dealt.episode]
    if others:
        return f"{others[0][0]} asks the same"
    earned.append(NEW)
    if draft.worded_by == "generator":
        earned.append(WORDED)
        return "in its own words"
    return "worded by the program: its own words do not say its parameters"


async def _wording(question: Question, turn: Turn, history: History, runner: Runner, earned: list[str]) -> str:
    said = " ".join(read(Wording, turn).instruction.split())
    earned.append(PARSES)
    assert question.task is not None
    point = question.domain.point(question.task.parameters)
    found = candidate.wording_checks(question.domain, point, said, own_words(question.domain, point))
    if all(check.passed for check in found):
        earned.append(SAYS)
    return "; ".join(f"{check.name}: {check.evidence}" for check in found)


async def _claim(question: Question, turn: Turn, history: History, runner: Runner, earned: list[str]) -> str:
    reply = read(adversary.Reply, turn)
    earned.append(PARSES)
    assert question.task is not None
    probe = await probes.claimed(question.domain, question.task, reply.kind, reply.answer, reply.claim, runner)
    if probe.held:
        earned.append(HOLDS)
    return probe.evidence


async def _answer(question: Question, turn: Turn, history: History, runner: Runner, earned: list[str]) -> str:
    said = turn.replies[0] if turn.replies else ""
    if said.strip() and turn.finish[:1] != ("length",):
        earned.append(PARSES)
    assert question.task is not None
    attempt = await checked(question.domain, question.task, said, turn.policy, "pool", runner)
    if attempt.passed:
        earned.append(RIGHT)
    return "; ".join(f"{check.name}: {check.evidence}" for check in attempt.checks)


async def _read(question: Question, turn: Turn, history: History, runner: Runner, earned: list[str]) -> str:
    said = turn.replies[0].strip() if turn.replies else ""
    if question.ask.template == "critic":
        reply = read(critic.Reply, turn)
        earned.append(PARSES)
        return ", ".join(reply.faults) or "no faults"
    if question.ask.template == "explain":
        said = read(Wording, turn).instruction
    elif said.lower() not in question.ask.choices:
        raise ReplyError(f"it is none of {', '.join(question.ask.choices)}")
    earned.append(PARSES)
    if question.ask.template == "judge" and question.attempt is not None:
        if (said.lower() == "accept") == question.attempt.passed:
            earned.append(RIGHT)
        return "the answer is right" if question.attempt.passed else "the answer is wrong"
    return "it was read"
