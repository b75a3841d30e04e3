"""Promote, probate, roll back, keep out in any order: the pointer rests on nothing refuted, and its moves explain it.

A real ledger, the pretended trainer's policies, and exams whose outcome is drawn.
"""

import asyncio
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from noria.graphs import learning, probation
from noria.graphs.opening import Watch, opened
from noria.graphs.standing import on_probation, trials
from noria.graphs.stepping import step_back
from noria.inference.client import Request
from noria.inference.puppet import Puppet
from noria.memory.moves import ancestors, moves, withdrawn
from noria.training.curate import Curated
from noria.training.examine import judge
from noria.training.rows import Row
from noria.types import ExamItem
from tests import build

PAIRS = {"better": (30, 2), "equal": (5, 5), "worse": (2, 30)}


class Standing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.stack = AsyncExitStack()
        self.skill: dict[str, float] = {}
        self.number = 0
        self.examined = ""
        self.refuted: set[str] = set()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def answers(self, request: Request) -> Any:
        return Puppet(skill=self.skill.get(request.model, 0.5))(request)

    @initialize()
    def begin(self) -> None:
        self.config = build.config(Path(self.folder.name), exam={"items": 20, "frozen": 0, "prose": 0, "probation": 12})
        self.means = build.means(self.config, self.answers)
        self.open()
        self.base = self.context.pointer("base").id

    def open(self) -> None:
        self.context = self.do(self.stack.enter_async_context(opened(self.config, self.means, Watch())))

    @rule(
        outcome=st.sampled_from(["better", "better", "better", "equal", "worse"]),
        skill=st.sampled_from([0.0, 0.5, 1.0]),
        meanwhile=st.integers(0, 3),
        twice=st.booleans(),
    )
    def play_round(self, outcome: str, skill: float, meanwhile: int, twice: bool) -> None:
        """A student of some skill, an exam that came out as it may, by luck or not, and what follows from it.

        Its parent may be stepped back from meanwhile (one time in four); a step run again after a crash does
        nothing more.
        """
        self.train_and_examine(outcome, skill)
        if meanwhile == 0:
            self.go_back("rollback", 0)
        self.promote_or_keep_out(twice)

    def train_and_examine(self, outcome: str, skill: float) -> None:
        self.number += 1
        name = learning.student_name(self.number)
        self.skill[name] = skill
        row = Row(prompt=(), completion=name, source="program", sample=name)  # no two students learn the same
        chosen = Curated(rows=(row,), composition={}, samples=(name,), left={}, unclean={})
        policy = self.do(
            self.context.trainer(name, self.number, self.context.pointer("base"), chosen, lambda step: None)
        )
        self.do(self.context.history.keep_policy(policy))
        parent = self.context.pointer("student")
        wins, losses = PAIRS[outcome]
        items = [self.item(at, False, True) for at in range(wins)]
        items += [self.item(at, True, False) for at in range(wins, wins + losses)]
        exam = judge(self.number, parent.id, policy.id, items, self.config.exam, 0.0)
        self.do(self.context.history.keep_exam(exam, items))
        self.examined = policy.id

    def item(self, at: int, parent: bool, student: bool) -> ExamItem:
        asked, answer = f"What is {self.number} + {at}?", self.number + at
        point = {"skill": "add", "a": self.number, "b": at}
        task = build.task(asked, answer, id=f"task-{self.number}-{at}", parameters=point)
        return ExamItem(task=task, parent="", student="", parent_passed=parent, student_passed=student)

    def promote_or_keep_out(self, twice: bool) -> None:
        exam = next(one for one in self.context.history.exams() if one.round == self.number)
        moved = self.context.pointer("student").id != exam.parent
        for _ in range(1 + twice):
            if exam.promoted:
                took = self.do(learning.promote(self.context, self.number, self.examined))
                assert took == (not moved)
            else:
                self.do(learning.keep_out(self.context, self.number, self.examined))
        self.end_of_round(twice)

    def end_of_round(self, twice: bool) -> None:
        before = len(trials(self.context.history))
        for _ in range(1 + twice):
            self.do(probation.probate(self.context, self.number))
        new = trials(self.context.history)[before:]
        assert len(new) <= 1
        for trial in new:
            assert trial.round > next(m.round for m in moves(self.context.history) if m.after == trial.policy)
            if not trial.passed:
                self.refuted.add(trial.policy)
                if trial.heir and not trial.heir_stays:
                    self.refuted.add(trial.heir)

    @rule(cause=st.sampled_from(["guard", "rollback"]), at=st.integers(0, 3))
    def step_back_between(self, cause: Any, at: int) -> None:
        self.go_back(cause, at)

    def go_back(self, cause: Any, at: int) -> None:
        """A guard or a person steps back, in the middle of a round or between two."""
        student = self.context.pointer("student").id
        line = ancestors(self.context.history, student)
        to = self.context.policy(line[min(at, len(line) - 1)]) if line else None
        key = f"{cause}/{self.number}/{len(moves(self.context.history))}"
        found = self.do(step_back(self.context, self.number, "asked", to, cause=cause, key=key))
        assert (found is None) == (not line)
        if to is not None:
            self.refuted |= {student, *line[: line.index(to.id)]}
            assert self.context.pointer("student").id == to.id

    @rule()
    def close_and_open(self) -> None:
        self.do(self.stack.aclose())
        self.open()

    @invariant()
    def the_pointer_rests_on_no_policy_that_was_refuted(self) -> None:
        if not self.number:
            return
        history, student = self.context.history, self.context.pointer("student").id
        assert student not in self.refuted
        assert withdrawn(history) == self.refuted
        assert self.base not in self.refuted
        assert not set(ancestors(history, student)) & self.refuted
        assert student == self.base or ancestors(history, student)[-1] == self.base
        assert all(self.context.desk.sits(policy) not in self.refuted for policy in self.refuted)
        assert self.context.fleet.is_up(student)

    @invariant()
    def the_moves_explain_the_pointer(self) -> None:
        if not self.number:
            return
        at = self.base
        promoted = {exam.student: exam.parent for exam in self.context.history.exams() if exam.promoted}
        for move in moves(self.context.history):
            assert move.before == at
            assert move.why
            if move.cause == "promote":
                assert promoted[move.after] == move.before
                assert not move.withdrawn
            else:
                assert move.withdrawn
                assert move.after not in move.withdrawn
            at = move.after
        assert at == self.context.pointer("student").id
        waiting = on_probation(self.context.history)
        assert waiting is None or waiting.policy not in self.refuted

    @invariant()
    def nobody_goes_back_to_a_stranger(self) -> None:
        if not self.number:
            return
        student = self.context.pointer("student")
        assert self.do(step_back(self.context, self.number, "asked", student, key="never")) is None
        for policy in self.context.history.policies():
            if policy.id not in ancestors(self.context.history, student.id):
                assert self.do(step_back(self.context, self.number, "asked", policy, key="never")) is None

    def teardown(self) -> None:
        self.do(self.stack.aclose())
        self.loop.close()
        self.folder.cleanup()


Standing.TestCase.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)
TestStanding = Standing.TestCase
