"""The methods that lean on the next plan, asked one after another.

    rounds, exams, accepted samples ─► method ─► Lean (factors, skills, notes, why) ─► deal

A method's module has `lean(context, number, rules)`; none is imported unless it is on. Factors
of several methods multiply, and a floor of the plan's own still holds. What leaned is written
among the round's facts (`leans`).
"""

from collections.abc import Iterable
from importlib import import_module

from noria.graphs.context import Context
from noria.types import Lean


async def leans(context: Context, number: int) -> list[Lean]:
    """What each method makes of the rounds before this one."""
    found: list[Lean | None] = []
    for rules in context.config.methods.on("lean").values():
        found.append(await import_module(rules.module).lean(context, number, rules))
    return [one for one in found if one is not None]


def leaned(weights: dict[str, float], leans: Iterable[Lean]) -> dict[str, float]:
    """Weights of domains with every factor on them."""
    for one in leans:
        weights = {name: weight * one.domains.get(name, 1.0) for name, weight in weights.items()}
    return weights


def leaned_levels(domain: str, weights: dict[int, float], leans: Iterable[Lean]) -> dict[int, float]:
    """Weights of a domain's levels with every factor on them; as they were where all would be out."""
    found = weights
    for one in leans:
        found = {level: weight * one.levels.get(f"{domain}/{level}", 1.0) for level, weight in found.items()}
    return found if any(found.values()) else weights
