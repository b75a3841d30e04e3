"""Whose turn it is among passages: the one that was dealt least, so that all of a document is asked about.

hands of earlier rounds ─► times dealt ─► the least of those that the level can ask about, drawn among equals
"""

import random
from collections import Counter
from collections.abc import Sequence

from noria.evaluators.domain import Domain
from noria.evaluators.grounded import Grounded
from noria.memory.history import History
from noria.types import Seed

STRATEGY = "documents"


class Turns:
    """The passages of a session, and how often each was dealt."""

    def __init__(self, history: History, seeds: Sequence[Seed], number: int, rng: random.Random) -> None:
        """Count what the rounds before dealt; nothing is drawn of `rng` where there are no passages."""
        passages = [seed for seed in seeds if seed.kind == "passage"]
        self._drawn = rng.sample(passages, len(passages)) if passages else []
        rounds = range(1, number) if passages else ()
        self._dealt = Counter(one.seed.id for earlier in rounds for one in history.deal(earlier))

    def take(self, domain: Domain, level: int) -> Seed | None:
        """The passage whose turn it is; none where the domain reads none."""
        if not isinstance(domain, Grounded):
            return None
        usable = frozenset(domain.usable(level, "train"))
        turn = min((one for one in self._drawn if one.id in usable), key=lambda one: self._dealt[one.id], default=None)
        if turn is not None:
            self._dealt[turn.id] += 1
        return turn
