"""A candidate on its way: read, claimed, grounded, given a target, and at last projected.

Pure but for the checks of a domain and the judge's comparison. The wording that passes is
the generator's own where its words still say what its parameters say, and the program's
where they do not; the sample says which.
"""

from collections.abc import Set
from contextlib import suppress
from dataclasses import dataclass, replace

from noria.agents.judge import Judge
from noria.agents.student import checked
from noria.errors import ReplyError
from noria.evaluators import form
from noria.evaluators.domain import Domain, Parameters
from noria.evaluators.foreign import own_words, smuggled, spelled
from noria.evaluators.gate import Decision
from noria.evaluators.sandbox.runner import Runner
from noria.graphs.claims import Claim, shape
from noria.identity import content_id, stream
from noria.types import (
    Attempt,
    Check,
    Dealt,
    Json,
    Reason,
    Task,
    WordedBy,
)


@dataclass(frozen=True, slots=True)
class Draft:
    """Parameters with a wording that says them."""

    point: Parameters
    instruction: str
    worded_by: WordedBy
    checks: tuple[Check, ...]
    number: int = 1

    @property
    def parameters(self) -> Json:
        """The canonical parameters."""
        return self.point.model_dump(mode="json")


async def read(reply: str, dealt: Dealt, domain: Domain, runner: Runner) -> Draft | Decision:
    """Read a proposal; a decision to refuse where it is none, does not stand when run, or asks for reserved ground."""
    try:
        point, wording = domain.read(reply)
    except ReplyError as fault:
        return Decision("reject", Reason.MALFORMED, str(fault))
    try:
        point = await domain.establish(point, runner)
    except ValueError as fault:
        return Decision("reject", Reason.UNGROUNDED, str(fault))
    where = domain.bucket(point)
    if domain.examined and where != "train":
        return Decision("reject", Reason.RESERVED, f"its parameters fall in the bucket {where!r}")
    if what := smuggled(point, domain, dealt.level, dealt.window):
        return Decision("reject", Reason.MALFORMED, f"the text of its parameters {what}")
    wording = domain.worded(point, wording)
    found = wording_checks(domain, point, wording, own_words(domain, point))
    if all(check.passed for check in found):
        return Draft(point, wording, "generator", found)
    own = domain.phrase(point, stream(dealt.random, "phrase"))
    found = wording_checks(domain, point, own, spelled(own))
    if failed := next((check for check in found if not check.passed), None):
        return Decision("reject", Reason.UNGROUNDED, f"the program's own wording fails: {failed.evidence}")
    return Draft(point, own, "program", found)


def wording_checks(domain: Domain, point: Parameters, wording: str, own: Set[str]) -> tuple[Check, ...]:
    """Whether a wording is well-formed, speaks to nobody but a solver, and still says the parameters."""
    return form.check(wording, own, domain.longest), domain.says(point, wording)


def reworded(draft: Draft, wording: str, domain: Domain) -> Draft | None:
    """The next draft, if the new wording is new and still says the parameters."""
    wording = domain.worded(draft.point, wording) if wording else ""
    if not wording or wording == draft.instruction:
        return None
    found = wording_checks(domain, draft.point, wording, own_words(domain, draft.point))
    if not all(check.passed for check in found):
        return None
    return replace(draft, instruction=wording, worded_by="generator", checks=found, number=draft.number + 1)


def claim(draft: Draft, domain: Domain) -> Claim:
    """What the candidate says is new: its parameters, and its solution where one is."""
    parameters = draft.parameters
    keys = [content_id("parameters", [domain.name, parameters])]
    with suppress(ValueError):  # what has no truth is refused at the next stage, which says why
        keys.append(content_id("solution", [domain.name, domain.ground(draft.point).signature]))
    return Claim(tuple(keys), domain.free_text(draft.point), shape(draft.point, domain))


def ground(draft: Draft, dealt: Dealt, domain: Domain) -> Task | Decision:
    """The task with its truth, or the reason there is none."""
    try:
        grounding = domain.ground(draft.point)
    except ValueError as fault:
        return Decision("reject", Reason.UNGROUNDED, str(fault))
    identity = {"domain": domain.name, "parameters": draft.parameters, "instruction": draft.instruction}
    return Task(
        id=content_id("task", identity),
        domain=domain.name,
        skill=str(draft.parameters["skill"]),
        level=dealt.level,
        parameters=draft.parameters,
        instruction=draft.instruction,
        worded_by=draft.worded_by,
        grounding=grounding,
        draft=draft.number,
    )


async def target(passed: list[Attempt], dealt: Dealt, domain: Domain, task: Task, judge: Judge) -> Attempt | None:
    """The attempt to learn from: the only one, the judge's steady preference, or the shortest."""
    distinct = sorted({one.response: one for one in passed}.values(), key=lambda one: (len(one.response), one.response))
    if len(distinct) < 2 or domain.single(task.grounding):
        return distinct[0] if distinct else None
    return await judge.prefer(dealt, task, distinct[0], distinct[1]) or distinct[0]


async def program_truth(dealt: Dealt, domain: Domain, task: Task, runner: Runner) -> Attempt:
    """The program's own response, checked like any other."""
    text = domain.truth(domain.point(task.parameters), stream(dealt.random, "truth"))
    return await checked(domain, task, text, domain.verifier, "program", runner)
