"""Which hands of a deal a strategy takes, and how it deals them.

    hands as the plan deals them ─► drawn by share ─► strategy.deal(hand) ─► hand with strategy, parents, brief
                                                         └ nothing to build on ─► the hand as it was

A strategy's module has `deal(hand, rules, setting, rng)`, and gives the hand back as it deals it
(another window, a brief, parents; `strategy` is set here) or none. Shares come from the config
(`share`), or from the bandit where it is on; what is left over is dealt plainly.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

from noria.config import SessionConfig
from noria.config.methods import Method
from noria.evaluators.domain import Domain
from noria.memory.history import History
from noria.memory.neighbours import Neighbours
from noria.types import Dealt, Json


@dataclass(frozen=True)
class Setting:
    """What a strategy may look at when it deals."""

    config: SessionConfig
    domains: dict[str, Domain]
    history: History
    index: Neighbours
    number: int
    levels: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The levels that this round may deal, of each domain."""
    benched: frozenset[tuple[str, int]] = frozenset()
    """Those whose verifier admits nothing this round."""
    _known: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What is read of the ledger for a whole deal, once."""
        if name not in self._known:
            self._known[name] = make()
        return self._known[name]

    def moved(self, hand: Dealt, level: int, window: Json, **told: Any) -> Dealt:
        """A hand at another place of its domain; `told` are the fields that the strategy sets."""
        admits = (hand.domain, level) not in self.benched
        return hand.model_copy(update={"level": level, "window": window, "admits": admits, **told})


class Dealing(Protocol):
    """The function `deal` of a strategy's module."""

    def __call__(self, hand: Dealt, rules: Method, setting: Setting, rng: random.Random) -> Dealt | None:
        """The hand as the strategy deals it; none where it has nothing to build on."""
        ...


def assign(
    hands: list[Dealt], strategies: Mapping[str, Method], shares: Mapping[str, float], setting: Setting,
    rng: random.Random,
) -> list[Dealt]:  # fmt: skip
    """Give each strategy its share of the hands."""
    deals: dict[str, Dealing] = {name: import_module(rules.module).deal for name, rules in strategies.items()}
    plain = max(0.0, 1 - sum(shares.get(name, 0.0) for name in deals))
    names, weights = ["", *deals], [plain, *(shares.get(name, 0.0) for name in deals)]
    found = []
    for hand in hands:
        if hand.strategy:  # its domain is dealt one way alone
            found.append(hand)
            continue
        name = rng.choices(names, weights=weights)[0] if any(weights) else ""
        taken = deals[name](hand, strategies[name], setting, rng) if name else None
        found.append(taken.model_copy(update={"strategy": name}) if taken else hand)
    return found
