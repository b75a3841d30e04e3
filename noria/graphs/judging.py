"""A judge of its own training: made each round from answers of known truth, and seated only if it passes the exam.

    rulings of known truth ─► judge-r0003 (base + rows; no student) ─► the judge's exam, against who holds the seat
                                                                      ├─► better ─► sits from the next round on
                                                                      └─► not ─► leaves the fleet; why is in the ledger

After *Self-Taught Evaluators* (Wang et al., arXiv 2408.02666). The judge belongs to no line of students: it comes
from the base, nothing points at it, and a rollback of the student does not touch it. Its seat is a
row like a student's; it loses it to a better judge, or to a purge of what it learned. Its exam
asks of parameters that no sample may be made of, so that it has learned none of them. While the method is on, students
do not compete for the judge's seat: an exam of each role is held once a round.
"""

from typing import TYPE_CHECKING

from noria.graphs.context import Context
from noria.graphs.pairing import barring
from noria.graphs.seating import examined
from noria.graphs.selecting import tools
from noria.graphs.stages import found_done, stage
from noria.graphs.withdrawing import unfit
from noria.memory.learned import taught
from noria.memory.seatings import seatings
from noria.training.rulings import rulings
from noria.types import Policy

if TYPE_CHECKING:
    from noria.config.methods.preference import TrainedJudge


async def judge(context: Context, number: int, rules: "TrainedJudge") -> None:
    """Train a judge and examine it for its seat, unless that was done; why it is not is a fact of the round."""
    if any(exam.role == "judge" for exam in seatings(context.history, number)):
        await found_done(context, number, "seat")
        return
    if "unjudged" in context.history.round(number):
        return
    if number >= context.config.stop.rounds:
        await _unjudged(context, number, "no round is left to judge in")
        return
    async with stage(context, number, "seat"):
        policy = await _trained(context, number, rules)
        if policy is None:
            return
        if why := unfit(context, policy.id):
            await _unjudged(context, number, why)
            return
        exam = await examined(context, number, "judge", policy.id)
    if not exam.seated:
        await context.fleet.retire(policy.id)


async def _trained(context: Context, number: int, rules: "TrainedJudge") -> Policy | None:
    """The judge of a round: found trained, or trained now; none where too little is known."""
    name = f"judge-r{number:04}"
    if (made := context.history.policy(name)) is not None:
        return made
    unclean = context.history.round(number).get("hygiene", {}).get("unclean", {})
    chosen = rulings(tools(context, number), rules, barring(context, number, unclean))
    if len(chosen.rows) < rules.least:
        await _unjudged(context, number, f"{len(chosen.rows)} rulings are known, {rules.least} are needed to train")
        return None
    async with context.fleet.quiet():
        policy = await context.trainer(
            name, number, context.pointer("base"), chosen, lambda step: context.tell("step", step.model_dump()),
            student=False, epochs=rules.epochs,
        )  # fmt: skip
        await context.history.keep_policy(policy, also=[taught(policy.id, chosen.samples)])
    return policy


async def _unjudged(context: Context, number: int, why: str) -> None:
    await context.history.keep_round(number, "seat", unjudged=why)
    context.tell("unjudged", {"round": number, "why": why})
