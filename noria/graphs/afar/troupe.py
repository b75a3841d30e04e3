"""Who plays: players are started, heard, told, and replaced when they are lost.

    hire ─► plays ─► lost (its process, its machine, or no word for too long) ─► what it had said is committed
              ▲                                                                    └─► who waits for it is told
              └──────────────────────────── another is started ◄──────────────────────────┘

Players that are lost one after another, with no episode ended between, are not replaced for ever.
"""

import asyncio
import time
from functools import partial

from noria.errors import NoriaError, RunError
from noria.graphs.afar.answering import Answers, Told
from noria.graphs.afar.far import Hire, Seated
from noria.graphs.afar.house import House
from noria.graphs.afar.line import Line
from noria.graphs.context import Context

IN_A_ROW = 3
"""Times that every player may be lost, no episode ended between, before no other is started."""

LATE = 20.0
"""Seconds that the first player waits for the others."""

SILENCE = 60.0
"""Seconds beyond a call's deadline that nothing may be heard of players that have hands."""

MEND = "`noria resume` goes on from here."


class Troupe:
    """The players of a session."""

    def __init__(self, context: Context, told: House, hire: Hire, count: int) -> None:
        """Have `count` players, each started by `hire`."""
        self.context = context
        self.answers = Answers(context, self._goes_well)
        self._house, self._hire, self._count = told, hire, count
        self._all: list[Seated] = []
        self._changed = asyncio.Event()
        self._hiring: set[asyncio.Task[None]] = set()
        self._refused: NoriaError | None = None
        self._lost = 0
        """Players that were lost since an episode ended."""
        self._patience = context.config.play.deadline + SILENCE
        self._watch: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start them: one is waited for, the others a while; who comes later plays from then on.

        Raises:
            NoriaError: none is to be had.
        """
        starting = {self._another() for _ in range(self._count)}
        while starting and not self._all:
            _, starting = await asyncio.wait(starting, return_when=asyncio.FIRST_COMPLETED)
        if not self._all:
            assert self._refused is not None
            raise self._refused
        self._watch = asyncio.create_task(self._watches())
        if starting:
            await asyncio.wait(starting, timeout=LATE)

    def _another(self) -> asyncio.Task[None]:
        task = asyncio.create_task(self._seat())
        self._hiring.add(task)
        task.add_done_callback(self._hiring.discard)
        return task

    async def _seat(self) -> None:
        try:
            far = await self._hire(self._house)
        except NoriaError as fault:
            self._refused = fault
            self._say(f"a player is not to be had: {fault.what}")
        else:
            one = Seated(far, Told())
            one.told.line = Line(partial(self.answers.serve, one.told))
            self._all.append(one)
            one.begin(self._lose)
            self._say(f"{far.place} plays")
        self._changed.set()

    async def _watches(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            busy = [one for one in self._all if one.hands]
            # One may wait for another, whose turn it is to claim; all may not.
            if busy and time.monotonic() - max(one.heard for one in busy) > self._patience:
                for one in busy:
                    await self._lose(one, f"nothing was heard of it for {self._patience:.0f} s")

    async def _lose(self, one: Seated, how: str) -> None:
        if one not in self._all:
            return
        self._all.remove(one)
        one.far.end()
        self._lost += 1
        self._say(f"{one.far.place} is lost ({how}); of its hands {one.hands} go to others")
        await one.told.written()
        one.told.line.cut()
        if self._lost < IN_A_ROW * self._count:
            self._another()
        self._changed.set()

    async def least(self) -> Seated:
        """The player with the fewest hands; where all are lost, one that is on its way.

        Raises:
            RunError: none is.
        """
        while not self._all:
            if not self._hiring:
                why = self._refused.what if self._refused else f"{self._lost} since an episode ended."
                raise RunError(f"Every player is lost: {why}", mend=MEND)
            self._changed.clear()
            await self._changed.wait()
        return min(self._all, key=lambda one: one.hands)

    def _goes_well(self) -> None:
        self._lost = 0

    def _say(self, said: str) -> None:
        self.context.tell("player", {"said": said})

    async def close(self) -> None:
        """End them all."""
        tasks = [*self._hiring, *([self._watch] if self._watch else [])]
        while self._all:
            one = self._all.pop()
            one.far.end()
            tasks += one.tasks
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
