"""What a promoted student would lose by quantising: its frozen items asked once more, of its rounded weights.

    promoted ─► merged weights ─► rounded (child process) ─► served beside it ─► frozen items ─► facts of the round
                                     its own answers to them are in the ledger since its exam ─┘

Nothing is decided by it, and the student plays on as it is: the rounded weights stand in its
folder, and `noria export --quantise` writes such for others. See `training/quantise.py` for the scheme.
"""

from pathlib import Path

from noria.agents.student import Solver
from noria.config.methods.distillation import Quantise
from noria.graphs.apart import compared
from noria.graphs.context import Context
from noria.training.models import weights_id
from noria.training.quantising import quantise
from noria.types import Json, Policy

FACT = "quantised"


async def promoted(context: Context, number: int, student: Policy, rules: Quantise) -> None:
    """Examine a promoted student's rounded weights, unless that was done.

    Raises:
        RunError: they cannot be made.
        EndpointError: they cannot be served or asked.
    """
    if FACT in context.history.round(number):
        return
    found = await _found(context, number, student, rules)
    await context.history.keep_round(number, "promoted", **{FACT: found})
    context.tell(FACT, {"round": number, "policy": student.name, "said": found.get("said") or found["skipped"]})


async def _found(context: Context, number: int, student: Policy, rules: Quantise) -> Json:
    if not student.folder:
        return {"skipped": "it is served as an adapter, or pretended, and has no merged weights to round"}
    asked = [one for one in context.history.exam_items(number) if one.frozen]
    if not asked:
        return {"skipped": "its exam asked no frozen item"}
    async with context.fleet.quiet():
        out = Path(student.folder).with_name(rules.scheme)
        await quantise(Path(student.folder), out, rules.scheme, base_id=student.id)
    own = Policy(
        id=weights_id(out), name=f"{student.name}-{rules.scheme}", parents=(student.id,), round=number, folder=str(out),
        training={"quantised": rules.scheme},
    )  # fmt: skip
    await context.history.keep_policy(own)
    await context.bring_up(own)
    items = [(one.task, context.domains[one.task.domain].at(one.task.level)) for one in asked]
    answers = await Solver(context.desk, own.id).examine(f"quantised-r{number:04}", 1, items)
    await context.fleet.retire(own.id)
    after = [attempt.passed for attempt, _ in answers]
    both = compared([one.student_passed for one in asked], after)
    gap = {"difference": both.gap.value, "low": both.gap.low, "high": both.gap.high} if both.gap else {}
    return {
        "scheme": rules.scheme, "policy": own.name, "items": both.items, "before": both.a.part, "after": both.b.part,
        **gap, "said": both.said(student.name, rules.scheme),
    }  # fmt: skip
