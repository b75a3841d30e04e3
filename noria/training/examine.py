"""Examine: parent and student answer the same fresh items, and exact arithmetic decides.

Items come from the bucket of each domain's parameter space that training never sees, are
worded by program, and are never asked in two exams of a session. Both answer greedily,
through the prompt they play with. A student passes if it wins more discordant pairs than
chance allows and loses no domain beyond it.
"""

import asyncio
import time
from collections.abc import Callable

from noria.agents.student import Solver
from noria.config import ExamRules
from noria.evaluators.domain import Domain
from noria.evaluators.gate import by_domain, promote, sign_test, spend, wilson
from noria.identity import bucket, content_id, stream
from noria.types import Bucket, Exam, ExamItem, Task

TRIES = 4000
"""Draws a domain gets to find its items; small domains may hold fewer."""


def draw(
    domains: dict[str, Domain], levels: dict[str, tuple[int, ...]], count: int, name: str,
    *, used: set[str], where: Bucket = "gate", taught: Callable[[str], bool] = lambda solution: False,
) -> list[tuple[Task, Domain]]:  # fmt: skip
    """Up to `count` fresh items of each domain, spread over its levels; `used` holds tasks' parameter ids to avoid.

    Parameters of two buckets may have one solution (1 + 6 and 6 + 1): `taught` tells of a solution's id whether
    a sample teaches it.
    """
    items: list[tuple[Task, Domain]] = []
    for kind in domains.values():
        rng = stream(name, kind.name)
        found = 0
        for turn in range(TRIES):
            if found == count:
                break
            level = levels[kind.name][turn % len(levels[kind.name])]
            domain = kind.at(level)
            point = domain.sample(level, rng)
            parameters = point.model_dump(mode="json")
            key = content_id("parameters", [domain.name, parameters])
            if bucket(domain.name, parameters) != where or key in used:
                continue
            used.add(key)
            try:
                grounding = domain.ground(point)
            except ValueError:
                continue
            if taught(content_id("solution", [domain.name, grounding.signature])):
                continue
            instruction = domain.phrase(point, rng)
            task = Task(
                id=content_id("task", {"domain": domain.name, "parameters": parameters, "instruction": instruction}),
                domain=domain.name,
                skill=str(parameters["skill"]),
                level=level,
                parameters=parameters,
                instruction=instruction,
                worded_by="program",
                grounding=grounding,
            )
            items.append((task, domain))
            found += 1
    return items


async def examine(
    number: int, parent: Solver, student: Solver, items: list[tuple[Task, Domain]], rules: ExamRules
) -> tuple[Exam, list[ExamItem]]:
    """Hold a round's exam.

    Raises:
        EndpointError: a policy cannot be asked.
    """
    started = time.monotonic()
    episode = f"exam-r{number:04}"
    before, after = await asyncio.gather(parent.examine(episode, 1, items), student.examine(episode, 2, items))
    answered = [
        ExamItem(
            task=task, parent=one.response, student=two.response, parent_passed=one.passed, student_passed=two.passed
        )
        for (task, _), one, two in zip(items, before, after, strict=True)
    ]
    return judge(number, parent.policy, student.policy, answered, rules, time.monotonic() - started), answered


def judge(number: int, parent: str, student: str, items: list[ExamItem], rules: ExamRules, seconds: float) -> Exam:
    """The exam's outcome from its items; pure."""
    wins = sum(item.student_passed and not item.parent_passed for item in items)
    losses = sum(item.parent_passed and not item.student_passed for item in items)
    right = sum(item.parent_passed for item in items), sum(item.student_passed for item in items)
    alpha = spend(rules.alpha, number)
    domains = by_domain(items, rules.alpha)
    promoted, why = promote(wins, losses, alpha, domains)
    skills: dict[str, tuple[int, int]] = {}
    for item in items:
        name = f"{item.task.domain}/{item.task.skill}"
        seen, good = skills.get(name, (0, 0))
        better = item.student_passed if promoted else item.parent_passed
        skills[name] = (seen + 1, good + better)
    return Exam(
        id=content_id("exam", [number, parent, student]),
        round=number,
        parent=parent,
        student=student,
        items=len(items),
        parent_right=right[0],
        student_right=right[1],
        wins=wins,
        losses=losses,
        p_value=sign_test(wins, losses),
        alpha=alpha,
        parent_interval=wilson(right[0], len(items)),
        student_interval=wilson(right[1], len(items)),
        domains=domains,
        skills=skills,
        promoted=promoted,
        why=why,
        seconds=seconds,
    )
