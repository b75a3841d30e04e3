"""Guards."""

from noria.graphs import rounds
from noria.graphs.context import Context
from noria.graphs.session_state import Action


async def guard(context: Context, number: int) -> tuple[Action, str]:
    """What follows after a round, and why."""
    stop = await rounds.guard(context, number)
    return ("stop", stop) if stop else ("on", "")


async def cool_down(context: Context, number: int) -> None:
    """Nothing yet."""


async def step_back(context: Context, number: int) -> None:
    """Nothing yet."""
