"""The hands that play, batch by batch: each batch opened by the first of it, in a new round as in a resumed one.

deal, batch (ledger) ─► hands as they are played, sheets for the agents, the clerk with who has ended

Several batches may be open, for the next begins while the last hands of one still play (see
`border`); one that is over is let go.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from noria.graphs.novelty import Clerk
from noria.graphs.steering import batches
from noria.types import Dealt

if TYPE_CHECKING:
    from noria.graphs.context import Context


@dataclass
class Hands:
    """The batches of which hands play."""

    mark: float | None = None
    """When the play began whose time is not written down yet."""
    _clerks: dict[tuple[int, int], Clerk] = field(default_factory=dict)
    """By round and batch, from 0."""
    _dealt: dict[str, tuple[Clerk, Dealt]] = field(default_factory=dict)
    _told: int = 0
    """The last round whose deal was told."""

    def hand(self, context: "Context", number: int, batch: int, key: str) -> tuple[Clerk, Dealt]:
        """The clerk and the dealt hand of an episode."""
        if key not in self._dealt:
            self._open(context, number, batch)
        return self._dealt[key]

    def clerk(self, key: str) -> Clerk:
        """The clerk who takes the claim of an episode that plays."""
        return self._dealt[key][0]

    def stuck(self) -> int:
        """How many wait to claim until somebody dealt before them has come to it; they need no server meanwhile."""
        lines = [self._clerks[at].line for at in sorted(self._clerks)]
        first = next((one for one in lines if not one.through), None)
        return 0 if first is None or first.asks else sum(one.waits for one in lines)

    def end(self, context: "Context", key: str) -> None:
        """Say that an episode has ended; the last of a batch closes it."""
        clerk, dealt = self._dealt[key]
        clerk.end(dealt)
        if clerk.over:
            self._clerks = {place: one for place, one in self._clerks.items() if one is not clerk}
            for one in clerk.batch:
                self._dealt.pop(one.episode, None)
                context.desk.sheets.pop(one.episode, None)
                context.history.end(one.episode)

    def _open(self, context: "Context", number: int, batch: int) -> None:
        """Open a batch, and before it every earlier one of which hands have not ended."""
        history, size = context.history, context.config.play.batch
        whole, over = history.dealt(number), history.ended(number)
        playing = {at // size for at, one in enumerate(whole[: batch * size]) if one not in over}
        for at in sorted({*playing, batch}):
            if (number, at) not in self._clerks:
                self._begin(context, number, at, history.deal(number, at * size, size), over)
        if self._told != number:
            context.tell("deal", {"round": number, "episodes": len(whole), "ended": len(over)})
            self._told = number

    def _begin(self, context: "Context", number: int, batch: int, hands: Sequence[Dealt], over: set[str]) -> None:
        history = context.history
        dealt, sheets = batches.opened(history, context.desk.templates, number, batch + 1, hands)
        context.desk.sheets.update(sheets)
        for key, turns in history.traces([one.episode for one in dealt if one.episode not in over]).items():
            history.begin(key, turns)
        remembers = "memory" not in context.config.arm.without
        before = tuple(one for (at, place), one in self._clerks.items() if at == number and place < batch)
        near, stirred = context.config.play.near_duplicate, partial(context.border.look, context)
        clerk = Clerk(history, context.index, near, dealt, remembers, before, stirred)
        self._clerks[number, batch] = clerk
        self._dealt.update({one.episode: (clerk, one) for one in dealt})
        self.mark = self.mark or time.monotonic()
        for one in dealt:
            if one.episode in over:
                clerk.recall(one, history.episode(one.episode), context.domain(one))
