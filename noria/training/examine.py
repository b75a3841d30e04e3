"""Examine: parent and student answer the same items, and exact arithmetic decides.

    fresh    from the bucket that only exams may use, never asked in two exams of a session
    frozen   from another bucket, the same for every student of the session
    prose    the package's passages of general text, which are only read

Items are worded by program. Both answer greedily, through the prompt they play with. What the
parent answered to the frozen items, and how the base read, is in the ledger since an earlier
exam, but for the first. Everything is asked side by side, for a server answers many at once.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from noria.agents.reading import read
from noria.agents.student import Solver
from noria.config import ExamRules
from noria.evaluators import promotion
from noria.evaluators.domain import Domain
from noria.evaluators.gate import sign_test, spend, wilson
from noria.evaluators.probation import stays
from noria.identity import content_id, stream
from noria.training import curtailing
from noria.types import Attempt, Bucket, Exam, ExamItem, Prose, Task, Trial

Items = list[tuple[Task, Domain]]
Again = list[tuple[tuple[Task, Domain], str]]
"""Items that are asked anew, each with the task that was missed."""
Answered = tuple[Attempt, bool]
"""An attempt, and whether it was cut."""

_Rest = tuple[list[Answered], list[Answered], Prose | None, tuple[list[Answered], list[Answered]]]
"""What parent and student answer to the frozen items, what is read, and what both answer to items asked anew."""

TRIES = 4000
"""Draws a domain gets to find its items; small domains may hold fewer."""


def draw(
    domains: dict[str, Domain], levels: dict[str, tuple[int, ...]], count: int, name: str,
    *, used: set[str], where: Bucket = "gate", taught: Callable[[str], bool] = lambda solution: False,
) -> Items:  # fmt: skip
    """Up to `count` fresh items of each domain, spread over its levels; `used` holds tasks' parameter ids to avoid.

    Parameters of two buckets may have one solution (1 + 6 and 6 + 1): `taught` tells of a solution's id whether
    a sample teaches it.
    """
    items: Items = []
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
            if domain.bucket(point) != where or key in used:
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


@dataclass(frozen=True)
class Known:
    """What an earlier exam of the session asked already."""

    frozen: Mapping[str, ExamItem] = field(default_factory=dict)
    """The parent's answers to frozen items, in the fields of a student, by task."""
    prose: tuple[float, ...] = ()
    """How the base reads."""


async def examine(
    number: int, parent: Solver, student: Solver, items: Items, rules: ExamRules,
    *, frozen: Items | None = None, known: Known | None = None, base: str = "", again: Again | None = None,
) -> tuple[Exam, list[ExamItem]]:  # fmt: skip
    """Hold a round's exam; `base` is the policy whose reading the student's is held against (the parent, if empty).

    `again` are items that were missed before, asked anew: reported, and no part of the comparison, for they
    were chosen by what one of the two got wrong.

    Raises:
        EndpointError: a policy cannot be asked.
    """
    started = time.monotonic()
    frozen, known, again = frozen or [], known or Known(), again or []
    exam, kept, anew = f"exam-r{number:04}", f"frozen-r{number:04}", f"again-r{number:04}"
    missed = [item for item, _ in again]
    unknown, whole, audit = [one for one in frozen if one[0].id not in known.frozen], len(items), frozen

    async def rest() -> _Rest:
        return await asyncio.gather(
            parent.examine(kept, 1, unknown),
            student.examine(kept, 2, audit),
            _prose(number, student, base or parent.policy, rules, known.prose),
            _both(parent, student, anew, missed),
        )

    found: _Rest | None
    if rules.curtail and items:
        alpha = spend(rules.alpha, number)
        answers, found = await curtailing.ask(parent, student, exam, items, alpha, rest)
        items = [items[at] for at in sorted(answers)]
        before, after = ([answers[at][side] for at in sorted(answers)] for side in (0, 1))
        if found is None:
            frozen, unknown, again = [], [], []
    else:
        (before, after), found = await asyncio.gather(_both(parent, student, exam, items), rest())
    old, new, text, (once, twice) = found or ([], [], None, ([], []))
    told = dict(zip((task.id for task, _ in unknown), old, strict=True))
    answered = [
        _item(task, one, two, right_length=right_length(task, domain))
        for (task, domain), one, two in zip(items, before, after, strict=True)
    ]
    for (task, _), two in zip(frozen, new, strict=True):
        if task.id in told:
            answered.append(_item(task, told[task.id], two, frozen=True))
        else:
            had, mark = known.frozen[task.id], _item(task, two, two, frozen=True)
            answered.append(
                mark.model_copy(
                    update={"parent": had.student, "parent_passed": had.student_passed, "parent_cut": had.student_cut}
                )
            )
    for ((task, _), of), one, two in zip(again, once, twice, strict=True):
        answered.append(_item(task, one, two).model_copy(update={"again": of}))
    seconds, left = time.monotonic() - started, whole - len(items)
    return judge(number, parent.policy, student.policy, answered, rules, seconds, text, unasked=left), answered


async def _both(parent: Solver, student: Solver, place: str, items: Items) -> tuple[list[Answered], list[Answered]]:
    """What both answer to some items."""
    one, two = await asyncio.gather(parent.examine(place, 1, items), student.examine(place, 2, items))
    return one, two


