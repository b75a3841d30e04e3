"""The players of a session, from the session's side: each hand goes to one of them, and comes back an episode.

    hand ─► the player with the fewest ─► asks ─► clerk, ledger, pool ─► answers ─► ended
                 └─ lost ─► another player, with the turns that are in the ledger

A hand is played when its episode is in the ledger, whoever says what of it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from noria.evaluators.sandbox.job import Job, Ran
from noria.graphs.afar.far import Hire
from noria.graphs.afar.house import house
from noria.graphs.afar.line import CutError
from noria.graphs.afar.troupe import Troupe
from noria.graphs.context import Context
from noria.graphs.furnishing import Furnished
from noria.types import Dealt


class Players:
    """Has hands played, and programs run (see `Elsewhere`)."""

    def __init__(self, troupe: Troupe) -> None:
        """Have them played by these."""
        self._troupe = troupe

    async def play(self, dealt: Dealt) -> None:
        """Have a hand played, whoever plays it."""
        answers = self._troupe.answers
        try:
            while True:
                one = await self._troupe.least()
                with suppress(CutError), one.holding() as line:
                    await line.ask("play", answers.hand(one.told, dealt))
                if answers.over(dealt.episode):
                    return
        finally:
            answers.forget(dealt.episode)

    async def run(self, job: Job) -> Ran:
        """Run a program in a player's sandbox."""
        while True:
            one = await self._troupe.least()
            with suppress(CutError), one.holding() as line:
                ran: Ran = await line.ask("run", job)
                return ran


@asynccontextmanager
async def afar(context: Context, told: Furnished, hire: Hire, count: int) -> AsyncIterator[None]:
    """Have a session's hands played by `count` players, and its programs run by them, for as long as this is open.

    Raises:
        NoriaError: no player is to be had.
    """
    troupe = Troupe(context, house(context, told, count), hire, count)
    await troupe.open()
    context.afar = context.desk.runner = Players(troupe)
    try:
        yield
    finally:
        context.afar = None
        await troupe.close()
