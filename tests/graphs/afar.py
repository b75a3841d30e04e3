"""Players in this very process, whose letters travel as bytes: all of the way but the way."""

import asyncio
import pickle
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from noria.config import SessionConfig
from noria.graphs.afar.far import GoneError
from noria.graphs.afar.house import House
from noria.graphs.afar.line import Letter
from noria.graphs.afar.player import Player
from noria.graphs.afar.players import afar
from noria.graphs.context import Context
from noria.graphs.furnishing import Furnished
from noria.graphs.opening import Means


def travelled(what: Any) -> Any:
    return pickle.loads(pickle.dumps(what))


class Here:
    """The way to a player of this process, which is lost once it has said so many letters."""

    def __init__(self, player: Player, place: str, last: int = 0) -> None:
        self.player = player
        self.place = place
        self.left = last or 10**9
        self.heard: list[str] = []
        self.lost = asyncio.Event()

    async def hear(self) -> Sequence[Letter]:
        """What it said, as long as it lives; what it says with its last breath is heard by nobody."""
        letters: list[Letter] = travelled(await self.player.line.spoken())
        self.heard += [one.what for one in letters]
        self.left -= len(letters)
        if self.left < 0:
            self.end()
            raise GoneError("it was ended")
        return letters

    async def tell(self, letters: Sequence[Letter]) -> None:
        """Carry letters there."""
        if self.lost.is_set():
            raise GoneError("it was ended")
        self.player.line.hear(travelled(letters))

    def end(self) -> None:
        """Nothing is answered there any more."""
        self.lost.set()
        self.player.line.cut()


def players(
    means: Means, count: int, lasts: Sequence[int] = (), near: bool = True,
    born: Callable[[Here], None] = lambda one: None, sent: Callable[[bytes], object] = lambda house: None,
) -> Means:  # fmt: skip
    """These means with players in this process; the first of them last for so many letters."""
    left = list(lasts)

    @asynccontextmanager
    async def crew(context: Context, told: Furnished) -> AsyncIterator[None]:
        async def hire(house: House) -> Here:
            sent(bytes_of := pickle.dumps(house))
            player = Player(pickle.loads(bytes_of), near=near)
            one = Here(player, await player.open(), left.pop(0) if left else 0)
            born(one)
            return one

        async with afar(context, told, hire, count):
            yield

    return replace(means, crew=crew)


def elsewhere(settings: SessionConfig) -> SessionConfig:
    """The same session in a folder beside."""
    return settings.model_copy(update={"session": settings.session.with_name("elsewhere")})
