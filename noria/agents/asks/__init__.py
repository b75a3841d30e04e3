"""How a strategy has the generator asked: a module a strategy with `ask(dealt, domain, temperature)` (see ASKS)."""

from collections.abc import Callable
from importlib import import_module

from noria.agents.base import Ask
from noria.evaluators.domain import Domain
from noria.types import Dealt

Asking = Callable[[Dealt, Domain, float], Ask]

ASKS: dict[str, str] = {
    name: f"noria.agents.asks.{name}"
    for name in ("self_instruct", "evolve", "magpie", "hardened", "mistakes", "documents")
}
"""Strategy to the module that asks for it; one that is not here is asked as the plain window is."""


def asking(strategy: str) -> Asking | None:
    """The way a strategy asks, if it has one of its own."""
    return import_module(ASKS[strategy]).ask if strategy in ASKS else None
