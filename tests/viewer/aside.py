"""Async work beside a browser: Playwright's loop runs in the tests' thread, so another needs a thread of its own."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Found = TypeVar("Found")


def aside(work: Coroutine[Any, Any, Found]) -> Found:
    """What a coroutine returns, run in another thread."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(asyncio.run, work).result()
