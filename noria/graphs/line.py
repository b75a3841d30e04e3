"""Whose turn it is: the places of a batch in deal order, after those of the batches before it.

    batch 1: 0 1 2 3 ─► all have passed ─► batch 2: 4 5 6 7 ─► …

A place passes when its hand has nothing to ask any more. Hands of two batches may play side by
side; the first place of the later one waits until the last of the earlier has passed.
"""

import asyncio
from collections.abc import Iterable


class Line:
    """The places of one batch."""

    def __init__(self, positions: Iterable[int], before: Iterable["Line"] = ()) -> None:
        """Give every place its turn, after the lines `before`."""
        self._order = sorted(positions)
        self._turns = {position: asyncio.Event() for position in self._order}
        self._passed: set[int] = set()
        self._here: set[int] = set()
        self._waiting: set[int] = set()
        self._front = 0
        """How many have passed in order, nobody before them left."""
        self._before = tuple(before)
        self._after: list[Line] = []
        for one in self._before:
            one._after.append(self)
        self._go_on()

    def __contains__(self, position: int) -> bool:
        """Whether a place is in this line."""
        return position in self._turns

    @property
    def through(self) -> bool:
        """Whether everybody has passed, those before this line included."""
        return not self._before and self._front == len(self._order)

    @property
    def waits(self) -> int:
        """How many have come and wait for their turn."""
        return len(self._waiting)

    @property
    def asks(self) -> bool:
        """Whether the first that has not passed has come to ask."""
        return self._front < len(self._order) and self._order[self._front] in self._here

    def come(self, position: int) -> None:
        """Say that a place has something to ask."""
        self._here.add(position)
        if not self._turns[position].is_set():
            self._waiting.add(position)

    async def turn(self, position: int) -> None:
        """Wait until everyone dealt before has passed."""
        await self._turns[position].wait()

    def let_pass(self, position: int) -> None:
        """Say that a place has nothing to ask any more."""
        self._passed.add(position)
        self._go_on()

    def _go_on(self) -> None:
        """Wake the one whose turn it is."""
        if not all(one.through for one in self._before):
            return
        self._before = ()
        for position in self._order[self._front :]:
            self._turns[position].set()
            self._waiting.discard(position)
            if position not in self._passed:
                break
            self._front += 1
        if self.through:
            after, self._after = self._after, []
            for one in after:
                one._go_on()
