"""Rows that programs write: those of the warm start, and those of the ceiling.

    warm      fresh tasks of the learned levels, from the ground that may be learned ─► the program's answer
    ceiling   tasks that `verified` was dealt and could ground, whoever solved them  ─► the program's answer

Both are asked in the words that the solver is asked in, so nothing but the answers differs between arms.
"""

from collections.abc import Callable, Mapping

from noria.evaluators.domain import Domain
from noria.identity import stream
from noria.memory.history import History
from noria.training.examine import Items, draw
from noria.training.rows import Row
from noria.types import Message, Stage, Task

Ask = Callable[[str], tuple[Message, ...]]
"""An instruction as the solver is asked it."""

STAGES = tuple(Stage)


def fresh(domains: Mapping[str, Domain], levels: Mapping[str, tuple[int, ...]], count: int, name: str) -> Items:
    """`count` tasks of each domain that may be learned."""
    return draw(dict(domains), dict(levels), count, name, used=set(), where="train")


def dealt(history: History, domains: Mapping[str, Domain], count: int, name: str) -> Items:
    """As many of the tasks that a session was dealt and grounded, drawn by name; all of them where they are fewer."""
    found: dict[str, Task] = {}
    for episode in history.episodes():
        if episode.drafts and STAGES.index(episode.stage) >= STAGES.index(Stage.GROUNDED):
            found[episode.drafts[-1].id] = episode.drafts[-1]
    own = [found[key] for key in sorted(found)]
    drawn = stream(name, "ceiling").sample(own, min(count, len(own)))
    return [(task, domains[task.domain].at(task.level)) for task in drawn]


def written(items: Items, ask: Ask, name: str) -> list[Row]:
    """The program's own answer to each task."""
    return [
        Row(
            prompt=ask(task.instruction), completion=domain.truth(domain.point(task.parameters), stream(name, task.id)),
            source="program", sample=task.id,
        )
        for task, domain in items
    ]  # fmt: skip
