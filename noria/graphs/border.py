"""The border between two batches: the next is dealt out while the last hands of this one still play.

    step 1   a b c d ─► c and d still play, fewer than there are places for calls ─► settle ─► steer
    step 2   c d e f g h ─► …        what still plays is sent again, and is waited for where it was left

A step of LangGraph ends when everything that was sent has come back (bulk-synchronous supersteps,
after Pregel: Malewicz et al., SIGMOD 2010), so the slowest hand would hold up all that follow. A
hand that still plays therefore comes back early and is sent again with the next batch: the play
itself goes on, and the checkpoint and the ledger know of every hand. The next batch comes when
those that are left are fewer than the places for calls; who waits to claim until a slower one,
dealt before, has proposed, needs no place and does not count. Two batches' hands play at most.
Nothing is carried over the last border of a round, nor where something follows from a batch as a
whole (a ruling that is waited for, a routing), nor when the session is to stand still or to leave.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from noria.config import SessionConfig
from noria.graphs.session_state import Hand
from noria.graphs.steering.pausing import paused
from noria.memory.steps import Steps

if TYPE_CHECKING:
    from noria.graphs.context import Context

Play = Callable[["Context", int, int, str], Coroutine[Any, Any, None]]
"""What plays an episode of a round and batch to its end."""


def carried(config: SessionConfig) -> int:
    """How many hands that need a place may still play when the next batch begins."""
    play = config.play
    if config.approve.samples or config.methods.on("route"):
        return 0
    if play.behind is None:
        return min(play.concurrency, play.batch // 2)
    return min(play.behind, play.batch - 1)


@dataclass
class Border:
    """The hands that play, and whether those of the step that is taken may come back early."""

    _plays: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    """By episode; those that were not seen to end."""
    _step: tuple[int, int] = (0, -1)
    """Round and batch of the step."""
    _left: int = 0
    """Hands of the step that have not ended."""
    _last: bool = True
    """Whether no batch follows in the round."""
    _most: int = 0
    """How many of the step's hands may be carried over."""
    _open: asyncio.Future[None] | None = None
    """Done when those that are left may come back."""

    async def play(self, context: "Context", hand: Hand, playing: Play) -> None:
        """Play a hand to its end, or until it may be carried over; one that plays already is waited for."""
        step = hand["round"], hand.get("step", hand["batch"])
        if self._open is None:
            self._resume(context, *step, playing)
        if self._open is None or self._step != step:
            # A hand that an older Noria sent knows no border, and is waited for.
            self._step, self._left, self._last = step, hand.get("many", 0), hand.get("last", True)
            self._most = carried(context.config)
            self._open = asyncio.get_running_loop().create_future()
        opened, key = self._open, hand["episode"]
        play = self._begin(context, hand["round"], hand["batch"], key, playing)
        try:
            await asyncio.wait({play, opened}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            play.cancel()
            raise
        if not play.done():
            return
        del self._plays[key]
        play.result()
        self._left -= 1
        self.look(context)

    def look(self, context: "Context") -> None:
        """Let the hands that are left come back, where they leave places for calls free and are no whole batch."""
        # Asked at every claim and every end, so what is dear is asked last.
        if self._last or self._open is None or self._open.done() or self._left > context.config.play.batch:
            return
        if not self._most or self._left - context.hands.stuck() > self._most:
            return
        if not context.control.drain_requested and not paused(Steps(context.history)):
            self._open.set_result(None)

    def _begin(self, context: "Context", number: int, batch: int, key: str, playing: Play) -> asyncio.Task[None]:
        if key not in self._plays:
            self._plays[key] = asyncio.create_task(playing(context, number, batch, key), name=key)
        return self._plays[key]

    def _resume(self, context: "Context", number: int, step: int, playing: Play) -> None:
        """Play all that was dealt out and has not ended, in the first step of a life.

        The step in which the last life was killed does not send again who had come back early in it, and those who
        are sent wait until whoever was dealt before them has claimed.
        """
        size = context.config.play.batch
        if over := context.history.ended(number):
            for at, one in enumerate(context.history.dealt(number)[: (step + 1) * size]):
                if one not in over:
                    self._begin(context, number, at // size, one, playing)

    def playing(self) -> set[str]:
        """The episodes that play, and those that failed and were not heard of."""
        return {key for key, play in self._plays.items() if not play.done() or play.cancelled() or play.exception()}

    def carry(self) -> set[str]:
        """What is to be sent again with the next batch; whatever has ended is let go."""
        self._plays = {key: self._plays[key] for key in self.playing()}
        return set(self._plays)

    async def rest(self) -> None:
        """Wait until nothing plays."""
        await asyncio.gather(*self._plays.values())

    async def close(self) -> None:
        """Play nothing on; what was in hand is resumed from its finished turns."""
        plays, self._plays = list(self._plays.values()), {}
        for play in plays:
            play.cancel()
        await asyncio.gather(*plays, return_exceptions=True)
