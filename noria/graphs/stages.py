"""What each stage of a round spent: wall seconds, prompt and completion tokens.

Seconds are added to the round's table when a stage ends; what a life spent in a stage that
it was killed in is not known. Tokens are recounted: a stage's are those of the turns in the
ledger that no stage before it has, so a stage that was killed and played on has them all.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from noria.graphs.context import Context


@asynccontextmanager
async def stage(context: Context, number: int, name: str) -> AsyncIterator[None]:
    """Measure a stage of a round: wall seconds, prompt and completion tokens."""
    started = time.monotonic()
    context.tell("stage", {"round": number, "stage": name})
    try:
        yield
    finally:
        await add_stage(context, number, name, time.monotonic() - started)
    context.tell("spent", {"round": number, "stage": name})


async def found_done(context: Context, number: int, name: str) -> None:
    """Note a stage whose work is in the ledger, should it have been killed before it was noted."""
    if name not in context.history.round(number).get("stages", {}):
        await add_stage(context, number, name, 0.0)


async def add_stage(context: Context, number: int, name: str, seconds: float) -> None:
    """Add what a stage spent to the round's table."""
    prompt, completion = context.history.tokens()
    for _, _, facts in context.history.rounds():
        for one in facts.get("stages", {}).values():
            prompt, completion = prompt - one["prompt_tokens"], completion - one["completion_tokens"]
    table = context.history.round(number).get("stages", {})
    had = table.get(name, {"seconds": 0.0, "prompt_tokens": 0, "completion_tokens": 0})
    spent = {
        "seconds": round(had["seconds"] + seconds, 3),
        "prompt_tokens": had["prompt_tokens"] + prompt,
        "completion_tokens": had["completion_tokens"] + completion,
    }
    await context.history.keep_round(number, name, stages={**table, name: spent})
