"""Who has the least to do, of ten or of ten thousand, at the same cost.

    0 calls:  c               add, move, drop and the choice itself each touch one or two shelves
    1 call:   a, f, b         and no other replica
    2 calls:  d, e

Calls in flight are small whole numbers that change by one, so replicas lie on shelves by their
number, and the lowest shelf with anybody on it is remembered. A heap would be as exact, at a
logarithm each and with a stale entry for every change; two drawn at random are as cheap, but leave
some idle while others wait, and which is drawn would be chance. On a shelf whoever came first is
chosen first, so that equals take turns.
"""

from collections import OrderedDict
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Least(Generic[Item]):
    """Items by their load."""

    def __init__(self) -> None:
        """Nobody yet."""
        # Ordered ones find their first in one step; a plain dict walks over all that were taken before it.
        self._shelves: list[OrderedDict[Item, None]] = [OrderedDict()]
        self._loads: dict[Item, int] = {}
        self._lowest = 0

    def __len__(self) -> int:
        """How many there are."""
        return len(self._loads)

    def __contains__(self, item: Item) -> bool:
        """Whether an item is here."""
        return item in self._loads

    def put(self, item: Item, load: int) -> None:
        """Put an item by its load, or move it there."""
        self.drop(item)
        while len(self._shelves) <= load:
            self._shelves.append(OrderedDict())
        self._shelves[load][item] = None
        self._loads[item] = load
        self._lowest = min(self._lowest, load)

    def drop(self, item: Item) -> None:
        """Take an item away; one that is not here is no error."""
        if (load := self._loads.pop(item, None)) is not None:
            del self._shelves[load][item]

    def least(self, but: Item | None = None) -> Item | None:
        """The item with the least load, another than `but` where there is one; none where nobody is."""
        if not self._loads:
            return None
        while not self._shelves[self._lowest]:  # it was lowered by as much before: constant over many calls
            self._lowest += 1
        found = next(iter(self._shelves[self._lowest]))
        if found is not but or len(self._loads) == 1:
            return found
        others = (item for shelf in self._shelves[self._lowest :] for item in shelf if item is not but)
        return next(others)