async def _prose(number: int, student: Solver, base: str, rules: ExamRules, known: tuple[float, ...]) -> Prose | None:
    """How base and student read general text; none where it is not wanted or an endpoint cannot tell."""
    if not rules.prose:
        return None
    place = f"prose-r{number:04}"
    before = known or await read(student.desk, base, place, 1)
    after = await read(student.desk, student.policy, place, 2) if before else None
    return promotion.prose(before, after, rules.prose, rules.alpha) if before and after else None


def _item(task: Task, parent: Answered, student: Answered, *, frozen: bool = False, right_length: int = 0) -> ExamItem:
    (one, cut), (two, cut_too) = parent, student
    return ExamItem(
        task=task,
        parent=one.response,
        student=two.response,
        parent_passed=one.passed,
        student_passed=two.passed,
        frozen=frozen,
        parent_cut=cut,
        student_cut=cut_too,
        right_length=right_length,
    )


def right_length(task: Task, domain: Domain) -> int:
    """Characters of a right answer as the program writes it; 0 where it cannot."""
    try:
        return len(domain.truth(domain.point(task.parameters), stream("right", task.id)))
    except Exception:  # a domain of one's own may raise anything, and the exam goes on
        return 0


def judge(
    number: int,
    parent: str,
    student: str,
    items: list[ExamItem],
    rules: ExamRules,
    seconds: float,
    text: Prose | None = None,
    *,
    unasked: int = 0,
) -> Exam:
    """The exam's outcome from its items and what was read; pure. `unasked`: how many more there would have been."""
    fresh = [item for item in items if not item.frozen and not item.again]
    kept = [item for item in items if item.frozen]
    wins, losses = promotion.discordant(fresh)
    right = sum(item.parent_passed for item in fresh), sum(item.student_passed for item in fresh)
    alpha = spend(rules.alpha, number)
    domains = promotion.by_domain(fresh, rules.alpha)
    lost = promotion.frozen(kept, rules.margin, rules.alpha)
    shape = promotion.form(fresh, rules.alpha) if len(fresh) > 1 else None
    demands = promotion.demands(wins, losses, alpha, domains, lost, text, shape, alpha=rules.alpha)
    promoted, why = promotion.promote(demands)
    if unasked:
        why += f"; {unasked} of {unasked + len(fresh)} items were not asked any more"
    skills: dict[str, tuple[int, int]] = {}
    for item in fresh:
        name = f"{item.task.domain}/{item.task.skill}"
        seen, good = skills.get(name, (0, 0))
        better = item.student_passed if promoted else item.parent_passed
        skills[name] = (seen + 1, good + better)
    return Exam(
        id=content_id("exam", [number, parent, student]),
        round=number,
        parent=parent,
        student=student,
        items=len(fresh),
        parent_right=right[0],
        student_right=right[1],
        wins=wins,
        losses=losses,
        p_value=sign_test(wins, losses),
        alpha=alpha,
        parent_interval=wilson(right[0], len(fresh)),
        student_interval=wilson(right[1], len(fresh)),
        domains=domains,
        skills=skills,
        promoted=promoted,
        why=why,
        seconds=seconds,
        demands=demands,
        frozen=lost,
        prose=text,
        form=shape,
        power=promotion.seen(wins, losses, len(fresh), rules.gain, alpha),
        recovered=_recovered(items),
        unasked=unasked,
    )


def _recovered(items: list[ExamItem]) -> dict[str, tuple[int, int, int]]:
    """What became of the skills of which items are asked anew: asked, right by the parent, right by the student."""
    found: dict[str, tuple[int, int, int]] = {}
    for item in items:
        if item.again:
            name = f"{item.task.domain}/{item.task.skill}"
            asked, one, two = found.get(name, (0, 0, 0))
            found[name] = asked + 1, one + item.parent_passed, two + item.student_passed
    return found


def paired(task: Task, parent: Answered, response: str, passed: bool) -> ExamItem:
    """An item that the parent answered now, and the student before."""
    one, cut = parent
    return ExamItem(
        task=task, parent=one.response, student=response, parent_passed=one.passed, student_passed=passed,
        parent_cut=cut,
    )  # fmt: skip


def judge_trial(
    number: int,
    policy: str,
    against: str,
    pairs: tuple[int, int],
    first: Sequence[ExamItem],
    second: Sequence[ExamItem],
    rules: ExamRules,
    *,
    spent: float,
    seconds: float,
) -> Trial:
    """What became of a promoted policy, from what it was promoted on and fresh items of a later round; pure.

    `pairs` are the wins and losses it was promoted on, `first` those items where they are known,
    `spent` the level it was promoted at.
    """
    wins, losses = promotion.discordant(second)
    domains = promotion.by_domain([*first, *second], rules.alpha)
    passed, why = True, "no fresh item was left to examine it on"
    if second:
        passed, why = stays(pairs, (wins, losses), domains, spent=spent, alpha=rules.alpha)
    won, lost = pairs[0] + wins, pairs[1] + losses
    return Trial(
        round=number,
        policy=policy,
        against=against,
        items=len(second),
        wins=wins,
        losses=losses,
        p_worse=sign_test(losses, wins),
        pooled_wins=won,
        pooled_losses=lost,
        p_gain=sign_test(won, lost),
        alpha=spent,
        domains=domains,
        passed=passed,
        why=why,
        seconds=seconds,
    )
