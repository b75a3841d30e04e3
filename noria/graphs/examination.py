"""The exam of a round: which items are asked, what an earlier exam already knows, and the outcome in the ledger.

Asked of the ledger first, so it may be run again. A quarantined verifier is asked nothing.
"""

from noria.agents.student import Solver
from noria.failpoints import at
from noria.graphs.coming import coming
from noria.graphs.context import Context
from noria.graphs.quarantine import beaten_among, trusted
from noria.graphs.stages import found_done, stage
from noria.graphs.standing import trials
from noria.graphs.withdrawing import unfit
from noria.identity import content_id
from noria.memory.history import History
from noria.training import examine as examining
from noria.training.examine import Again, Items, Known
from noria.types import ExamItem


async def examine(context: Context, number: int, student: str) -> bool:
    """Parent and student on the same items; found held, or held now.

    Where no trusted verifier is left to ask for items the student has proved nothing; one that a purge has
    tainted is not examined.
    """
    if why := unfit(context, student):
        await context.history.keep_round(number, "unexamined", unexamined=why)
        context.tell("unexamined", {"round": number, "why": why})
        return False
    if "gate" in context.config.arm.without:
        return True
    held = next((exam for exam in context.history.exams() if exam.round == number), None)
    if held is not None:
        await found_done(context, number, "examine")
        return held.promoted
    parent, policy, rules = context.pointer("student"), context.policy(student), context.config.exam
    items = fresh(context, number, "exam", rules.items)
    left_out = beaten_among(context.domains, context.config.domains, context.history)
    if not items:
        why = f"no item to examine it on is left; quarantined: {', '.join(left_out) or 'none'}"
        if not any(one.examined for one in context.domains.values()):
            why = "no program knows what is right in its domains, so nothing can be asked"
        await context.history.keep_round(number, "unexamined", unexamined=why)
        context.tell("unexamined", {"round": number, "why": why})
        return False
    async with stage(context, number, "examine"), coming(context, policy):
        exam, answered = await examining.examine(
            number, Solver(context.desk, parent.id), Solver(context.desk, policy.id), items, rules,
            frozen=frozen(context), known=known(context.history, parent.id), base=context.pointer("base").id,
            again=asked_again(context, number, items),
        )  # fmt: skip
        exam = exam.model_copy(update={"left_out": tuple(left_out)})
        at("exam.held")
        # Kept before the stage is over: who is told of its end looks for the exam.
        await context.history.keep_exam(exam, answered)
        at("exam.kept")
    context.tell("exam", {"exam": exam})
    return exam.promoted


def fresh(context: Context, number: int, name: str, count: int) -> Items:
    """Items of trusted verifiers, `count` of each domain, that no exam and no probation before this round asked."""
    levels = asked_of(context)
    used, own = asked_before(context.history, number), f"{context.config.random}/{number}/{name}"
    parts = [(levels, dict.fromkeys(levels, count), own)]
    if context.config.methods.growing_exam:
        from noria.graphs.leaning.growing import examined

        parts = examined(context, number, levels, count, own)
    found: Items = []
    for some, counts, called in parts:
        for key in some:
            lacks = count - sum(task.domain == key for task, _ in found)
            found += examining.draw(
                {key: context.domains[key]}, some, min(counts[key], lacks), called, used=used,
                taught=context.history.taught,
            )  # fmt: skip
    return found


def asked_again(context: Context, number: int, items: Items) -> Again:
    """Items missed in earlier exams, asked anew beside a round's fresh ones, where that method is on."""
    if not (methods := context.config.methods.on("examine").get("reframings")):
        return []
    from noria.graphs.reframing import reframed

    used = asked_before(context.history, number)
    used |= {content_id("parameters", [task.domain, task.parameters]) for task, _ in items}
    return reframed(context, number, methods, used)


def asked_of(context: Context) -> dict[str, tuple[int, ...]]:
    """The levels that an exam may ask: of a verifier nobody has beaten, where a program knows what is right."""
    found = trusted(context.domains, context.config.domains, context.history)
    of = {name: tuple(one for one in own if context.domains[name].at(one).examined) for name, own in found.items()}
    return {name: own for name, own in of.items() if own}


def asked_before(history: History, number: int) -> set[str]:
    """Parameter ids of what the exams and probations of earlier rounds asked."""
    used = {key for one in trials(history) if one.round < number for key in one.asked}
    for earlier in range(1, number):
        for item in history.exam_items(earlier):
            used.add(content_id("parameters", [item.task.domain, item.task.parameters]))
    return used


def frozen(context: Context) -> Items:
    """The session's frozen items whose verifier is trusted: as the first exam asked them, or drawn for it now."""
    count, history = context.config.exam.frozen, context.history
    levels = asked_of(context)
    for exam in history.exams():
        asked = [item.task for item in history.exam_items(exam.round) if item.frozen]
        if asked:
            found = [task for task in asked if task.level in levels.get(task.domain, ())]
            return [(task, context.domains[task.domain].at(task.level)) for task in found]
    name, used = f"{context.config.random}/frozen", set[str]()
    return [
        item
        for domain, own_levels in levels.items()
        for level in own_levels
        for item in examining.draw(
            {domain: context.domains[domain]},
            {domain: (level,)},
            count,
            f"{name}/{level}",
            used=used,
            where="audit",
            taught=context.history.taught,
        )
    ]


def known(history: History, parent: str) -> Known:
    """What earlier exams asked already: the parent's answers to the frozen items, and how the base reads."""
    answers: dict[str, ExamItem] = {}
    base: tuple[float, ...] = ()
    for exam in history.exams():
        for item in history.exam_items(exam.round):
            if item.frozen and exam.student == parent:
                answers[item.task.id] = item
            elif item.frozen and exam.parent == parent:
                turned = {"student": item.parent, "student_passed": item.parent_passed, "student_cut": item.parent_cut}
                answers[item.task.id] = item.model_copy(update=turned)
        base = exam.prose.base if exam.prose else base
    return Known(answers, base)
