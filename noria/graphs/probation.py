"""Probation: a promoted student is examined once more, a round later, and stays or steps back.

    promoted in round k ─► round k+1: fresh items ─► stays (the probation ends)
                                                 └─► steps back to whom it was promoted over

Where round k+1 held an exam, its fresh items are asked of the policy to step back to alone: who
stands on probation answered them already, as the parent. Where it held none, both are asked.
A student that round k+1 promoted over the accused answered the same items. If the accused
fails, that student proved itself against a policy that should not have played: it stays only if
on these items it beats the one that would play otherwise, and its own probation is against that one.
"""

import time

from noria.agents.student import Solver
from noria.evaluators.gate import sign_test
from noria.evaluators.promotion import discordant
from noria.graphs.context import Context
from noria.graphs.examination import fresh
from noria.graphs.stages import found_done, stage
from noria.graphs.standing import Standing, keep_trial, on_probation, trials
from noria.graphs.stepping import settle_fleet, step_back, withdraw
from noria.identity import content_id
from noria.training.examine import Items, judge_trial, paired
from noria.types import ExamItem, Trial


async def probate(context: Context, number: int) -> None:
    """Decide the probation of whoever was promoted in an earlier round; the fleet keeps what may be wanted."""
    held = next((one for one in trials(context.history) if one.round == number), None)
    if held is None and context.config.exam.probation and (one := on_probation(context.history, before=number)):
        async with stage(context, number, "probate"):
            held = await _held(context, number, one)
            await keep_trial(context.history, held)
        context.tell("trial", {"round": number, "policy": context.policy(held.policy).name, "trial": held})
    elif held is not None:
        await found_done(context, number, "probate")
    if held is not None and not held.passed:
        await _follow(context, number, held)
    await settle_fleet(context)


async def _follow(context: Context, number: int, trial: Trial) -> None:
    """What follows from a failed probation; done once, however often it is run."""
    if context.pointer("student").id == trial.policy or not trial.heir_stays:
        await step_back(context, number, trial.why, context.policy(trial.against), cause="probation")
    else:
        await withdraw(context, number, trial.policy, trial.why, cause="probation")


async def _held(context: Context, number: int, one: Standing) -> Trial:
    """Examine a policy against the one it would be stepped back to."""
    started, rules = time.monotonic(), context.config.exam
    exam = next((exam for exam in context.history.exams() if exam.round == number), None)
    accused, against = (Solver(context.desk, policy) for policy in (one.policy, one.against))
    await context.bring_up(context.policy(one.against))
    place, heir = f"probation-r{number:04}", ""
    answered: list[ExamItem] = []
    if exam is not None and exam.parent == one.policy:
        answered = _asked(context, number, rules.probation)
        tasks: Items = [(item.task, context.domains[item.task.domain].at(item.task.level)) for item in answered]
        before = await against.examine(place, 1, tasks)
        second = [
            paired(item.task, told, item.parent, item.parent_passed)
            for item, told in zip(answered, before, strict=True)
        ]  # fmt: skip
        new = [
            paired(item.task, told, item.student, item.student_passed)
            for item, told in zip(answered, before, strict=True)
        ]  # fmt: skip
        heir = exam.student if context.pointer("student").id == exam.student else ""
        asked: tuple[str, ...] = ()
    else:
        tasks, new = fresh(context, number + 1, "probation", rules.probation), []
        before, after = await against.examine(place, 1, tasks), await accused.examine(place, 2, tasks)
        second = [
            paired(task, told, said.response, said.passed)
            for (task, _), told, (said, _) in zip(tasks, before, after, strict=True)
        ]
        asked = tuple(content_id("parameters", [task.domain, task.parameters]) for task, _ in tasks)
    seconds, pairs = time.monotonic() - started, discordant(new)
    trial = judge_trial(
        number, one.policy, one.against, one.pairs, one.items, second, rules, spent=one.spent, seconds=seconds
    )  # fmt: skip
    stays = bool(heir) and sign_test(*pairs) < rules.alpha
    found = {"asked": asked, "heir": heir, "heir_pairs": pairs, "heir_stays": stays}
    return trial.model_copy(update=found)


def _asked(context: Context, number: int, count: int) -> list[ExamItem]:
    """The first fresh items of the round's exam of each domain, whose verifier is trusted still."""
    beaten, found = context.history.quarantined(), dict[str, list[ExamItem]]()
    for item in context.history.exam_items(number):
        if not item.frozen and not item.again and item.task.grounding.verifier not in beaten:
            found.setdefault(item.task.domain, []).append(item)
    return [item for items in found.values() for item in items[:count]]
