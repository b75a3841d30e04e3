"""The hands of the batch that plays: opened by the first that is dealt out, in a new round as in a resumed one.

deal, batch (ledger) ─► hands as they are played, sheets for the agents, the clerk with who has ended
"""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noria.graphs.novelty import Clerk
from noria.graphs.steering import batches
from noria.types import Dealt

if TYPE_CHECKING:
    from noria.graphs.context import Context


@dataclass
class Hands:
    """The batch that plays."""

    clerk: Clerk | None = None
    mark: float | None = None
    """When it began."""
    _batch: tuple[int, int] = (0, -1)
    _dealt: dict[str, Dealt] = field(default_factory=dict)

    def hand(self, context: "Context", number: int, batch: int, key: str) -> tuple[Clerk, Dealt]:
        """The clerk and the dealt hand of an episode."""
        if self._batch != (number, batch) or self.clerk is None:
            self.clerk = self._opened(context, number, batch)
        return self.clerk, self._dealt[key]

    def _opened(self, context: "Context", number: int, batch: int) -> Clerk:
        history, size = context.history, context.config.play.batch
        whole, over = history.deal(number), history.ended(number)
        dealt, sheets = batches.opened(
            history, context.desk.templates, number, batch + 1, whole[batch * size : (batch + 1) * size]
        )
        context.desk.sheets.clear()
        context.desk.sheets.update(sheets)
        remembers = "memory" not in context.config.arm.without
        clerk = Clerk(history, context.index, context.config.play.near_duplicate, dealt, remembers)
        self._dealt = {one.episode: one for one in dealt}
        self.mark = time.monotonic()
        if self._batch[0] != number:
            context.tell("deal", {"round": number, "episodes": len(whole), "ended": len(over)})
        for one in dealt:
            if one.episode in over:
                clerk.recall(one, history.episode(one.episode), context.domain(one))
        self._batch = (number, batch)
        return clerk
