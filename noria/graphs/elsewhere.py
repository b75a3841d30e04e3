"""Hands that are played in other processes: what the session knows of whoever has them played (see `afar`)."""

from typing import Protocol

from noria.evaluators.sandbox.job import Job, Ran
from noria.types import Dealt


class Elsewhere(Protocol):
    """Players in other processes."""

    async def play(self, dealt: Dealt) -> None:
        """Have a hand played there, to its end, and settled here.

        Raises:
            NoriaError: what broke it there; a RunError where no player is left.
            AfarError: a fault of ours there.
        """
        ...

    async def run(self, job: Job) -> Ran:
        """Run a program in a player's sandbox (see `Runner.run`)."""
        ...
