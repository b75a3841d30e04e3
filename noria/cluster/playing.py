"""Players as actors of Ray: started where a CPU is free, heard and told by calls of their methods.

hire ─► actor (one CPU) ─► opened: ready, or why not        hear, tell ─► calls ─┬─► letters
└─► GoneError: the actor, its
machine or the network
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from noria.cluster.joining import Joined
from noria.errors import EndpointError, NoriaError
from noria.graphs.afar.far import GoneError
from noria.graphs.afar.house import House
from noria.graphs.afar.line import Fault, Letter
from noria.graphs.afar.player import Player
from noria.graphs.afar.players import afar
from noria.graphs.context import Context
from noria.graphs.furnishing import Furnished

START = 300.0
"""Seconds a player may take to be ready: for a machine with a free CPU to be found or started, and for its imports."""


class Actor:
    """A player in a process of Ray's."""

    def __init__(self, house: House, node: str) -> None:
        """Be a player of a session whose process is on the machine that Ray calls `node`."""
        import ray

        self._player = Player(house, near=ray.get_runtime_context().get_node_id() == node)

    async def open(self) -> str | Fault:
        """Where it is, or why it cannot play."""
        try:
            return await self._player.open()
        except Exception as fault:  # whatever it is, whoever hires is told
            return Fault.of(fault)

    async def hear(self) -> list[Letter]:
        """What it says next."""
        return await self._player.line.spoken()

    async def tell(self, letters: Sequence[Letter]) -> None:
        """Take letters."""
        self._player.line.hear(letters)


class Way:
    """The way to a player (see `Far`)."""

    def __init__(self, actor: Any, place: str) -> None:
        """Reach a player by the handle of its actor."""
        self.place = place
        self._actor = actor

    async def hear(self) -> Sequence[Letter]:
        """What it said since."""
        found: list[Letter] = await _called(self._actor.hear.remote())
        return found

    async def tell(self, letters: Sequence[Letter]) -> None:
        """Carry letters there."""
        await _called(self._actor.tell.remote(letters))

    def end(self) -> None:
        """End it."""
        import ray

        if ray.is_initialized():
            ray.kill(self._actor)


async def _called(call: Any) -> Any:
    import ray

    try:
        return await call
    except ray.exceptions.RayError as fault:
        raise GoneError(last(fault)) from fault


def last(fault: Exception) -> str:
    """What Ray says of a lost process, in a sentence: its last line, without the causes that it guesses at."""
    lines = [line.strip() for line in str(fault).splitlines() if line.strip()]
    return (lines or [type(fault).__name__])[-1].split(". ")[0][:300]


@asynccontextmanager
async def crew(joined: Joined, context: Context, told: Furnished) -> AsyncIterator[None]:
    """The players of a session, on a cluster that its process is of; the cluster is left with them.

    Raises:
        EndpointError: no player is to be had.
    """
    import ray

    shared: dict[str, Any] = {}

    async def hire(house: House) -> Way:
        # What they are told once is kept by Ray once a machine.
        if not shared:
            shared["house"] = ray.put(house)
        kind = ray.remote(num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD")(Actor)
        actor = kind.remote(shared["house"], joined.node)
        try:
            async with asyncio.timeout(START):
                said: str | Fault = await _called(actor.open.remote())
        except (TimeoutError, GoneError) as fault:
            ray.kill(actor)
            why = str(fault) or f"nowhere is a CPU free for it within {START:.0f} s"
            raise EndpointError(
                f"A player does not start on the Ray cluster at {joined.address}: {why.rstrip('.')}.",
                mend="Every machine of the cluster needs Noria and a free CPU; `play.players` asks for fewer.",
            ) from fault
        except asyncio.CancelledError:
            ray.kill(actor)
            raise
        if isinstance(said, Fault):
            ray.kill(actor)
            why_not = said.error()
            raise why_not if isinstance(why_not, NoriaError) else EndpointError(f"A player does not start: {why_not}.")
        return Way(actor, f"the player on {said}")

    try:
        async with afar(context, told, hire, joined.players(context.config)):
            yield
    finally:
        joined.leave()
