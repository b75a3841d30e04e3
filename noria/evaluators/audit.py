"""Audit: accepted samples proved again, and cheats planted before every verifier.

    accepted sample ─► its task's parameters, established and grounded anew ─► response checked anew
                    ─► its wording still says them ─► the same verifier still refuses a planted wrong answer
    every verifier  ─► responses that do no task, on fresh tasks ─► those that pass again and again

The audit trusts nothing that the episode wrote down but the parameters as they were proposed:
truth, wording and answer are proved from those by a runner that has run nothing else. What
fails is tried once more in another fresh runner, for a program cut off on a busy machine is
no wrong label. Where a model wrote what is right, its programs are run anew and must give
the same; that they mean what was asked rests on the judge's word alone and is not audited.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from noria.errors import SandboxError, VerifierError
from noria.evaluators import form
from noria.evaluators.domain import Domain
from noria.evaluators.measures import Accepted
from noria.evaluators.probes import BEATEN, forged, refused, shortcuts
from noria.evaluators.sandbox.runner import Runner
from noria.fence import defused
from noria.identity import content_id, stream
from noria.types import Message, Task

SLICE = 60
"""Accepted samples of a round that are proved again: a share wrong of 5 % shows itself with 95 %."""

FRESH = 4
"""Tasks of a level that every cheat is tried on."""


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit found."""

    proved: int
    """Samples that were proved right or wrong."""
    wrong: tuple[tuple[str, str], ...]
    """Sample and why its label is wrong."""
    unproved: tuple[tuple[str, str], ...]
    """Sample and why nothing could be said."""


async def audit(rows: Sequence[Accepted], fresh: Callable[[], Runner], name: str) -> Audited:
    """Prove a slice of accepted samples anew; `fresh` gives a runner that has run nothing."""
    drawn = stream(name, "audit").sample(list(rows), min(len(rows), SLICE))
    wrong, unproved, runner = list[tuple[str, str]](), list[tuple[str, str]](), fresh()
    for one in drawn:
        try:
            why = await proved(one, runner) and await proved(one, fresh())
        except (SandboxError, VerifierError) as fault:
            unproved.append((one.sample.id, str(fault)))
            continue
        if why:
            wrong.append((one.sample.id, why))
    return Audited(len(drawn) - len(unproved), tuple(wrong), tuple(unproved))


async def proved(one: Accepted, runner: Runner) -> str:
    """Why an accepted sample's label is wrong; empty where all of it is proved again.

    Raises:
        SandboxError: a program would have to be run and cannot be.
        VerifierError: a domain that is not ours fails.
    """
    domain, task = one.domain, one.task
    *asked, answer = one.sample.messages
    try:
        proposed = domain.point(task.parameters).proposed()
        point = await domain.establish(domain.point(proposed), runner)
        grounding = domain.ground(point)
    except ValueError as fault:
        return f"its task has no truth: {fault}"
    beside = domain.aside(point, task.instruction)
    if answer.role != "assistant" or not (_asks(asked, task.instruction) or (beside and _asks(asked, beside))):
        return f"it does not answer its own task {task.instruction!r}"
    if domain.bucket(point) != "train":
        return "its task belongs to the exams"
    if not (says := domain.says(point, task.instruction)).passed:
        return f"its wording does not say its parameters: {says.evidence}"
    text = one.response.strip()
    if why := await refused(domain, grounding, text, runner):
        return f"its answer {text[:80]!r} is refused: {why}"
    if not (clean := form.response(text, task.instruction)).passed:
        return f"its answer {text[:80]!r} is no answer: {clean.evidence}"
    planted = domain.wrong(point, stream("audit", one.sample.id))
    if not await refused(domain, grounding, planted, runner):
        return f"its verifier accepts the wrong answer {planted[:80]!r} too"
    return ""


def _asks(messages: Sequence[Message], instruction: str) -> bool:
    """Whether a chat asks an instruction, as it stands or as a prompt has it (see `fence`)."""
    said = {instruction, defused(instruction)}
    return any(message.role == "user" and any(one in message.content for one in said) for message in messages)


async def cheats(domain: Domain, level: int, runner: Runner, name: str) -> tuple[int, int]:
    """How many planted cheats passed a level's verifier, of those shown.

    One that passes on some task by luck does not count: it must pass on half of the fresh tasks.

    Raises:
        SandboxError: a program would have to be run and cannot be.
        VerifierError: a domain that is not ours fails.
    """
    shown, passed = dict[str, int](), dict[str, int]()
    for number in range(FRESH):
        task = _task(domain, level, f"{name}/{number}")
        for does, response in {**shortcuts(domain, task.instruction), **forged(domain, task)}.items():
            shown[does] = shown.get(does, 0) + 1
            passed[does] = passed.get(does, 0) + (not await refused(domain, task.grounding, response, runner))
    held = sum(count for does, count in passed.items() if count > BEATEN * shown[does])
    return held, sum(shown.values())


def _task(domain: Domain, level: int, name: str) -> Task:
    rng = stream(name, domain.name, level)
    point = domain.sample(level, rng)
    parameters, instruction = point.model_dump(mode="json"), domain.phrase(point, rng)
    identity = {"domain": domain.name, "parameters": parameters, "instruction": instruction}
    return Task(
        id=content_id("task", identity), domain=domain.name, skill=str(parameters["skill"]), level=level,
        parameters=parameters, instruction=instruction, worded_by="program", grounding=domain.ground(point),
    )  # fmt: skip
