"""What an arm learned from, row by row: is it right, does a second program say so too, and does it meet the test?

rows of the last training ─► their tasks ─┬─► verifier, in a runner that has run nothing   1 0
                                          ├─► a second reading of the words (`recheck`)    1 0 ?
                                          └─► items of the test that it meets
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from noria.agents.student import checked
from noria.errors import SandboxError, SessionError, VerifierError
from noria.evaluators.contamination import Item, Kept, own_words
from noria.evaluators.domain import Domain
from noria.evaluators.sandbox.runner import Runner
from noria.identity import content_id, file_digest
from noria.memory.history import History
from noria.studies.gain.outcomes import HeldOut
from noria.studies.recheck import recheck
from noria.training.rows import Row, read_rows
from noria.types import Task

SHOWN = 5
"""Disagreements that are shown."""


@dataclass(frozen=True)
class Learned:
    """Rows with the tasks they answer."""

    rows: tuple[Row, ...]
    tasks: tuple[Task, ...]
    digest: str
    """SHA-256 of the file of rows."""


def learned(file: Path, tasks: Mapping[str, Task]) -> Learned:
    """The rows of a training; `tasks` by what its rows name as their sample."""
    rows = [row for row in read_rows(file) if row.sample in tasks]
    return Learned(tuple(rows), tuple(tasks[row.sample] for row in rows), file_digest(file))


def tasks_of(history: History) -> dict[str, Task]:
    """The task of each sample of a session."""
    drafts = {task.id: task for episode in history.episodes() for task in episode.drafts}
    return {one.id: drafts[one.provenance.task] for one in history.samples() if one.provenance.task in drafts}


async def ruled(of: Learned, domains: Mapping[str, Domain], runner: Runner) -> tuple[str, str, list[str]]:
    """What verifier and second reading make of each row (`1`, `0`, `?`), and the first rows they disagree on."""
    first, second, apart = list[str](), list[str](), list[str]()
    for row, task in zip(of.rows, of.tasks, strict=True):
        domain = domains[task.domain].at(task.level)
        try:
            made = await checked(domain, task, row.completion, "", "program", runner)
            first.append("01"[made.passed])
        except (SandboxError, VerifierError):
            first.append("?")
        again = recheck(task, row.completion)
        second.append("?" if again.right is None else "01"[again.right])
        if "?" not in (first[-1], second[-1]) and first[-1] != second[-1] and len(apart) < SHOWN:
            apart.append(f"{task.instruction!r} answered {row.completion[:80]!r}: {again.evidence}")
    return "".join(first), "".join(second), apart


def met(test: HeldOut, tasks: Iterable[Task], domains: Mapping[str, Domain]) -> dict[int, str]:
    """Items of the test that something learned meets: by its parameters, its solution, its words. Place to how.

    Raises:
        SessionError: the very parameters of an item were learned.
    """
    keys: dict[str, list[int]] = {}
    for at, one in enumerate(test.items):
        for key in (_parameters(one.task), _solution(one.task)):
            keys.setdefault(key, []).append(at)
    own = own_words([domains[name] for name in dict.fromkeys(one.task.domain for one in test.items)])
    words = Kept([Item(str(at), one.task.instruction) for at, one in enumerate(test.items)], own=own)
    found: dict[int, str] = {}
    for task in tasks:
        if task.domain in domains and (same := keys.get(_parameters(task))):
            raise SessionError(
                f"The test overlaps the training: item {same[0]}, {task.instruction!r}, was learned.",
                mend="Begin the study in another folder.",
            )
        found.update(dict.fromkeys(keys.get(_solution(task), ()), "its solution"))
        if overlap := words.met(task.instruction, near=False):
            found[int(overlap.item.place)] = f"its words: {overlap.shown}"
    return dict(sorted(found.items()))


def _parameters(task: Task) -> str:
    return content_id("parameters", [task.domain, task.parameters])


def _solution(task: Task) -> str:
    return content_id("solution", [task.domain, task.grounding.signature])


def share(marks: Sequence[str]) -> float | None:
    """The share right of what could be told; none where nothing could."""
    told = [mark for part in marks for mark in part if mark != "?"]
    return sum(mark == "1" for mark in told) / len(told) if told else None
