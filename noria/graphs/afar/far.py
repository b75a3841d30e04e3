"""A player in another process, as it is reached: whoever starts processes elsewhere has to give one of these."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from noria.graphs.afar.answering import Told
from noria.graphs.afar.house import House
from noria.graphs.afar.line import Letter


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
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    """Those that carry letters."""
