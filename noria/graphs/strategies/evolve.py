"""Evol-Instruct (Xu et al., WizardLM, arXiv 2304.12244): an accepted task is deepened, widened or constrained.

                 executed domains                               open
    deepen       the same skill, one level up; at the top       by prompt: asks for more of the same
                 the largest numbers that its windows have
    widen        another skill of the level                     by prompt: another ask, rarer, as hard
    constrain    one constraint more; else the window is cut    by prompt: one condition more
                 down around the parent

In an executed domain the operator is a move of the window, so that a program still grounds what
comes. The paper's eliminations are held by what every candidate meets: no gain over the parent
(near-equal in meaning, which `novelty` refuses; the parent is among what it is held against),
refused or empty responses, and words of the prompt itself in the evolved ask (`open`).
"""

import random
from typing import Any

from noria.config.methods.synthesis import Evolve, Operator
from noria.evaluators.constraints import AND
from noria.evaluators.domain import Domain
from noria.evaluators.open import FREE, Open
from noria.graphs.strategies.assigning import Setting
from noria.graphs.strategies.drawing import above, accepted, asked, size, task_of, windows
from noria.types import Dealt, Json, Task


def deal(hand: Dealt, rules: Evolve, setting: Setting, rng: random.Random) -> Dealt | None:
    """The hand moved from a parent; none where the domain has none yet, or the operator leads nowhere."""
    found = accepted(setting, hand.domain)
    if not found:
        return None
    sample, operator = rng.choice(found), rng.choice(rules.operators)
    task = task_of(setting, sample)
    levels = setting.levels.get(hand.domain, (hand.level,))
    if task is None or task.level not in levels:
        return None
    told: dict[str, Any] = {"parents": (sample.id,), "brief": {"operator": operator, "given": [asked(sample)]}}
    domain = setting.domains[hand.domain]
    if hand.domain == Open.name:
        level = above(levels, task.level) or task.level if operator != "widen" else task.level
        kind = task.skill if operator != "widen" else FREE
        return setting.moved(hand, level, {"skill": kind, "subject": ""}, **told)
    if moved := step(domain, task, operator, levels, rng):
        return setting.moved(hand, *moved, **told)
    return None


def step(
    domain: Domain, task: Task, operator: Operator, levels: tuple[int, ...], rng: random.Random
) -> tuple[int, Json] | None:
    """The level and window that an operator leads to from a task."""
    topic = str(task.parameters.get("topic", ""))
    match operator:
        case "deepen":
            if (higher := above(levels, task.level)) is not None and (up := _same(domain, higher, task, rng)):
                return higher, rng.choice(up)
            largest = sorted(_same(domain, task.level, task, rng), key=size)
            return (task.level, largest[-1]) if largest else None
        case "widen":
            other = windows(domain, task.level, rng, lambda one: one.get("skill") != task.skill)
            return (task.level, rng.choice(other)) if other else None
        case "constrain":
            own = set(task.skill.split(AND))
            for level in (one for one in levels if one > task.level):
                more = windows(
                    domain, level, rng, lambda one: own < set(str(one.get("skill", "")).split(AND)), topic=topic
                )
                if more:
                    return level, rng.choice(more)
            near = [cut for one in _same(domain, task.level, task, rng) if (cut := narrowed(one, task.parameters))]
            return (task.level, rng.choice(near)) if near else None


def _same(domain: Domain, level: int, task: Task, rng: random.Random) -> list[Json]:
    return windows(domain, level, rng, lambda one: one.get("skill") == task.skill, skill=task.skill)


def narrowed(window: Json, parameters: Json) -> Json | None:
    """A window whose ranges hold a task's numbers, each cut to the half they lie in; none where it does not hold them.

    Of subjects to choose from it leaves the task's own out: a narrower task on another subject.
    """
    found, cut = dict(window), False
    for name, value in window.items():
        own = parameters.get(name)
        if isinstance(own, int) and isinstance(value, list) and [type(one) for one in value] == [int, int]:
            low, high = value
            if not low <= own <= high:
                return None
            middle = (low + high) // 2
            found[name] = [low, middle] if own <= middle else [middle + 1, high]
            cut = cut or found[name] != value
    topics = window.get("topics")
    if isinstance(topics, list) and len(topics) > 2 and parameters.get("topic") in topics:
        found["topics"], cut = [one for one in topics if one != parameters["topic"]][: len(topics) // 2], True
    return found if cut else None
