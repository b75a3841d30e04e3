"""The learning half of a round: curate, train, examine, promote or keep out.

Each step first asks the ledger whether it was done, so each may be run again.
"""

from noria.agents.student import Solver
from noria.graphs.context import Context
from noria.graphs.quarantine import beaten_among, trusted
from noria.graphs.stages import stage
from noria.identity import content_id
from noria.training import curate as curating
from noria.training import examine as examining


async def curate(context: Context, number: int) -> None:
    """Choose the rows of the round and write them where the trainer finds them."""
    async with stage(context, number, "curate"):
        unclean = context.hygiene.unclean(context.history, number)
        chosen = _curated(context, number, unclean)
        looked = {"fingerprint": context.hygiene.fingerprint, "exams": number - 1, "unclean": unclean}
        facts = {"curated": chosen.composition, "left": chosen.left, "unclean": chosen.unclean, "hygiene": looked}
        await context.history.keep_round(number, "curated", **facts)
    if chosen.unclean:
        context.tell("unclean", {"round": number, "found": chosen.unclean})
    known = context.history.quarantined()
    for verifier, count in chosen.left.items():
        context.tell("left", {"round": number, "samples": count, "quarantine": known[verifier]})


def _curated(context: Context, number: int, unclean: dict[str, str]) -> curating.Curated:
    history = context.history
    return curating.curate(
        history.samples(number=number),
        history.samples(before=number),
        history.seeds(),
        context.config.train,
        f"{context.config.random}/{number}",
        history.quarantined(),
        unclean,
    )


async def train(context: Context, number: int) -> str:
    """Train a student, or say why not; returns its id, empty where there is none."""
    name = student_name(number)
    if (made := context.history.policy(name)) is not None:
        return made.id
    unclean = context.history.round(number).get("hygiene", {}).get("unclean", {})
    chosen, base = _curated(context, number, unclean), context.history.pointer("base")
    needed, why = context.config.train.min_rows, ""
    if base is None:
        why = "no seat is held by a student of the session's own"
    elif chosen.composition["new"] < needed:
        why = f"{chosen.composition['new']} new rows, {needed} are needed to train"
        why += "".join(f"; {count} are unclean: {kind}" for kind, count in chosen.unclean.items())
        why += "".join(f"; {count} more rest on {name} alone, beaten" for name, count in chosen.left.items())
    if base is None or why:
        await context.history.keep_round(number, "untrained", untrained=why)
        context.tell("untrained", {"round": number, "why": why})
        return ""
    async with stage(context, number, "train"), context.fleet.quiet():
        policy = await context.trainer(name, number, base, chosen, lambda step: context.tell("step", step.model_dump()))
        policy = policy.model_copy(update={"training": {**policy.training, "samples": list(chosen.samples)}})
        await context.history.keep_policy(policy)
    return policy.id


async def examine(context: Context, number: int, student: str) -> bool:
    """Parent and student on the same fresh items; found held, or held now.

    A quarantined verifier is asked nothing; where none is left the student has proved nothing.
    """
    held = next((exam for exam in context.history.exams() if exam.round == number), None)
    if held is not None:
        return held.promoted
    parent, policy = context.pointer("student"), context.policy(student)
    used = {
        content_id("parameters", [item.task.domain, item.task.parameters])
        for earlier in range(1, number)
        for item in context.history.exam_items(earlier)
    }
    rules = context.config.exam
    name = f"{context.config.random}/{number}/exam"
    levels = trusted(context.domains, context.config.domains, context.history)
    domains = {key: context.domains[key] for key in levels}
    items = examining.draw(domains, levels, rules.items, name, used=used, taught=context.history.taught)
    left_out = beaten_among(context.domains, context.config.domains, context.history)
    if not items:
        why = f"no item to examine it on is left; quarantined: {', '.join(left_out) or 'none'}"
        await context.history.keep_round(number, "unexamined", unexamined=why)
        context.tell("unexamined", {"round": number, "why": why})
        return False
    async with stage(context, number, "examine"):
        await context.bring_up(policy)
        exam, answered = await examining.examine(
            number, Solver(context.desk, parent.id), Solver(context.desk, policy.id), items, rules
        )
    exam = exam.model_copy(update={"left_out": tuple(left_out)})
    await context.history.keep_exam(exam, answered)
    context.tell("exam", {"exam": exam})
    return exam.promoted


async def promote(context: Context, number: int, student: str) -> None:
    """Flip the pointer: the student plays from the next deal on; its parent is retired unless it is the base."""
    # The exam knows the parent; the pointer may have been flipped before a crash.
    exam = next(exam for exam in context.history.exams() if exam.round == number)
    parent, policy = context.policy(exam.parent), context.policy(student)
    await context.bring_up(policy)
    await context.history.keep_policy(policy, "student")
    context.lineage.add(policy.id)
    await context.history.keep_round(number, "promoted", promoted=policy.name)
    if parent.id != context.pointer("base").id:
        await context.fleet.retire(parent.id)
    context.tell("promote", {"round": number, "policy": policy.name, "parent": parent.name})


async def keep_out(context: Context, number: int, student: str) -> None:
    """The parent plays on; a student that was trained stays in the ledger and leaves the fleet."""
    if student:
        await context.fleet.retire(student)
        context.tell("keep_out", {"round": number, "policy": context.policy(student).name})
    await context.history.keep_round(number, "kept_out" if student else "untrained")


def student_name(number: int) -> str:
    """The name of the student trained in a round; never used twice."""
    return f"student-r{number:04}"
