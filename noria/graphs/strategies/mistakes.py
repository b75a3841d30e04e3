"""Mistakes as seeds: a hand is dealt around a task that the student failed at in play.

    failures of the last rounds ─► one of the hand's domain and level ─► its skill, the window around it
                                                                        └► seed and parents name it, the brief shows it

After LLM2LLM (arXiv 2403.15042), which has a teacher write more of what the student got wrong,
and only from the first data: what was dealt around a mistake is no seed again, but as deep as
the config allows. Exams are never looked at.
"""

import random

from noria.config.methods import Method
from noria.config.methods.quality import Mistakes
from noria.evaluators.domain import Domain
from noria.evaluators.foreign import foreign
from noria.graphs.strategies.assigning import Setting
from noria.identity import content_id
from noria.memory.failures import failed
from noria.types import Attempt, Dealt, Episode, Json, Seed, Task

NAME = "mistakes"

TRIES = 8
"""Failures that are looked at for one hand."""

WINDOWS = 400
"""Windows of the domain that are drawn at most, of which the nearest to the failed task is dealt."""


def deal(hand: Dealt, rules: Method, setting: Setting, rng: random.Random) -> Dealt | None:
    """The hand around a mistake; none where nothing of its domain was failed at."""
    assert isinstance(rules, Mistakes)
    rounds = range(max(1, setting.number - rules.rounds), setting.number)
    # Of the dealt level: whether its verifier admits anything this round was measured there.
    found = failed(setting.history, hand.domain, hand.level, rounds)
    for key in rng.sample(found, min(TRIES, len(found))):
        episode, before = setting.history.episode(key), setting.history.hand(key)
        depth = 1 + (int(before.brief.get("depth", 1)) if before is not None and before.strategy == NAME else 0)
        mistake = _mistake(episode) if episode is not None and depth <= rules.depth else None
        if episode is not None and mistake is not None:
            return _around(hand, episode, *mistake, depth, setting.domains[hand.domain].at(episode.level), rng)
    return None


def _mistake(episode: Episode) -> tuple[Task, Attempt] | None:
    """The failed task and the student's wrong answer to it; none where it holds what is foreign."""
    tasks = {task.id: task for task in episode.drafts}
    for attempt in episode.attempts:
        task = tasks.get(attempt.task)
        if task is not None and attempt.source == "student" and not attempt.passed and not foreign(task.instruction):
            return task, attempt
    return None


def _around(
    hand: Dealt, episode: Episode, task: Task, attempt: Attempt, depth: int, domain: Domain, rng: random.Random
) -> Dealt:
    """The hand with the mistake as its seed."""
    seed = Seed(id=content_id("seed", ["mistake", task.id]), kind="mistake", text=task.instruction)
    return hand.model_copy(
        update={
            "seed": seed,
            "window": _window(domain, task, rng),
            "parents": (seed.id, episode.sample or task.id),
            "brief": {
                "episode": episode.id,
                "task": task.id,
                "parameters": domain.point(task.parameters).model_dump(mode="json"),
                "instruction": task.instruction,
                "response": attempt.response[:200],
                "depth": depth,
            },
        }
    )


def _window(domain: Domain, task: Task, rng: random.Random) -> Json:
    """The window of the failed skill whose ranges hold the most of the failed parameters."""
    weak = (f"{domain.name}/{task.skill}",)
    drawn = (domain.window(task.level, rng, weak=weak) for _ in range(WINDOWS))
    best, most = dict[str, object](), (False, -1)
    for window in drawn:
        near = (window.get("skill") == task.skill, _held(window, task.parameters))
        if near > most:
            best, most = window, near
    return best


def _held(window: Json, parameters: Json) -> int:
    """How many of a window's ranges and choices hold what the parameters have there."""
    held = 0
    for name, value in parameters.items():
        given = window.get(name)
        if isinstance(given, list) and len(given) == 2 and all(isinstance(one, int) for one in (*given, value)):
            held += given[0] <= value <= given[1]
        elif given is not None:
            held += value == given or (isinstance(given, list) and value in given)
    return held
