"""What each stage of a round spent: wall seconds, prompt and completion tokens.

Seconds and tokens are added to the round's table when a stage ends, so that a resumed
round counts what both lives spent.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from noria.graphs.context import Context


@asynccontextmanager
async def stage(context: Context, number: int, name: str) -> AsyncIterator[None]:
    """Measure a stage of a round: wall seconds, prompt and completion tokens."""
    started, before = time.monotonic(), context.fleet.tokens()
    context.tell("stage", {"round": number, "stage": name})
    try:
        yield
    finally:
        await add_stage(context, number, name, time.monotonic() - started, before)


async def add_stage(context: Context, number: int, name: str, seconds: float, before: tuple[int, int]) -> None:
    """Add what a stage spent to the round's table."""
    after = context.fleet.tokens()
    table = context.history.round(number).get("stages", {})
    had = table.get(name, {"seconds": 0.0, "prompt_tokens": 0, "completion_tokens": 0})
    spent = {
        "seconds": round(had["seconds"] + seconds, 3),
        "prompt_tokens": had["prompt_tokens"] + after[0] - before[0],
        "completion_tokens": had["completion_tokens"] + after[1] - before[1],
    }
    await context.history.keep_round(number, name, stages={**table, name: spent})
