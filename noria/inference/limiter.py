"""One limiter in front of every model call of the process, and the line before it.

    call ─► in line for its servers ─► a place in the process and a server with room, both at once ─► leave

A vLLM queues what it cannot serve instead of refusing it, so the bound lies here: at most
`limit` calls are in flight, the rest wait their turn, and nobody new starts while the gate
is closed because training has the cores. How many of them one server may have is found out
by `congestion.py`, below this bound. Which server a call gets is chosen when it starts and
not when it comes, by what each has in flight then; a call whose servers are full holds up
nobody who waits for others.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol, TypeVar

Server = TypeVar("Server")


class Servers(Protocol[Server]):
    """Servers of which any may take a call."""

    def choose(self, but: Server | None) -> Server | None:
        """One with room, which then has a call more; another than `but` where there is one; none where none has."""
        ...

    def back(self, server: Server) -> None:
        """A call there is over."""
        ...


@dataclass(slots=True)
class _InLine:
    number: int
    """The lower goes first; 0 for a call that is tried again."""
    place: asyncio.Future[Any]
    but: Any


class _Anybody:
    """Servers that nobody counts."""

    def choose(self, but: object) -> object:
        return self

    def back(self, server: object) -> None:
        pass


class Limiter:
    """Places for calls in flight, and a gate before them."""

    def __init__(self, limit: int) -> None:
        """At most `limit` calls at once."""
        self.limit = limit
        self._free = limit
        self._open = True
        self._lines: dict[Any, deque[_InLine]] = {}
        self._anybody = _Anybody()
        self._number = count(1)

    async def enter(self, servers: Servers[Server], but: Server | None = None, *, again: bool = False) -> Server:
        """Take a place and a server, until `leave`; waits while there is none or the gate is closed.

        A call that is tried `again` passed the gate before, and goes before those that were never tried; it gets
        another server than `but`, where it failed, if there is one.
        """
        line = self._lines.get(servers)
        if (again or (self._open and not line)) and self._free and (found := servers.choose(but)) is not None:
            self._free -= 1
            return found
        mine = _InLine(0 if again else next(self._number), asyncio.get_running_loop().create_future(), but)
        line = self._lines.setdefault(servers, deque())
        (line.appendleft if again else line.append)(mine)
        try:
            given: Server = await mine.place
        except asyncio.CancelledError:
            if mine.place.done() and not mine.place.cancelled():
                self.leave(servers, mine.place.result())
            raise
        return given

    def leave(self, servers: Servers[Server], server: Server) -> None:
        """Give a place and a server back."""
        self._free += 1
        servers.back(server)
        self.serve()

    def serve(self) -> None:
        """Let those in line start who can: the first of each line, the earliest of them first."""
        full: set[Any] = set()
        while self._free:
            heads = [(line[0].number, at, servers) for at, (servers, line) in enumerate(self._heads(full))]
            if not heads:
                return
            servers = min(heads)[2]
            head = self._lines[servers][0]
            if (found := servers.choose(head.but)) is None:
                full.add(servers)
                continue
            self._lines[servers].popleft()
            self._free -= 1
            head.place.set_result(found)

    def _heads(self, full: set[Any]) -> list[tuple[Any, deque[_InLine]]]:
        """Lines with somebody in them who may start, their servers not known to be full."""
        found = []
        for servers, line in list(self._lines.items()):
            while line and line[0].place.done():  # cancelled
                line.popleft()
            if not line:
                del self._lines[servers]
            elif servers not in full and (self._open or not line[0].number):
                found.append((servers, line))
        return found

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place for a call whose server nobody counts."""
        await self.enter(self._anybody)
        try:
            yield
        finally:
            self.leave(self._anybody, self._anybody)

    def close(self) -> None:
        """Let nobody new start; calls in flight finish."""
        self._open = False

    def open(self) -> None:
        """Let calls start again."""
        self._open = True
        self.serve()
