"""Growing exams: which levels of a domain are open, and which are retired, before each round.

    exam of the last round, by level ─┐
    solve rates, where none was held ─┴─► right at the top open level ≥ promote ─► the next one opens
                                          right ≥ retire, `times` rounds in a row ─► dealt no more, a slice examined

After Benchmark Self-Evolving (arXiv 2402.11443), whose instances grow with the models they measure.
The state is decided with the plan, from earlier rounds alone, and stands among the facts of
the round (`leans`): when its exam is drawn nothing is left to decide, so parent and student
are compared on levels that neither of them chose.
"""

from collections.abc import Mapping
from typing import NamedTuple

from noria.config.methods.feedback import GrowingExam
from noria.graphs.context import Context
from noria.graphs.leaning.leans import leant
from noria.memory.history import History
from noria.types import Json, Lean

METHOD = "growing_exam"


class Standing(NamedTuple):
    """The levels of one domain."""

    open: tuple[int, ...]
    """Dealt and examined."""
    retired: tuple[int, ...] = ()
    """Dealt no more; a slice of the exam asks them."""
    solved: Mapping[str, int] = {}
    """For how many rounds in a row a level was always solved."""


async def lean(context: Context, number: int, rules: GrowingExam) -> Lean:
    """The levels of a round, as factors on the deal."""
    found, why = decided(context, number, rules)
    closed = {
        f"{name}/{level}": 0.0
        for name, levels in context.config.domains.items() for level in levels if level not in found[name].open
    }  # fmt: skip
    if why:
        context.tell("steered", {"said": f"growing exam, round {number}: {'; '.join(why)}"})
    facts = {
        name: {"open": one.open, "retired": one.retired, "solved": dict(one.solved)} for name, one in found.items()
    }
    return Lean(method=METHOD, levels=closed, why="; ".join(why) or "no level changes", facts=facts)


def decided(context: Context, number: int, rules: GrowingExam) -> tuple[dict[str, Standing], list[str]]:
    """The levels of a round: those of the round before, grown by what its exam found; and what changed, in words."""
    before, found, why = standing(context.history, number - 1), dict[str, Standing](), list[str]()
    for name, levels in context.config.domains.items():
        own = before.get(name)
        if own is None or not {*own.open, *own.retired} <= {*levels}:
            found[name] = Standing((min(levels),))
            continue
        right = results(context.history, number - 1, name)
        found[name], said = grown(own, tuple(sorted(levels)), right, rules)
        why += [f"{name}: {one}" for one in said]
    return found, why


def grown(
    own: Standing, levels: tuple[int, ...], right: Mapping[int, tuple[int, float]], rules: GrowingExam
) -> tuple[Standing, list[str]]:
    """A domain's levels after a round, from what was right of what was asked at each; and what changed, in words."""
    said: list[str] = []
    shares = {level: good / asked for level, (asked, good) in right.items() if asked >= rules.least}
    solved = {
        str(level): own.solved.get(str(level), 0) + 1 if shares[level] >= rules.retire else 0
        for level in own.open if level in shares
    }  # fmt: skip
    solved = {**own.solved, **solved}
    opened, top = list(own.open), max(own.open)
    higher = next((level for level in levels if level > top), None)
    if higher is not None and shares.get(top, 0.0) >= rules.promote:
        opened.append(higher)
        said.append(f"level {higher} opens, {shares[top]:.0%} right at level {top}")
    retired = list(own.retired)
    for level in own.open:
        if solved.get(str(level), 0) >= rules.times and len(opened) > 1:
            opened.remove(level)
            retired.append(level)
            said.append(f"level {level} is retired, always solved for {solved[str(level)]} rounds")
    return Standing(tuple(opened), tuple(sorted(retired)), solved), said


def standing(history: History, number: int) -> dict[str, Standing]:
    """The levels of each domain in a round, or in the last before it that decided them."""
    found = leant(history, number, METHOD)
    return {name: _read(facts) for name, facts in found.facts.items()} if found else {}


def results(history: History, number: int, domain: str) -> dict[int, tuple[int, float]]:
    """Asked and right at each level of a domain, by who held the seat after the exam; in play where none was held."""
    exam, found = history.exam(number), dict[int, tuple[int, float]]()
    if exam is not None:
        answers = [
            (one.task.level, one.student_passed if exam.promoted else one.parent_passed)
            for one in history.exam_items(number) if one.task.domain == domain and not one.frozen and not one.again
        ]  # fmt: skip
        for level, good in answers:
            asked, right = found.get(level, (0, 0))
            found[level] = asked + 1, right + good
        return found
    tried = [one for one in history.episodes(number) if one.domain == domain and one.solve_rate is not None]
    for level in {one.level for one in tried}:
        rates = [one.solve_rate or 0.0 for one in tried if one.level == level]
        found[level] = len(rates), sum(rates)
    return found


def _read(facts: Json) -> Standing:
    return Standing(tuple(facts["open"]), tuple(facts["retired"]), facts["solved"])


Part = tuple[dict[str, tuple[int, ...]], dict[str, int], str]
"""Levels of each domain to draw items of, how many, and the name of the draw."""


def examined(context: Context, number: int, levels: Mapping[str, tuple[int, ...]], count: int, name: str) -> list[Part]:
    """The parts of a round's exam: its open levels, and a slice of those that are retired.

    A small level may have too few items that no exam asked; what is lacking then is drawn of the lowest closed one.
    """
    rules, own = context.config.methods.growing_exam, standing(context.history, number)
    assert rules is not None
    opened = {one: tuple(at for at in some if one not in own or at in own[one].open) for one, some in levels.items()}
    gone = {one: tuple(at for at in some if one in own and at in own[one].retired) for one, some in levels.items()}
    kept = {one: max(1, round(rules.kept * count)) if some and rules.kept else 0 for one, some in gone.items()}
    left = {one: tuple(at for at in some if at not in opened[one] + gone[one])[:1] for one, some in levels.items()}
    return [
        ({one: some for one, some in opened.items() if some}, {one: count - kept[one] for one in opened}, name),
        ({one: some for one, some in gone.items() if kept[one]}, kept, f"{name}/retired"),
        ({one: some for one, some in left.items() if some}, dict.fromkeys(left, count), f"{name}/lacking"),
    ]
