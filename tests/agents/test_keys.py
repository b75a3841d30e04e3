"""Which finished call answers which question."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from noria.agents.base import Desk
from noria.agents.judge import Judge
from noria.agents.student import Solver
from noria.evaluators.domain import Domain
from noria.inference.client import Request
from noria.inference.scripted import ScriptedClient
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.prompts import Templates
from noria.types import Task
from tests import build

ARITHMETIC = build.SHIPPED["arithmetic"].at(1)


class Asked:
    """Answers 3, or accepts, and remembers who was asked."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> list[str]:
        self.requests.append(request)
        return [request.choices[0] if request.choices else "3"] * request.n


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def desk(tmp_path: Path, asked: Asked) -> Iterator[Desk]:
    ledger = Ledger(tmp_path, write=True)
    yield Desk(ScriptedClient(asked), History(ledger), Templates(), lambda policy: policy, build.RUNNER)
    ledger.close()


def items(*instructions: str) -> list[tuple[Task, Domain]]:
    return [(build.task(one), ARITHMETIC) for one in instructions]


def test_a_resumed_exam_pays_for_no_answer_twice(desk: Desk, asked: Asked) -> None:
    exam = items("What is 1 + 2?", "How much is 2 + 1?")
    for _ in range(2):
        assert [one.response for one, _ in asyncio.run(Solver(desk, "student").examine("exam-r0001", 2, exam))] == [
            "3",
            "3",
        ]
    assert len(asked.requests) == 2


def test_an_answer_of_another_student_or_to_another_item_is_not_taken_for_this_ones(desk: Desk, asked: Asked) -> None:
    first, other = items("What is 1 + 2?"), items("What is 2 + 1?")
    for student, exam in (("one", first), ("two", first), ("two", other)):
        for _ in range(2):
            asyncio.run(Solver(desk, student).examine("exam-r0001", 2, exam))
    assert [(one.policy, one.messages[-1].content) for one in asked.requests] == [
        ("one", "What is 1 + 2?"),
        ("two", "What is 1 + 2?"),
        ("two", "What is 2 + 1?"),
    ]
    turns = desk.history.trace("exam-r0001")
    assert len({str(turn.key) for turn in turns}) == 3
    assert [turn.policy for turn in turns] == ["one", "two", "two"]


def test_a_calibration_is_of_the_judge_that_holds_the_seat(desk: Desk, asked: Asked) -> None:
    def calibrate(judge: str) -> None:
        asyncio.run(Judge(desk, judge).calibrate("calibration-r0001", [ARITHMETIC], [1], 2))

    calibrate("one")
    once = len(asked.requests)
    calibrate("one")
    assert len(asked.requests) == once
    calibrate("two")
    assert [one.policy for one in asked.requests[once:]] == ["two"] * once
    calibrate("two")
    assert len(asked.requests) == 2 * once
    keys = [str(turn.key) for turn in desk.history.trace("calibration-r0001")]
    assert len(keys) == len(set(keys)) == 2 * once


def test_in_a_committed_deal_the_key_says_what_is_asked(desk: Desk, asked: Asked) -> None:
    for instruction in ("What is 1 + 2?", "What is 1 plus 2?"):
        solver: Solver = Solver.seated(desk, build.dealt())
        task = build.task(instruction)
        asyncio.run(solver.attempt(build.dealt(), ARITHMETIC, task, count=1, temperature=0.0, source="student"))
    assert len(asked.requests) == 1


def test_what_ends_a_reply_is_said_by_its_template_and_all_attempts_are_one_request(desk: Desk, asked: Asked) -> None:
    text = desk.templates["solver"].text.replace("output:", 'stop: ["\\n\\n"]\noutput:', 1)
    desk.templates = desk.templates.using({"solver": text})
    hand, (task, domain) = build.dealt(), items("What is 1 + 2?")[0]
    made = asyncio.run(
        Solver.seated(desk, hand).attempt(hand, domain, task, count=4, temperature=0.9, source="student")
    )
    assert len(made) == 4
    (request,) = asked.requests
    assert (request.n, request.stop) == (4, ("\n\n",))


@pytest.mark.parametrize(
    ("task", "band", "sizes"),
    [
        (build.task(), (0.0, 0.5), [3]),  # three right of four are above, whatever the fourth is
        (build.task(answer=4), (0.5, 1.0), [3]),  # three wrong are below
        (build.task(), (0.5, 1.0), [3, 1]),
        (build.task(), (0.0, 1.0), [4]),
    ],
)
def test_a_task_is_attempted_no_further_once_its_solve_rate_must_fall_outside_of_the_band(
    desk: Desk, asked: Asked, task: Task, band: tuple[float, float], sizes: list[int]
) -> None:
    hand = build.dealt()
    solver = Solver.seated(desk, hand)
    for _ in range(2):  # a resumed episode finds what was asked, and asks no more
        made = asyncio.run(
            solver.attempt(hand, ARITHMETIC, task, count=4, temperature=0.9, source="student", band=band)
        )
        assert len(made) == sum(sizes)
        assert [request.n for request in asked.requests] == sizes
