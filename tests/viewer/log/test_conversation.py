"""Turns in the order they were kept, and what programs found between them."""

from typing import Any

from noria.types import Stage
from noria.viewer.log.conversation import conversation
from tests import build


def steps(*turns: tuple[str, str, int], **changes: Any) -> list[str]:
    made = [build.turn(role=role, draft=draft, template=f"{name}@1") for role, name, draft in turns]
    found = conversation(made, build.episode(**changes) if changes else None)
    return [step.turn.template.split("@")[0] if step.turn else step.kind for step in found]


def test_what_a_program_found_stands_after_the_turn_it_was_found_of() -> None:
    first = build.task(id="task-1")
    second = first.model_copy(update={"id": "task-2", "draft": 2})
    tried = [build.attempt().model_copy(update={"task": one.id}) for one in (first, second)]
    checks = [build.check(name=name) for name in ("form", "novelty", "back_translation", "hygiene")]
    first_draft = ("generator", "explain", "entails", "solver", "prefer", "critic", "adversary", "judge")
    seats = {"explain": "generator", "entails": "judge", "prefer": "judge", "reword": "generator"}
    said = [(seats.get(name, name), name, 1) for name in first_draft]
    said += [(seats.get(name, name), name, 2) for name in ("reword", "solver", "critic")]
    found = steps(
        *said, drafts=(first, second), attempts=tuple(tried), critiques=(build.critique(True), build.critique()),
        attacks=(build.attack(),), verdicts=(build.verdict(),), checks=tuple(checks), stage=Stage.SOLVABLE,
    )  # fmt: skip
    assert found == [
        "generator", "draft", "explain", "entails", "solver", "prefer", "attempts", "critic", "critique", "adversary",
        "attack", "judge", "verdict", "reword", "checks", "draft", "checks", "solver", "attempts", "critic", "critique",
        "checks", "end",
    ]  # fmt: skip


def test_an_episode_that_ended_before_a_draft_has_its_checks() -> None:
    found = steps(("generator", "generator", 1), checks=(build.check(), build.check(False, "novelty")))
    assert found == ["generator", "checks", "end"]


def test_what_is_no_episode_has_its_turns_as_they_were_kept() -> None:
    assert steps(("judge", "judge", 2), ("judge", "prefer", 1), ("solver", "solver", 1)) == [
        "judge",
        "prefer",
        "solver",
    ]


def test_turns_are_numbered_from_where_the_page_begins() -> None:
    found = conversation([build.turn(), build.turn(number=2)], None, first=101)
    assert [step.number for step in found] == [101, 102]
