"""Missed exam items asked anew in a later exam: never the same item, but one beside it in other words.

    item that was missed ─► neighbouring parameters, same skill and level ─► in the exams' own bucket, never asked
                                                                              └─► another wording ─► asked, reported

After Benchmark Self-Evolving (arXiv 2402.11443), which reframes instances to see whether what was learned is
the task or its words. What is asked was chosen by what the holder of the seat got wrong, and
another policy would err elsewhere: in a paired comparison that alone would look like a gain. So
these items stand beside the fresh ones and promote nobody; a skill's recovery is reported.
"""

import re

from noria.config.methods import Method
from noria.config.methods.feedback import Reframings
from noria.evaluators.domain import Domain, Parameters
from noria.graphs.context import Context
from noria.graphs.quarantine import trusted
from noria.identity import bucket, content_id, stream
from noria.training.examine import Again
from noria.types import ExamItem, Task

TRIES = 40
"""Draws of neighbours that an item gets; few of them fall in the exams' bucket."""

DRAWS = 400
"""Points of the same skill that are drawn where no neighbour is left; a small domain may have none."""

WORDINGS = 8
"""Wordings that are drawn to find another one."""


def reframed(context: Context, number: int, rules: Method, used: set[str]) -> Again:
    """The items of a round's exam that ask anew what earlier ones missed; `used` holds parameter ids to avoid."""
    assert isinstance(rules, Reframings)
    levels = trusted(context.domains, context.config.domains, context.history)
    count, found = max(1, round(rules.share * context.config.exam.items)), Again()
    missed = _missed(context, number)
    for name, own in levels.items():
        made = 0
        for item in (one for one in missed if one.task.domain == name and one.task.level in own):
            if made == count:
                break
            domain = context.domains[name].at(item.task.level)
            task = _beside(context, number, domain, item.task, used)
            if task is not None:
                found.append(((task, domain), item.task.id))
                made += 1
    return found


def _missed(context: Context, number: int) -> list[ExamItem]:
    """Fresh items that the policy which held the seat afterwards missed and that nothing asked anew yet, newest first.

    One that was asked anew and missed again is missed still, and asked once more beside its latest form.
    """
    history, again, found = context.history, set[str](), list[ExamItem]()
    for exam in reversed([one for one in history.exams() if one.round < number]):
        for item in history.exam_items(exam.round):
            passed = item.student_passed if exam.promoted else item.parent_passed
            if item.again:
                again.add(item.again)
            if not item.frozen and not passed and item.task.id not in again:
                found.append(item)
    return found


def _beside(context: Context, number: int, domain: Domain, task: Task, used: set[str]) -> Task | None:
    """A task beside another in the exams' bucket, in other words; none where none is left.

    The nearest first: one that differs in one field, or else any of the same skill and level.
    """
    here, rng = domain.point(task.parameters), stream(context.config.random, "again", number, task.id)
    for _ in range(TRIES):
        for point in domain.neighbours(here, task.level, rng):
            made = _asked(context, domain, point, task, used)
            if made is not None:
                return made
    drawn = (domain.sample(task.level, rng) for _ in range(DRAWS))
    found = (_asked(context, domain, point, task, used) for point in drawn)
    return next((one for one in found if one is not None), None)


def _asked(context: Context, domain: Domain, point: Parameters, task: Task, used: set[str]) -> Task | None:
    parameters = point.model_dump(mode="json")
    key = content_id("parameters", [domain.name, parameters])
    if str(parameters["skill"]) != task.skill or key in used or bucket(domain.name, parameters) != "gate":
        return None
    grounding = domain.ground(point)
    if context.history.taught(content_id("solution", [domain.name, grounding.signature])):
        return None
    used.add(key)
    rng = stream(context.config.random, "reframed", key)
    wordings = [domain.phrase(point, rng) for _ in range(WORDINGS)]
    instruction = next((one for one in wordings if _form(one) != _form(task.instruction)), wordings[0])
    return Task(
        id=content_id("task", {"domain": domain.name, "parameters": parameters, "instruction": instruction}),
        domain=domain.name, skill=task.skill, level=task.level, parameters=parameters, instruction=instruction,
        worded_by="program", grounding=grounding,
    )  # fmt: skip


def _form(wording: str) -> str:
    """A wording without its numbers: two of one form differ in their values alone."""
    return re.sub(r"\d+", "#", wording)
