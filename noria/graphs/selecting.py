"""Selection as a step of the round: the methods that are on choose among what it accepted.

    accepted in the round ─► methods ─► left out, with reasons ─► ledger ─► curate draws from the rest

Nothing of it is imported unless a method is on. A round that chose already is not asked again.
"""

from typing import TYPE_CHECKING

from noria.graphs.context import Context
from noria.memory.selections import keep_selections, selections, unselected

if TYPE_CHECKING:
    from noria.training.selecting.selector import Tools


async def select(context: Context, number: int) -> None:
    """Apply the methods of selection to a round's answers, unless that was done."""
    methods = context.config.methods.on("select")
    if not methods or selections(context.history, number):
        return
    from noria.training.selecting.pipeline import choose

    held = waiting(context, number)
    rows = [one for one in context.history.samples(number=number, role="solver") if one.id not in held]
    chosen = await choose(rows, methods, tools(context, number))
    await keep_selections(context.history, number, chosen.selections, chosen.left)
    for one in chosen.selections:
        context.tell("selected", {"round": number, "selection": one})


def tools(context: Context, number: int) -> "Tools":
    """What a method that chooses may use."""
    from noria.training.selecting.selector import Tools

    base, student = context.history.pointer("base"), context.history.pointer("student")

    async def bring_up(policy: str) -> None:
        await context.bring_up(context.policy(policy))

    return Tools(
        context.history, context.desk, context.domains, lambda texts: context.index.embedder.embed(list(texts)),
        number, f"{context.config.random}/{number}", context.config.session,
        base.id if base else "", student.id if student else "", context.fleet.quiet, bring_up,
        pretends=base is not None and not base.folder,
    )  # fmt: skip


def left_out(context: Context, number: int) -> frozenset[str]:
    """Samples that a method left out, in any round, and those held in this: they are neither learned nor replayed."""
    found = frozenset(unselected(context.history)) if context.config.methods.on("select") else frozenset()
    return found | waiting(context, number)


def waiting(context: Context, number: int) -> frozenset[str]:
    """Samples that wait for a ruling: as the round's curation found them, or as it is now before that."""
    if not context.config.methods.on("route"):
        return frozenset()
    from noria.memory.reviews import held

    found = context.history.round(number).get("held")
    return held(context.history) if found is None else frozenset(found)
