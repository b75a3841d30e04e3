"""The event loop that a session turns on: uvloop's where it is installed, Python's own where it is not.

Both mean the same. uvloop has no build for Windows, and takes less of a core for every connection and every callback.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Found = TypeVar("Found")


def run(work: Coroutine[Any, Any, Found]) -> Found:
    """Do the work on a loop of its own, as `asyncio.run` would."""
    with asyncio.Runner(loop_factory=_loop()) as runner:
        return runner.run(work)


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
