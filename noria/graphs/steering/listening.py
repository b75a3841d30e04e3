"""Requests, answered while a session runs: those that steer at once, a rollback once the pool is served.

requests/NAME.json ─► taken ─► answering, or rollback ─► requests/NAME.answer.json ─► the bell
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from noria.errors import NoriaError
from noria.graphs import rollback
from noria.graphs.context import Context
from noria.graphs.steering.answering import SAYINGS, answer
from noria.memory import requests
from noria.types import Json

EVERY = 0.25
"""Seconds between two looks for a request."""


@asynccontextmanager
async def listening(context: Context) -> AsyncIterator[None]:
    """Answer requests while a session runs."""
    folder = context.config.session
    requests.clear(folder)
    task = asyncio.create_task(_listen(context, folder), name="requests")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _listen(context: Context, folder: Path) -> None:
    while True:
        with suppress(NoriaError):  # a full disk ends the session elsewhere, in a sentence
            await _look(context, folder)
        await asyncio.sleep(EVERY)


async def _look(context: Context, folder: Path) -> None:
    for name, body in requests.asked(folder):
        steers = body.get("what") in SAYINGS
        if not steers and not context.serves:
            continue  # it is asked again by the next look
        requests.answer(folder, name, {"state": "taken"})
        requests.take(folder, name)
        try:
            said = await (_steered(context, body) if steers else rollback.answered(context, folder, name, body))
        except NoriaError as fault:
            said = {"state": "refused", "what": fault.what, "mend": fault.mend}
        except Exception as fault:  # a fault of ours in one request must not end the session
            said = {"state": "refused", "what": f"The running session failed at it: {fault!r}.", "mend": ""}
        requests.answer(folder, name, said)


async def _steered(context: Context, body: Json) -> Json:
    said = await answer(context.history, body)
    context.tell("steered", {"said": f"{body['what'].replace('_', ' ')}: {said['said']}"})
    context.bell.set()
    return said
