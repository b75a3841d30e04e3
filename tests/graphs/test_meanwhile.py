"""While a student trains its parent may answer the exam: the same exam, with half of it asked before it begins."""

from pathlib import Path
from typing import Any

import pytest

from noria.graphs.run import run
from tests.graphs.steered import Trained, reading, settings, slowly

EXAM: dict[str, Any] = {"exam": {"items": 40, "frozen": 5, "prose": 0}}


def exams(rules: Any) -> Any:
    with reading(rules) as history:
        told = [one.model_dump(exclude={"seconds"}) for one in history.exams()]
        return told, history.exam_items(1), len(list(history.trace("exam-r0001")))


@pytest.mark.parametrize("fails", [False, True])
async def test_the_parent_answers_while_the_student_trains_and_the_exam_is_the_same(
    tmp_path: Path, fails: bool
) -> None:
    early = settings(tmp_path / "1", **EXAM | {"exam": EXAM["exam"] | {"meanwhile": True}})
    late = settings(tmp_path / "2", **EXAM)
    one, two = Trained(fails), Trained()
    await run(early, slowly(early, one))
    await run(late, slowly(late, two))
    assert {request.model for request in one.meanwhile} == {"base"}
    assert not two.meanwhile, "the servers rest"
    assert exams(early) == exams(late)
    if not fails:
        assert len(one.meanwhile) > 40
        assert len(one.requests) == len(two.requests), "nothing is asked twice"
