"""Work beside the event loop: a thread does it, and whoever is cancelled meanwhile waits for its end.

    event loop ─► thread (embeds, writes to Chroma, reads pages) ─► event loop
        └ replies come in, prompts go out: the model server is not kept waiting

A thread cannot be stopped, and what it wrote while nobody waited would be written into a store
that is closing.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def aside(work: Callable[[], Result]) -> Result:
    """What a call gives that is made in a thread; raises what it raises."""
    done = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        await asyncio.wait({done})
        raise
