"""One limiter in front of every model call of the process.

A vLLM queues what it cannot serve instead of refusing it, so the bound lies here: at most
`limit` calls are in flight, the rest wait their turn, and nobody new starts while the gate
is closed because training has the cores. How many of them one endpoint may have is found
out by `congestion.py`, below this bound.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Limiter:
    """Places for calls in flight, and a gate before them."""

    def __init__(self, limit: int) -> None:
        """At most `limit` calls at once."""
        self.limit = limit
        self._places = asyncio.Semaphore(limit)
        self._gate = asyncio.Event()
        self._gate.set()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place; waits while none is free or the gate is closed."""
        await self.enter()
        try:
            yield
        finally:
            self.leave()

    async def enter(self, *, again: bool = False) -> None:
        """Take a place; a call that is tried `again` has passed the gate before."""
        while True:
            if not again:
                await self._gate.wait()
            await self._places.acquire()
            if again or self._gate.is_set():
                return
            self._places.release()  # the gate was closed meanwhile; calls that go on need the place

    def leave(self) -> None:
        """Give a place back."""
        self._places.release()

    def close(self) -> None:
        """Let nobody new start; calls in flight finish."""
        self._gate.clear()

    def open(self) -> None:
        """Let calls start again."""
        self._gate.set()
