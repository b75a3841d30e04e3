"""A policy that comes up while others are asked: the start takes no time of theirs.

    coming ─┬─► bring up ────────────────► up ─┐
            └─► body: others are asked ─► requests for the policy wait for it, and are then answered ─► both are over

A merged student is served by a server of its own, which needs half a minute to start. In its exam the
parent answers meanwhile, and the base reads; the student's half begins when it is there. Where it does not come
up the body ends at once, with the sentence of the start.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from noria.graphs.context import Context
from noria.types import Policy


@asynccontextmanager
async def coming(context: Context, policy: Policy) -> AsyncIterator[None]:
    """Bring a policy up beside what is done here; requests for it may be made at once.

    Raises:
        EndpointError: it does not come up.
    """
    try:
        with context.fleet.expecting(policy):
            async with asyncio.TaskGroup() as both:
                both.create_task(context.bring_up(policy))
                yield
    except BaseExceptionGroup as faults:  # the group's wrapping: what failed first is what is to be said
        raise _first(faults) from faults


def _first(faults: BaseExceptionGroup[BaseException]) -> BaseException:
    first = faults.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
