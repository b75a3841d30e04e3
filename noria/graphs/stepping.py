"""Stepping back: an earlier policy of the student's lineage plays again.

The pointer is a row, so a step back is one write; the policy that it leaves stays in the ledger.
"""

from noria.errors import ModelError
from noria.graphs.context import Context


async def step_back(context: Context, number: int, why: str, to: str | None = None) -> None:
    """Let the policy `to`, or else the current one's parent, play from the next deal on; done once, it does nothing.

    Raises:
        ModelError: there is no such policy, or nothing before the current one.
    """
    known = context.history.round(number).get("stepped_back")
    if known is not None:
        return
    left = context.pointer("student")
    if to is None and not left.parents:
        raise ModelError(f"There is no policy before {left.name!r} to step back to.")
    policy = context.policy(to or left.parents[0])
    if policy.id == left.id:
        return
    await context.bring_up(policy)
    await context.history.keep_policy(policy, "student")
    await context.history.keep_round(number, "ended", stepped_back={"from": left.name, "to": policy.name, "why": why})
    if left.id != context.pointer("base").id:
        await context.fleet.retire(left.id)
    context.tell("step_back", {"round": number, "policy": policy.name, "left": left.name, "why": why})
