"""The arms of a study inside a session: controls that verify nothing, and parts put aside."""

from pathlib import Path
from typing import Any

import pytest

from noria.config import SessionConfig, parse
from noria.errors import ConfigError
from noria.graphs.run import run
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.moves import moves
from noria.types import Reason
from tests import build
from tests.cli.shell import noria, right

QUICK: dict[str, Any] = {
    "play": {"episodes": 16, "attempts": 4, "targets": "verified"}, "verifiers": {"planted": 0},
    "train": {"min_rows": 1, "generator_rows": 0.0, "replay": 1000.0}, "roles": {"items": 0}, "guards": False,
    "exam": {"items": 8, "frozen": 2, "prose": 0, "probation": 0}, "stop": {"rounds": 2},
}  # fmt: skip


async def played(folder: Path, **arm: Any) -> tuple[SessionConfig, History]:
    rules = build.config(folder, **QUICK, arm=arm)
    await run(rules, build.means(rules))
    return rules, History(Ledger(rules.session))


async def test_a_control_learns_answers_whatever_they_are_worth(tmp_path: Path) -> None:
    rules, history = await played(tmp_path, accept="random", without=["gate"], rows=[3, 4])
    samples = [one for one in history.samples() if one.role == "solver"]
    assert {one.provenance.warrant for one in samples} == {"unverified"}
    assert history.warrants() == {"verified": 0, "judged": 0, "unverified": len(samples)}
    accepted = [one for one in history.episodes() if one.outcome == "accepted"]
    assert {one.reason for one in accepted} == {Reason.TAKEN}
    assert all(not one.critiques and not one.attacks and not one.verdicts for one in accepted)
    passed = [made.passed for one in accepted for made in one.attempts if made.response == _learned(one, samples)]
    assert not all(passed)
    assert any(passed)
    assert {role for role, *_ in history.seats()} == {"generator", "solver", "judge"}  # the judge in its calibration
    rounds = [facts["curated"] for _, _, facts in history.rounds()]
    assert [one["new"] for one in rounds] == [3, 4]
    assert rounds[1]["replay"] == 3  # what was left out of an earlier round stays out
    history.ledger.close()
    assert "unverified: a control's" in right("status", rules.session)
    done = noria("export", rules.session, "--to", tmp_path / "out")
    assert done.returncode == 2
    assert "unverified" in done.stdout + done.stderr


def _learned(episode: Any, samples: Any) -> str:
    found = [one for one in samples if one.id == episode.sample]
    return str(found[0].messages[-1].content) if found else ""


async def test_a_control_of_form_takes_only_what_has_the_form(tmp_path: Path) -> None:
    _, history = await played(tmp_path, accept="well_formed", without=["gate"])
    domain = build.SHIPPED["arithmetic"]
    tasks = {task.id: task for one in history.episodes() for task in one.drafts}
    samples = [one for one in history.samples() if one.role == "solver"]
    assert samples
    for one in samples:
        assert domain.formed(tasks[one.provenance.task].grounding, one.messages[-1].content)
    unsolved = [one for one in history.episodes() if one.reason is Reason.UNSOLVED]
    assert all("has the form of an answer" in one.evidence for one in unsolved)
    history.ledger.close()


async def test_without_a_gate_every_student_plays_and_nobody_is_examined(tmp_path: Path) -> None:
    rules, history = await played(tmp_path, without=["gate"])
    assert history.exams() == []
    assert [facts.get("promoted") for _, _, facts in history.rounds()] == ["student-r0001", "student-r0002"]
    first, second = moves(history)
    assert first.after == second.before
    assert "the gate is put aside" in second.why
    student = history.pointer("student")
    assert student is not None
    assert student.name == "student-r0002"
    story = history.policy("student-r0001")
    history.ledger.close()
    assert story is not None
    assert "was never examined" in right("why", rules.session, story.name)


async def test_seats_that_are_put_aside_are_asked_nothing(tmp_path: Path) -> None:
    _, history = await played(tmp_path, without=["critic", "adversary"])
    assert not {"critic", "adversary"} & {role for role, *_ in history.seats()}
    accepted = [one for one in history.episodes() if one.outcome == "accepted"]
    assert accepted
    assert all(not one.critiques[-1].faults and not one.attacks[-1].probes for one in accepted)
    assert len(history.exams()) == 2
    history.ledger.close()


async def test_without_memory_nothing_is_shown_and_without_curriculum_all_is_dealt_evenly(tmp_path: Path) -> None:
    _, history = await played(tmp_path / "one", without=["memory", "curriculum"])
    second = history.deal(2)
    assert all(not one.shown and not one.weak for one in second)
    levels = [one.level for one in history.deal(1)] + [one.level for one in second]
    assert 8 <= levels.count(1) <= 24
    history.ledger.close()
    _, whole = await played(tmp_path / "two")
    assert any(one.shown for one in whole.deal(2))
    whole.ledger.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"arm": {"accept": "random"}, "play": {"targets": "verified"}},
        {"arm": {"accept": "random", "without": ["gate"]}},
        {"arm": {"accept": "random", "without": ["gate"]}, "play": {"targets": "verified"}, "methods": {"form": True}},
    ],
)
def test_a_control_that_is_told_what_is_right_elsewhere_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"knows no right answer"):
        parse(changes, place="here", folder=tmp_path)
