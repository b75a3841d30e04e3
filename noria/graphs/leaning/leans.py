"""The methods that lean on the next plan, asked one after another.

    rounds, exams, accepted samples ─► method ─► Lean (factors, skills, notes, why) ─► deal

A method's module has `lean(context, number, rules)`; none is imported unless it is on. Factors
of several methods multiply, and a floor of the plan's own still holds. What leaned is written
among the round's facts (`leans`). Notes become steering notes for one round (see `wishes`).
"""

import random
from collections.abc import Iterable, Sequence
from importlib import import_module

from noria.evaluators.domain import Domain
from noria.graphs.context import Context
from noria.memory.history import History
from noria.types import Json, Lean


async def leans(context: Context, number: int) -> list[Lean]:
    """What each method makes of the rounds before this one."""
    found: list[Lean | None] = []
    for rules in context.config.methods.on("lean").values():
        found.append(await import_module(rules.module).lean(context, number, rules))
    made = [one for one in found if one is not None]
    if any(one.notes for one in made):
        from noria.graphs.leaning.wishes import wished

        return await wished(context, number, made)
    return made


def leant(history: History, number: int, method: str) -> Lean | None:
    """How a method leaned on the plan of a round, or of the last before it that it leaned on."""
    for earlier in range(number, 0, -1):
        for one in history.round(earlier).get("leans", ()):
            if one["method"] == method:
                return Lean.model_validate(one)
    return None


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


AGAIN = 0.5
"""Share of a level's hands that are dealt in the windows to deal again, where there are any."""

TRIES = 40
"""Windows drawn to find one of the skill that is wanted."""


def leaned_window(
    domain: Domain, level: int, rng: random.Random, weak: tuple[str, ...], topic: str, leans: Sequence[Lean]
) -> Json:
    """A window that a method deals again, one whose skill is drawn by the methods' weights, or a plain one.

    Windows are drawn until one is of the skill: a domain alone knows which of its windows hold which.
    """
    again = [window for lean in leans for window in lean.windows.get(f"{domain.name}/{level}", ())]
    if again and rng.random() < AGAIN:
        return rng.choice(again)
    skills = [f"{domain.name}/{skill}" for skill in domain.skills(level)]
    weights = dict.fromkeys(skills, 1.0)
    weighed = [one.weights for one in leans if one.weights]
    for one in weighed:
        weights = {name: weight * one.get(name, 1.0) for name, weight in weights.items()}
    for name in {one for lean in leans for one in lean.skills} & {*weights}:
        weights[name] *= 2  # as a domain deals a weak skill
    if not weighed or not any(weights.values()):
        return domain.window(level, rng, weak=weak, topic=topic)
    wanted = rng.choices(skills, weights=list(weights.values()))[0].partition("/")[2]
    window = domain.window(level, rng, topic=topic)
    for _ in range(TRIES):
        if window.get("skill") == wanted:
            break
        window = domain.window(level, rng, weak=(f"{domain.name}/{wanted}",), topic=topic)
    return window
