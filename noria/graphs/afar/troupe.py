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
from noria.graphs.afar.far import GoneError, Hire, Seated
from noria.graphs.afar.house import House
from noria.graphs.afar.line import Line
from noria.graphs.context import Context

IN_A_ROW = 3
"""Times that every player may be lost, no episode ended between, before no other is started."""

SILENCE = 60.0
"""Seconds beyond a call's deadline that nothing may be heard of players that have hands."""

MEND = "`noria resume` goes on from here."


class Troupe:
    """The players of a session."""

    def __init__(self, context: Context, told: House, hire: Hire, count: int) -> None:
        """Have `count` players, each started by `hire`."""
        self.context = context
        self.answers = Answers(context, self._ended)
        self._house, self._hire, self._count = told, hire, count
        self._all: list[Seated] = []
        self._changed = asyncio.Event()
        self._hiring: set[asyncio.Task[None]] = set()
        self._refused: NoriaError | None = None
        self._lost = 0
        """Players that were lost since an episode ended."""
        self._heard = time.monotonic()
        self._patience = context.config.play.deadline + SILENCE
        self._watch: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start them; those that are not to be had are done without.

        Raises:
            NoriaError: none is to be had.
        """
        await asyncio.gather(*(self._seat() for _ in range(self._count)))
        if not self._all:
            assert self._refused is not None
            raise self._refused
        self._watch = asyncio.create_task(self._watches())

    async def _seat(self) -> None:
        try:
            far = await self._hire(self._house)
        except NoriaError as fault:
            self._refused = fault
            self._say(f"a player is not to be had: {fault.what}")
        else:
            one = Seated(far, Told())
            one.told.line = Line(partial(self.answers.serve, one.told))
            one.tasks += [asyncio.create_task(self._hears(one)), asyncio.create_task(self._tells(one))]
            self._all.append(one)
            self._say(f"{far.place} plays")
        self._changed.set()

    async def _hears(self, one: Seated) -> None:
        try:
            while True:
                letters = await one.far.hear()
                self._heard = time.monotonic()
                one.told.line.hear(letters)
        except GoneError as gone:
            await self._lose(one, str(gone))

    async def _tells(self, one: Seated) -> None:
        try:
            while True:
                await one.far.tell(await one.told.line.spoken())
        except GoneError as gone:  # what was to be told is lost, and with it the player
            await self._lose(one, str(gone))

    async def _watches(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            busy = [one for one in self._all if one.hands]
            if not busy:
                self._heard = time.monotonic()
            elif time.monotonic() - self._heard > self._patience:
                self._heard = time.monotonic()
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
            task = asyncio.create_task(self._seat())
            self._hiring.add(task)
            task.add_done_callback(self._hiring.discard)
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

    def _ended(self) -> None:
        self._lost = 0

    def _say(self, said: str) -> None:
        self.context.tell("player", {"said": said})

    async def close(self) -> None:
        """End them all."""
        every, self._all = self._all, []
        tasks = [*(task for one in every for task in one.tasks), *self._hiring, *([self._watch] if self._watch else [])]
        for one in every:
            one.far.end()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
