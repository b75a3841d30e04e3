"""The strategies' part in a deal: their shares, and the hands as they deal them."""

from importlib import import_module

from noria.graphs.context import Context
from noria.graphs.quarantine import Levels
from noria.identity import stream
from noria.types import Dealt


def arms(context: Context, number: int) -> dict[str, float]:
    """Each strategy's share of a round's deal: the config's, or the bandit's where it is on."""
    methods = context.config.methods.on("deal")
    for rules in context.config.methods.on("meta").values() if methods else ():
        found: dict[str, float] = import_module(rules.module).shares(context, number, rules)
        return found
    return {name: float(getattr(rules, "share", 0.0)) for name, rules in methods.items()}


def strategies(
    context: Context, number: int, dealt: list[Dealt], shares: dict[str, float], levels: Levels,
    benched: frozenset[tuple[str, int]],
) -> list[Dealt]:  # fmt: skip
    """The hands, as far as they are theirs, as the strategies that are on deal them."""
    methods = context.config.methods.on("deal")
    if not methods:
        return dealt
    from noria.graphs.strategies.assigning import Setting, assign

    setting = Setting(context.config, context.domains, context.history, context.index, number, levels, benched)
    rng = stream(context.config.random, "strategies", number)
    return assign(dealt, methods, shares, setting, rng)
