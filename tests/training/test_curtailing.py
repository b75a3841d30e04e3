"""An exam stops early only where nothing that was left could have changed its verdict."""

import asyncio
from collections.abc import Sequence
from random import Random

import pytest

from noria.agents.student import Solver
from noria.config import ExamRules
from noria.evaluators.domain import Domain
from noria.evaluators.gate import sign_test, spend
from noria.training.curtailing import PARTS, ask, lost, parts
from noria.training.examine import draw, judge
from noria.types import Attempt, ExamItem, Task
from tests import build

ITEMS = draw(
    {name: build.SHIPPED[name] for name in ("arithmetic", "text_ops")},
    {"arithmetic": (2, 3), "text_ops": (1,)}, 20, "curtail", used=set(),
)  # fmt: skip


class Knows(Solver):
    """One that is right on the items of some places; remembers what it was asked."""

    def __init__(self, right: set[int], fails: bool = False) -> None:
        self.right, self.fails = right, fails
        self.asked: list[int] = []

    async def examine(
        self, episode: str, draft: int, tasks: list[tuple[Task, Domain]], numbers: Sequence[int] = ()
    ) -> list[tuple[Attempt, bool]]:
        self.asked += numbers
        await asyncio.sleep(0)
        if self.fails:
            raise RuntimeError("it is gone")
        return [(build.attempt(number - 1 in self.right), False) for number in numbers]


def test_the_parts_hold_every_item_once_and_each_its_share_of_every_domain() -> None:
    found = parts(ITEMS)
    assert len(found) == PARTS
    assert sorted(at for part in found for at in part) == list(range(len(ITEMS)))
    for part in found:
        names = [ITEMS[at][0].domain for at in part]
        assert abs(names.count("arithmetic") - names.count("text_ops")) <= 1


@pytest.mark.parametrize("alpha", [0.03, 0.2])
def test_lost_is_what_no_answer_could_win(alpha: float) -> None:
    for wins in range(5):
        for losses in range(5):
            for left in range(6):
                ends = [(w, lo) for w in range(left + 1) for lo in range(left + 1 - w)]
                winnable = any(sign_test(wins + w, losses + lo) < alpha for w, lo in ends)
                assert lost(wins, losses, left, alpha) == (not winnable)


@pytest.mark.parametrize("seed", range(12))
async def test_the_verdict_is_the_whole_exams(seed: int) -> None:
    rng, rules = Random(seed), ExamRules(prose=0, frozen=0)
    gain, kept = rng.choice((0.0, 0.2, 0.6)), rng.choice((0.2, 0.7, 1.0))
    before = {at for at in range(len(ITEMS)) if rng.random() < 0.5}
    after = {at for at in range(len(ITEMS)) if rng.random() < (kept if at in before else gain)}
    parent, student, rested = Knows(before), Knows(after), list[int]()

    async def rest() -> str:
        rested.append(1)
        return "asked"

    known, found = await ask(parent, student, "exam-r0001", ITEMS, spend(rules.alpha, 1), rest)

    def verdict(places: Sequence[int]) -> bool:
        items = [
            ExamItem(
                task=ITEMS[at][0], parent="", student="", parent_passed=at in before, student_passed=at in after
            )
            for at in places
        ]  # fmt: skip
        return judge(1, "p", "s", items, rules, 1.0).promoted

    assert verdict(sorted(known)) == verdict(range(len(ITEMS)))
    assert sorted(parent.asked) == sorted(student.asked) == [at + 1 for at in sorted(known)]
    assert (found == "asked") == bool(rested)
    assert len(known) == len(ITEMS) or found is None


async def test_a_student_that_forgot_everything_is_not_asked_everything() -> None:
    parent, student = Knows(set(range(len(ITEMS)))), Knows(set())

    async def rest() -> None:
        raise AssertionError("the frozen items are asked of whom the gate keeps out already")

    known, found = await ask(parent, student, "exam-r0001", ITEMS, spend(0.05, 1), rest)
    # Two of five parts are lost: 16 against the 24 that are left. The third is asked by then.
    assert (len(known), found) == (3 * len(ITEMS) // PARTS, None)


async def test_a_policy_that_cannot_be_asked_ends_the_exam_and_leaves_nothing_running() -> None:
    async def rest() -> None:
        return

    with pytest.raises(RuntimeError, match="it is gone"):
        await ask(Knows(set()), Knows(set(), fails=True), "exam-r0001", ITEMS, 0.03, rest)
    assert [one for one in asyncio.all_tasks() if one is not asyncio.current_task()] == []
