"""What the model servers do while a student trains: they rest, or are asked what the exam or the next round will ask.

    train ───────────────────────────► student ─► examine: the parent's answers are found, the student is asked
      ├ meanwhile: the parent, the same items ─► turns (ledger) ─┘
      └ then the generator, for the round that comes (see `ahead`)

Which items an exam asks follows from the ledger, and nothing plays while a student trains, so the exam
finds the very questions answered. What was not answered, because an endpoint failed or the process was
killed, it asks itself; what another policy answered, it asks again. Nothing of it is learned from.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from noria.agents.student import Solver
from noria.errors import EndpointError
from noria.graphs import ahead, examination
from noria.graphs.context import Context


@asynccontextmanager
async def meanwhile(context: Context, number: int) -> AsyncIterator[None]:
    """Hold this while a student trains."""
    sits = context.config.exam.meanwhile and "gate" not in context.config.arm.without
    if not sits and not ahead.foresees(context, number + 1):
        async with context.fleet.quiet():
            yield
        return
    over = asyncio.Event()
    asked = asyncio.create_task(_asked(context, number, over, sits=sits), name="meanwhile")
    try:
        yield
        over.set()
        await asked
    finally:
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)


async def _asked(context: Context, number: int, over: asyncio.Event, *, sits: bool) -> None:
    """What is asked while a student trains, the exam first: that waits for it."""
    if sits:
        await _sits(context, number)
    if ahead.foresees(context, number + 1):
        await ahead.propose(context, number + 1, over)


async def _sits(context: Context, number: int) -> None:
    """The parent of a round's student answers every item that both will be asked."""
    policy, rules = context.pointer("student"), context.config.exam
    items, parent = examination.fresh(context, number, "exam", rules.items), Solver(context.desk, policy.id)
    known = examination.known(context.history, policy.id).frozen
    frozen = [item for item in examination.frozen(context) if item[0].id not in known]
    again = [item for item, _ in examination.asked_again(context, number, items)]
    places = {"exam": items, "frozen": frozen, "again": again}
    try:
        await asyncio.gather(*(parent.examine(f"{place}-r{number:04}", 1, some) for place, some in places.items()))
    except EndpointError as fault:
        context.tell("steered", {"said": f"the parent could not answer while the student trains: {fault}"})
