"""Stepping back: the policy before the current one plays again.

    bring the target up ─► move the pointer, with its reason ─► the seats follow at once

Whoever finds a policy wanting (probation, a guard, a person) steps back through here. What
is stepped back from is withdrawn: nothing points at it again, and wherever a deal seated it
the target sits from the next call on. It stays served until the round is over, for calls
are in flight; `settle_fleet` then keeps what may be wanted and retires the rest.
"""

import time

from noria.graphs.context import Context
from noria.memory.moves import ancestors, before, move, moves, withdrawn
from noria.types import Cause, Move, Policy


async def step_back(
    context: Context, number: int, why: str, to: Policy | None = None, *, cause: Cause = "guard", key: str = ""
) -> Policy | None:
    """Step back from the current student to `to`, or to the policy before it; returns who plays now.

    None where there is nothing to step back to: the base plays, or `to` is no ancestor of the
    current student. A step of the same cause and round (or `key`) that was taken before is not
    taken again.

    Raises:
        EndpointError: the target cannot be served; nothing was changed.
    """
    async with context.pointing:
        return await _stepped_back(context, number, why, to, cause, key or f"{cause}/{number}")


async def _stepped_back(
    context: Context, number: int, why: str, to: Policy | None, cause: Cause, key: str
) -> Policy | None:
    if (made := next((one for one in moves(context.history) if one.key == key), None)) is not None:
        return context.policy(made.after)
    current, line = context.pointer("student"), ancestors(context.history, context.pointer("student").id)
    target = to.id if to else next(iter(line), None)
    if target not in line:
        return None
    policy = context.policy(target)
    await context.bring_up(policy)
    step = Move(
        key=key, round=number, cause=cause, before=current.id, after=policy.id,
        withdrawn=(current.id, *line[: line.index(target)]), why=why, at=time.time(),
    )  # fmt: skip
    await move(context.history, step)
    context.withdraw(step.withdrawn, policy.id)
    context.tell("step_back", {"round": number, "policy": current.name, "to": policy.name, "cause": cause, "why": why})
    return policy


async def withdraw(context: Context, number: int, policy: str, why: str, *, cause: Cause) -> None:
    """Withdraw a policy that plays no more, though the one promoted over it stays."""
    async with context.pointing:
        student = context.pointer("student")
        step = Move(
            key=f"{cause}/{number}", round=number, cause=cause, before=student.id, after=student.id,
            withdrawn=(policy,), why=why, at=time.time(),
        )  # fmt: skip
        if await move(context.history, step):
            context.withdraw(step.withdrawn, student.id)


async def settle_fleet(context: Context) -> None:
    """Between rounds: keep base, student, who holds a seat and, where memory allows, who to step back to."""
    history = context.history
    if history.pointer("base") is None:
        return
    async with context.pointing:
        student = context.pointer("student")
        keep = {context.pointer("base").id, student.id, *context.seats().values()} - withdrawn(history)
        earlier = before(history, student.id)
        if earlier is not None and context.fleet.launcher.keeps(context.policy(earlier)):
            keep.add(earlier)
        judges = {one.id for one in history.policies() if one.adapter and not one.student}
        for policy in sorted((context.lineage | judges) - keep):
            await context.fleet.retire(policy)
