"""The learning half of a round: curate, train, promote or keep out; the exam between has a file of its own.

Each step first asks the ledger whether it was done, so each may be run again.
"""

import time
from importlib import import_module

from noria.failpoints import at
from noria.graphs.arms import surplus
from noria.graphs.context import Context
from noria.graphs.cooling import cooled, training
from noria.graphs.meanwhile import meanwhile
from noria.graphs.pairing import paired
from noria.graphs.selecting import left_out, select, waiting
from noria.graphs.stages import found_done, stage
from noria.graphs.withdrawing import retrained, unfit
from noria.memory.learned import taught
from noria.memory.moves import move, moves
from noria.training import curate as curating
from noria.types import Move

UNEXAMINED = "the gate is put aside: in this arm of a study every student is promoted"


async def curate(context: Context, number: int) -> None:
    """Choose the rows of the round and write them where the trainer finds them."""
    async with stage(context, number, "curate"):
        unclean = context.hygiene.unclean(context.history, number)
        if held := waiting(context, number):
            await context.history.keep_round(number, "play", held=sorted(held))
        await select(context, number)
        chosen = _curated(context, number, unclean)
        looked = {"fingerprint": context.hygiene.fingerprint, "exams": number - 1, "unclean": unclean}
        facts = {"curated": chosen.composition, "left": chosen.left, "unclean": chosen.unclean, "hygiene": looked}
        await context.history.keep_round(number, "curated", **facts)
        at("rows.curated")
    if chosen.unclean:
        context.tell("unclean", {"round": number, "found": chosen.unclean})
    known = context.history.quarantined()
    for verifier, count in chosen.left.items():
        context.tell("left", {"round": number, "samples": count, "quarantine": known[verifier]})


def _curated(context: Context, number: int, unclean: dict[str, str]) -> curating.Curated:
    history = context.history
    cool, left = bool(cooled(history, number)), left_out(context, number)
    number = retrained(history, number)
    chosen = curating.drawn(
        history.heads(number=number),
        history.heads(before=number),
        history.seeds(),
        training(context.config.train, cool),
        f"{context.config.random}/{number}",
        history.quarantined(),
        unclean,
        history.loaded,
        truths=cool,
        unselected=left | surplus(context, number),
    )
    for rules in context.config.methods.on("curate").values():
        mixed = import_module(rules.module).mixed
        chosen = mixed(chosen, history.seeds(), rules, f"{context.config.random}/{number}", unclean)
    return chosen


async def train(context: Context, number: int) -> str:
    """Train a student, or say why not; returns its id, empty where there is none."""
    name = student_name(number)
    if (made := context.history.policy(name)) is not None:
        await found_done(context, number, "train")
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
    async with stage(context, number, "train"):
        chosen = await paired(context, number, chosen, unclean)
        async with meanwhile(context, number):
            policy = await context.trainer(
                name, number, base, chosen, lambda step: context.tell("step", step.model_dump())
            )
            learned = [*(row.sample for row in chosen.rows), *(pair.sample for pair in chosen.pairs)]
            await context.history.keep_policy(policy, also=[taught(policy.id, learned)])
            at("training.policy_kept")
    return policy.id


async def promote(context: Context, number: int, student: str) -> bool:
    """Move the pointer: the student plays from the next deal on; its parent may be stepped back to.

    A student that proved itself against a policy that was stepped back from meanwhile has proved
    nothing against the one that plays now, and is kept out; so is one that was purged since its exam.
    """
    if why := unfit(context, student):
        await keep_out(context, number, student, why)
        return False
    # The exam, or the move, knows the parent; the pointer may have been moved before a crash.
    key, policy = f"promote/{number}", context.policy(student)
    exam = next((exam for exam in context.history.exams() if exam.round == number), None)
    had = next((one.before for one in moves(context.history) if one.key == key), context.pointer("student").id)
    parent, why = context.policy(exam.parent if exam else had), exam.why if exam else UNEXAMINED
    async with context.pointing:
        made = any(one.key == key for one in moves(context.history))
        if not made and context.pointer("student").id not in (parent.id, policy.id):
            await keep_out(context, number, student)
            return False
        if not made or context.pointer("student").id == policy.id:
            await context.bring_up(policy)
        context.lineage.add(policy.id)
        step = Move(
            key=key, round=number, cause="promote", before=parent.id, after=policy.id, why=why, at=time.time()
        )  # fmt: skip
        await move(context.history, step)
        at("promotion.flipped")
    await context.history.keep_round(number, "promoted", promoted=policy.name)
    at("promotion.kept")
    context.tell("promote", {"round": number, "policy": policy.name, "parent": parent.name})
    if (rules := context.config.methods.quantise) is not None:
        from noria.graphs import quantising

        await quantising.promoted(context, number, policy, rules)
    return context.pointer("student").id == policy.id


async def keep_out(context: Context, number: int, student: str, why: str = "") -> None:
    """The parent plays on; a student that was trained stays in the ledger and leaves the fleet."""
    kept = {"kept_out": why} if why else {}
    if student:
        await context.fleet.retire(student)
        context.tell("keep_out", {"round": number, "policy": context.policy(student).name, "why": why})
    await context.history.keep_round(number, "kept_out" if student else "untrained", **kept)
    at("round.kept_out")


def student_name(number: int) -> str:
    """The name of the student trained in a round; never used twice."""
    return f"student-r{number:04}"
