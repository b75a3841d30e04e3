"""Stepping back: the pointer goes to an ancestor, says why, and every seat follows at once."""

from pathlib import Path
from typing import Any

from noria.graphs.learning import promote
from noria.graphs.opening import Watch, opened
from noria.graphs.run import run
from noria.graphs.stepping import settle_fleet, step_back
from noria.inference.client import Request
from noria.inference.puppet import Puppet
from noria.memory.moves import ancestors, before, moves, withdrawn
from tests import build

TWO = {"stop": {"rounds": 1}, "play": {"episodes": 20, "batch": 8, "attempts": 2}, "exam": {"items": 40}}


def learned(request: Request) -> Any:
    return Puppet(skill=1.0 if request.model.startswith("student") else 0.1)(request)


async def test_a_step_back_moves_the_pointer_once_and_says_why(tmp_path: Path) -> None:
    settings = build.config(tmp_path, **TWO)
    await run(settings, build.means(settings, learned))
    async with opened(settings, build.means(settings, learned), Watch()) as context:
        student, base = context.pointer("student"), context.pointer("base")
        assert before(context.history, student.id) == base.id
        assert ancestors(context.history, student.id) == [base.id]
        assert context.desk.sits(student.id) == student.id
        found = await step_back(context, 1, "it got worse")
        again = await step_back(context, 1, "it got worse")
        assert found == again == base
        assert context.pointer("student") == base
        assert context.desk.sits(student.id) == base.id
        assert withdrawn(context.history) == {student.id}
        assert [(one.cause, one.before, one.after) for one in moves(context.history)] == [
            ("promote", base.id, student.id),
            ("guard", student.id, base.id),
        ]
        assert context.fleet.is_up(student.id)
        await settle_fleet(context)
        assert not context.fleet.is_up(student.id)
        assert context.fleet.is_up(base.id)
        assert await step_back(context, 2, "once more") is None
    async with opened(settings, build.means(settings, learned), Watch()) as context:
        assert context.pointer("student") == base
        assert context.desk.sits(student.id) == base.id


async def test_a_policy_that_is_no_ancestor_is_not_stepped_back_to(tmp_path: Path) -> None:
    settings = build.config(tmp_path, **TWO)
    await run(settings, build.means(settings, learned))
    async with opened(settings, build.means(settings, learned), Watch()) as context:
        await context.history.keep_policy(build.policy("stranger"))
        assert await step_back(context, 1, "why not", build.policy("stranger")) is None
        assert await step_back(context, 1, "why not", context.pointer("student")) is None
        assert len(moves(context.history)) == 1


async def test_a_student_examined_against_a_policy_that_was_stepped_back_from_meanwhile_is_kept_out(
    tmp_path: Path,
) -> None:
    settings = build.config(tmp_path, **TWO)
    await run(settings, build.means(settings, learned))
    async with opened(settings, build.means(settings, learned), Watch()) as context:
        base, parent = context.pointer("base"), context.pointer("student")
        student = build.policy("student-r0002", round=2, student=True, parents=(base.id,))
        await context.history.keep_policy(student)
        (exam,) = context.history.exams()
        second = exam.model_copy(update={"id": "exam-2", "round": 2, "parent": parent.id, "student": student.id})
        await context.history.keep_exam(second, [])
        assert await step_back(context, 2, "asked", cause="rollback") == base
        assert not await promote(context, 2, student.id)
        assert context.pointer("student") == base
        assert not context.fleet.is_up(student.id)
        assert [one.cause for one in moves(context.history)] == ["promote", "rollback"]
