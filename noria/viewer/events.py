"""What changes in a session, told to the pages that show it, as it changes.

    ledger's files ─► one watcher a session, two looks a second ─► `changed` to every page that listens

A look is three `stat` calls: it opens nothing, so the running session pays nothing for it. A page
says when it was asked for, so that what was written between its reading and its listening is told.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from noria.memory.backends.place import mark

LOOK = 0.5
"""Seconds between two looks."""

REST = 1.2
"""Least seconds between two calls for the same page, however much is written."""

GRAIN = 50_000_000
"""Nanoseconds that a file's time of change may lag behind the clock."""

GONE = -1
"""The time of change of what is not there."""


class Asked:
    """Notes when a page was asked for."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the moment."""
        scope.setdefault("state", {})["asked"] = time.time_ns()
        await self.app(scope, receive, send)


def written(session: Path) -> int:
    """When a session's ledger was last written, in nanoseconds; `GONE` where there is none."""
    file = mark(session)
    try:
        found = os.stat(file).st_mtime_ns
    except OSError:
        return GONE
    try:
        return max(found, os.stat(file.with_name(f"{file.name}-wal")).st_mtime_ns)
    except OSError:
        return found


class Watcher:
    """Looks at one session for all who listen, as long as somebody does."""

    def __init__(self, session: Path) -> None:
        """Watch a session's folder."""
        self.session = session
        self.at = written(session)
        self.listeners = 0
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def changes(self, since: int) -> AsyncIterator[int]:
        """The times of change after a moment, each as soon as it is seen."""
        self.listeners += 1
        if self._task is None:
            self.at = written(self.session)
            self._task = asyncio.create_task(self._look())
        try:
            while True:
                async with self._news:
                    while GONE < self.at <= since:
                        await self._news.wait()
                since = self.at
                yield since
                if since == GONE:
                    return
                await asyncio.sleep(REST)
        finally:
            self.listeners -= 1
            if not self.listeners and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            if (found := written(self.session)) != self.at:
                async with self._news:
                    self.at = found
                    self._news.notify_all()


async def follow(request: Request) -> Response:
    """`changed` for every change of a session, `gone` when it is deleted."""
    name = request.path_params["session"]
    folder = request.app.state.shelf.place(name)
    watchers: dict[Path, Watcher] = request.app.state.__dict__.setdefault("watchers", {})
    watcher = watchers.setdefault(folder, Watcher(folder))
    since = request.headers.get("last-event-id") or request.query_params.get("since", "")
    start = int(since) - GRAIN if since.isascii() and since.isdigit() and len(since) < 20 else watcher.at

    async def told() -> AsyncIterator[ServerSentEvent]:
        async for at in watcher.changes(start):
            yield ServerSentEvent(data=name, event="gone" if at == GONE else "changed", id=str(at))

    return EventSourceResponse(told(), ping=15)


routes = (Route("/s/{session}/events", follow),)
