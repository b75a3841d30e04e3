"""How a strategy has the generator asked: a module a strategy with `ask(dealt, domain, temperature)` (see ASKS)."""

from collections.abc import Callable
from importlib import import_module

from noria.agents.base import Ask
from noria.evaluators.domain import Domain
from noria.types import Dealt

Asking = Callable[[Dealt, Domain, float], Ask]

ASKS: dict[str, str] = {"mistakes": "noria.agents.asks.mistakes"}
ASKS: dict[str, str] = {
    "self_instruct": "noria.agents.asks.self_instruct",
    "evolve": "noria.agents.asks.evolve",
    "magpie": "noria.agents.asks.magpie",
    "hardened": "noria.agents.asks.hardened",
}
ASKS: dict[str, str] = {"documents": "noria.agents.asks.documents"}
"""Strategy to the module that asks for it; one that is not here is asked as the plain window is."""


def asking(strategy: str) -> Asking | None:
    """The way a strategy asks, if it has one of its own."""
    return import_module(ASKS[strategy]).ask if strategy in ASKS else None
