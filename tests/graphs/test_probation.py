"""A whole session: a promoted student is examined once more, and one whose luck ran out steps back."""

from pathlib import Path
from typing import Any

from noria.graphs.opening import Watch
from noria.graphs.run import run
from noria.inference.client import Request
from noria.inference.puppet import Puppet
from noria.inference.scripted import ScriptedClient
from noria.memory.history import History
from noria.memory.ledger import Ledger
from tests import build

TWO = {
    "stop": {"rounds": 2},
    "play": {"episodes": 20, "attempts": 2},
    "exam": {"items": 40, "frozen": 6, "probation": 25},
}


class Luck:
    """Students that solve their sums; where it `runs_out`, only until the first of them is promoted."""

    def __init__(self, runs_out: bool) -> None:
        self.runs_out, self.told, self.skill = runs_out, list[tuple[str, dict[str, Any]]](), 1.0

    def tell(self, event: str, facts: dict[str, Any]) -> None:
        self.told.append((event, facts))
        if event == "promote" and self.runs_out:
            self.skill = 0.0

    def __call__(self, request: Request) -> Any:
        return Puppet(skill=self.skill if request.model.startswith("student") else 0.3)(request)


async def played(folder: Path, luck: Luck, **changes: Any) -> tuple[dict[str, Any], ScriptedClient]:
    settings, client = build.config(folder, **{**TWO, **changes}), ScriptedClient(luck)
    return await run(settings, build.means(settings, client=client), Watch(luck.tell)), client


async def test_a_student_that_is_as_good_a_round_later_stays(tmp_path: Path) -> None:
    found, _ = await played(tmp_path, Luck(False))
    assert found["rounds"][0]["promoted"] == "student-r0001"
    (trial,) = found["probations"]
    assert trial["passed"]
    assert trial["round"] == 2
    assert trial["items"] == 25
    assert trial["asked"] == []  # the items are those of the round's exam
    assert found["on_probation"] is None
    assert [one["name"] for one in found["policies"] if one["current"]] == ["student-r0001"]
    assert "probate" in found["rounds"][1]["stages"]
    assert "probate" not in found["rounds"][0]["stages"]


async def test_a_student_whose_luck_ran_out_steps_back_and_the_summary_says_so(tmp_path: Path) -> None:
    luck = Luck(True)
    found, _ = await played(tmp_path, luck)
    (trial,) = found["probations"]
    assert not trial["passed"]
    assert "worse" in trial["why"]
    assert [(one["cause"], one["round"]) for one in found["moves"]] == [("promote", 1), ("probation", 2)]
    assert [one["name"] for one in found["policies"] if one["current"]] == ["base"]
    told = [event for event, _ in luck.told]
    assert told.index("trial") < told.index("step_back")


async def test_a_session_that_ends_during_a_probation_says_so_and_one_without_probation_does_not(
    tmp_path: Path,
) -> None:
    found, _ = await played(tmp_path / "1", Luck(False), stop={"rounds": 1})
    assert found["on_probation"] == {"policy": "student-r0001", "against": "base", "since": 1}
    exam = {"items": 40, "frozen": 0, "prose": 0, "probation": 0}
    found, _ = await played(tmp_path / "2", Luck(True), exam=exam)
    assert found["probations"] == []
    assert found["on_probation"] is None
    left_out = {one["name"] for one in found["exams"][0]["demands"] if not one["asked"]}
    assert left_out == {"frozen", "prose"}


async def test_frozen_items_and_general_text_are_asked_of_a_policy_once(tmp_path: Path) -> None:
    found, _ = await played(tmp_path, Luck(False))
    first, second = found["exams"]
    assert second["parent"] == first["student"]
    assert second["frozen"]["parent"] == first["frozen"]["student"]
    assert second["prose"]["base"] == first["prose"]["base"]
    ledger = Ledger(build.config(tmp_path).session)
    history = History(ledger)
    frozen = [{item.task.id for item in history.exam_items(number) if item.frozen} for number in (1, 2)]
    turns = [len(history.trace(f"frozen-r{number:04}")) for number in (1, 2)]
    read = [len(history.trace(f"prose-r{number:04}")) for number in (1, 2)]
    ledger.close()
    assert frozen[0] == frozen[1]
    assert len(frozen[0]) == first["frozen"]["items"] > 6
    assert turns == [2 * len(frozen[0]), len(frozen[0])]
    assert read == [24, 12]


async def test_an_endpoint_that_gives_no_logprobs_of_a_prompt_leaves_general_text_out_and_says_so(
    tmp_path: Path,
) -> None:
    settings, luck = build.config(tmp_path, **{**TWO, "stop": {"rounds": 1}}), Luck(False)
    found = await run(settings, build.means(settings, client=ScriptedClient(luck, reads=None)))
    (exam,) = found["exams"]
    assert exam["promoted"]
    prose = next(one for one in exam["demands"] if one["name"] == "prose")
    assert (prose["asked"], prose["met"], prose["said"]) == (False, True, "general text was not read")


async def test_a_student_that_forgets_general_text_is_kept_out_though_it_gained(tmp_path: Path) -> None:
    def reads(model: str, text: str) -> list[float]:
        return [-3.0 - 0.5 * model.startswith("student")] * 20

    settings = build.config(tmp_path, **{**TWO, "stop": {"rounds": 1}})
    found = await run(settings, build.means(settings, client=ScriptedClient(Luck(False), reads=reads)))
    (exam,) = found["exams"]
    assert exam["p_value"] < exam["alpha"]
    assert not exam["promoted"]
    assert exam["why"].startswith("general text is read worse: perplexity of general text 1.649 times the base's")
