"""What the session's process answers its players: it commits, it decides, it calls; and what it tells them unasked.

    turn, end ─► ledger ─► committed ─► answer       claim ─► the clerk, once a hand ─► answer
    call      ─► pool ─► answer                      something changed ─► told before the next answer

A hand claims once, however often it is dealt: a player that is lost while its claim waits for
its turn leaves the claim behind, and whoever has the hand next is told what came of it.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from noria.graphs.afar.house import Hand, Standing, standing
from noria.graphs.afar.line import Line
from noria.graphs.claims import Claim
from noria.graphs.context import Context
from noria.types import Dealt, Episode, Reason, Sample, shown_by


@dataclass(eq=False)
class Told:
    """What one player was told, and what it said that is being written."""

    line: Line = field(init=False)
    versions: set[str] = field(default_factory=set)
    """The templates that it has."""
    exams: int = 0
    standing: Standing | None = None
    writing: set["asyncio.Task[Any] | None"] = field(default_factory=set)

    async def written(self) -> None:
        """Wait until all that it said is on disk."""
        await asyncio.sleep(0)  # what was just heard is begun
        if waiting := {task for task in self.writing if task is not None}:
            await asyncio.wait(waiting)


class Answers:
    """Answers the players of one session."""

    def __init__(self, context: Context, ended: Callable[[], None]) -> None:
        """Stand on a session; `ended` is told of each episode that a player ended."""
        self._context = context
        self._ended = ended
        self._claims: dict[str, asyncio.Task[tuple[Reason, str] | None]] = {}
        self._proofs = 0
        """Proofs that a verifier was beaten, since this was made."""
        self._round = 0
        self._standing: tuple[Any, Standing] | None = None

    async def serve(self, told: Told, what: str, *given: Any) -> Any:
        """Answer a player; what changed meanwhile it is told first."""
        said = await self._answer(told, what, *given)
        self._brief(told)
        return said

    async def _answer(self, told: Told, what: str, *given: Any) -> Any:
        context = self._context
        match what:
            case "turn":
                return await self._write(told, context.history.keep_turn(*given))
            case "settle":
                return await self._write(told, self._settle(*given))
            case "claim":
                return await self._claim(*given)
            case "call":
                return await context.fleet.pool.complete(*given)
            case "unasked":
                return await context.fleet.pool.unasked(*given)
            case _:
                return context.tell(*given)

    async def _write(self, told: Told, writing: Any) -> None:
        task = asyncio.current_task()
        told.writing.add(task)
        try:
            await writing
        finally:
            told.writing.discard(task)

    async def _settle(self, episode: Episode, samples: tuple[Sample, ...]) -> None:
        await self._context.history.settle(episode, samples)
        self._proofs += any(True for _ in shown_by(episode, time.time()))
        self._ended()

    async def _claim(self, dealt: Dealt, claim: Claim) -> tuple[Reason, str] | None:
        if dealt.episode not in self._claims:
            deciding = self._context.hands.clerk(dealt.episode).claim(dealt, claim)
            self._claims[dealt.episode] = asyncio.get_running_loop().create_task(deciding)
        return await asyncio.shield(self._claims[dealt.episode])

    def over(self, episode: str) -> Episode | None:
        """An episode that has ended, whoever ended it."""
        return self._context.history.episode(episode)

    def forget(self, episode: str) -> None:
        """A hand is over, and claims no more."""
        if (task := self._claims.pop(episode, None)) is not None:
            task.cancel()

    def hand(self, told: Told, dealt: Dealt) -> Hand:
        """A hand, with what the player lacks to play it."""
        self._round = dealt.round
        self._brief(told)
        sheet, history = self._context.desk.sheet(dealt.episode), self._context.history
        versions = sheet.templates.versions()
        lacking = {one: name for name, one in versions.items() if one not in told.versions}
        told.versions.update(lacking)
        texts = {one: sheet.templates[name].text for one, name in lacking.items()}
        return Hand(dealt, versions, texts, sheet.notes, tuple(history.trace(dealt.episode)))

    def _brief(self, told: Told) -> None:
        """Tell a player how things stand, unless it knows."""
        context = self._context
        mark = (
            self._round, self._proofs, dict(context.instead), context.fleet.served(), len(context.lineage),
        )  # fmt: skip
        if self._standing is None or self._standing[0] != mark:
            self._standing = mark, standing(context)
        if told.standing is not self._standing[1]:
            told.standing = self._standing[1]
            told.line.tell("standing", told.standing)
            new = context.history.exams()[told.exams :]
            told.exams += len(new)
            if new:
                told.line.tell("exams", [(exam, context.history.exam_items(exam.round)) for exam in new])
