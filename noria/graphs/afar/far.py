"""A player in another process, as it is reached: whoever starts processes elsewhere has to give one of these."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from noria.graphs.afar.answering import Told
from noria.graphs.afar.house import House
from noria.graphs.afar.line import Letter, Line


class GoneError(Exception):
    """A player is lost: its process, its machine, or the way there; says how."""


class Far(Protocol):
    """The way to a player."""

    place: str
    """Where it is, for people."""

    async def hear(self) -> Sequence[Letter]:
        """What it said since; waits until there is any.

        Raises:
            GoneError: it is lost.
        """
        ...

    async def tell(self, letters: Sequence[Letter]) -> None:
        """Carry letters there.

        Raises:
            GoneError: it is lost.
        """
        ...

    def end(self) -> None:
        """End it; one that is gone is no error."""
        ...


Hire = Callable[[House], Awaitable[Far]]
"""Starts a player and waits until it is ready; raises a NoriaError where none is to be had."""


@dataclass(eq=False)
class Seated:
    """A player that plays."""

    far: Far
    told: Told
    hands: int = 0
    """Hands and programs that it has."""
    heard: float = field(default_factory=time.monotonic)
    """When something was last heard of it, or a hand was dealt to it."""
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    """Those that carry letters."""

    def begin(self, lost: Callable[["Seated", str], Awaitable[None]]) -> None:
        """Carry letters both ways, until it is lost."""
        for way in (self._hear, self._tell):
            self.tasks.append(asyncio.create_task(self._carry(way, lost)))

    async def _carry(
        self, way: Callable[[], Awaitable[None]], lost: Callable[["Seated", str], Awaitable[None]]
    ) -> None:
        try:
            while True:
                await way()
        except GoneError as gone:  # what was to be carried is lost, and with it the player
            await lost(self, str(gone))

    async def _hear(self) -> None:
        letters = await self.far.hear()
        self.heard = time.monotonic()
        self.told.line.hear(letters)

    async def _tell(self) -> None:
        await self.far.tell(await self.told.line.spoken())

    @contextmanager
    def holding(self) -> Iterator[Line]:
        """Its line, for one that gives it something to do."""
        self.heard = time.monotonic()
        self.hands += 1
        try:
            yield self.told.line
        finally:
            self.hands -= 1
