"""Looks after the replicas while calls are in flight: who died, who may come back, how long each queue is.

    every second ─┬─ in use    ─► its process died, or it has long been silent? ─► ejected
                  │              its queue, where the server tells it ─► its window
                  └─ ejected, and its time has come ─► lists what it must? adapters it lacks loaded ─► admitted

A replica comes back by what it lists, and not by an answer: a call is the better question and follows
at once, and three that fail send it away again, for twice as long.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aiohttp

from noria.errors import EndpointError
from noria.inference import adapters
from noria.inference.listing import listed, same
from noria.inference.metrics import PATIENCE, told
from noria.inference.replicas import Replica, Replicas

LOOK = 1.0
"""Seconds between two looks."""

SILENT = 10
"""Looks in a row at which a replica with calls in flight says nothing, not even of its queue, until it is ejected."""

AWAY = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
"""What a server that is away, or is no such server, gives."""

Look = Callable[[aiohttp.ClientSession], Awaitable[None]]


class Health:
    """Looks after the replicas of one client."""

    def __init__(self, replicas: Replicas, *, patience: float = PATIENCE) -> None:
        """Begin with the first call; a server has `patience` seconds to tell its queue."""
        self.replicas = replicas
        self.patience = patience
        self._task: asyncio.Task[None] | None = None
        self._mute: set[Replica] = set()
        """Servers that answer and tell no queue."""
        self._silent: Counter[Replica] = Counter()

    def begin(self) -> None:
        """Look from now on, until the end."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())

    async def end(self) -> None:
        """Look no longer."""
        if (task := self._task) is not None:
            self._task = None
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        # Apart, for a server that takes its time to load an adapter must not keep the others from being heard.
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(self._every(self.hear, session), self._every(self.visit, session))

    async def _every(
        self, look: Callable[[aiohttp.ClientSession], Awaitable[None]], session: aiohttp.ClientSession
    ) -> None:
        while True:
            await asyncio.sleep(LOOK)
            await look(session)

    async def hear(self, session: aiohttp.ClientSession) -> None:
        """Look once at the replicas in use."""
        for one in self.replicas.all:
            if not one.why and (said := one.gone()):
                self.replicas.eject(one, said)
        alone = len(self.replicas.all) == 1
        busy = [one for one in self.replicas.all if not one.why and one.in_flight and not (alone and one in self._mute)]
        await asyncio.gather(*(self._queue(session, one) for one in busy))

    async def visit(self, session: aiohttp.ClientSession) -> None:
        """Look once at the ejected replicas whose time has come."""
        now = asyncio.get_running_loop().time()
        due = [one for one in self.replicas.all if one.why and one.look <= now]
        await asyncio.gather(*(self._back(session, one) for one in due))

    async def _queue(self, session: aiohttp.ClientSession, one: Replica) -> None:
        try:
            async with asyncio.timeout(self.patience):
                if one in self._mute:  # it is only asked whether it is there
                    await listed(session, one.url, one.key)
                    found = None
                else:
                    found = await told(session, one.url)
        except AWAY:
            one.congestion.blind()
            self._silent[one] += 1
            if self._silent[one] >= SILENT:
                self._silent[one] = 0
                self.replicas.eject(one, f"it has calls in flight and was silent at {SILENT} looks in a row")
            return
        self._silent[one] = 0
        if found is None:
            self._mute.add(one)
            one.congestion.blind()
            return
        one.congestion.told(found.running, found.waiting, found.cache, one.in_flight)
        self.replicas.measured(one)

    async def _back(self, session: aiohttp.ClientSession, one: Replica) -> None:
        if why := await self._lacks(session, one):
            one.why = why
            self.replicas.postpone(one)
        else:
            self.replicas.admit(one)

    async def _lacks(self, session: aiohttp.ClientSession, one: Replica) -> str:
        """Why a replica cannot come back yet, after it was given the adapters it lacked; empty where it can."""
        if said := one.gone():
            return said
        try:
            found = dict(await listed(session, one.url, one.key))
        except AWAY as fault:
            return f"it does not list its models: {fault or type(fault).__name__}"
        for model, root in self.replicas.serves.items():
            if model not in found:
                return f"it does not serve {model!r} but {', '.join(found) or 'nothing'}"
            if not same(root, found[model]):
                return f"its {model!r} is {found[model]}, and that of the others {root}"
        while True:
            wanted = dict(self.replicas.adapters)
            try:
                await adapters.mend(one, wanted, found)
            except EndpointError as fault:
                return fault.what
            if wanted == self.replicas.adapters:
                return ""
            found |= wanted  # another one was added meanwhile
