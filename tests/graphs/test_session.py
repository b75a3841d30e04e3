"""Whole sessions with puppets: the wheel turns, stops where it is told, and goes on where it was left."""

import asyncio
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from noria.config import SessionConfig
from noria.errors import EndpointError, RunError
from noria.fence import settled
from noria.graphs.folder import summary
from noria.graphs.learning import promote
from noria.graphs.opening import Watch, opened
from noria.graphs.run import run
from noria.inference.client import Request
from noria.inference.fake_server import FakeServer
from noria.inference.puppet import Puppet
from noria.inference.scripted import Script, ScriptedClient
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.types import ROLES, Sample, Turn
from tests import build

TWO = {"stop": {"rounds": 2}, "play": {"episodes": 20, "batch": 8, "attempts": 2}, "exam": {"items": 40}}


def learned(request: Request) -> Any:
    """A puppet that training helps: a student solves its sums, its base hardly ever does."""
    return Puppet(skill=1.0 if request.model.startswith("student") else 0.1)(request)


def played(settings: SessionConfig, script: Script | None = None, watch: Watch | None = None) -> dict[str, Any]:
    return asyncio.run(run(settings, build.means(settings, script), watch))


def samples(folder: Path) -> list[Sample]:
    ledger = Ledger(folder)
    try:
        return History(ledger).samples()
    finally:
        ledger.close()


def test_a_student_that_learned_is_promoted_and_plays_in_the_next_round(tmp_path: Path) -> None:
    told: list[str] = []
    settings = build.config(tmp_path, **TWO)
    found = played(settings, learned, Watch(tell=lambda event, facts: told.append(event)))
    assert found["finished"] == "rounds: 2 played"
    first, second = found["rounds"]
    assert first["promoted"] == "student-r0001"
    assert first["seats"]["solver"] == "base"
    assert second["seats"] == dict.fromkeys(ROLES, "base") | {"solver": "student-r0001"}
    assert found["exams"][0]["promoted"]
    assert not found["exams"][1]["promoted"]
    assert "no gain beyond noise" in found["exams"][1]["why"]
    assert [one["name"] for one in found["policies"] if one["current"]] == ["student-r0001"]
    assert told.count("promote") == told.count("keep_out") == 1
    policies = {one.provenance.policy for one in samples(settings.session) if one.provenance.round == 2}
    assert next(one["id"] for one in found["policies"] if one["name"] == "student-r0001") in policies
    sources = Counter(one.provenance.source for one in samples(settings.session) if one.role == "solver")
    assert sources["student"] > 0
    assert sources["program"] > 0


def test_a_student_that_learned_nothing_is_kept_out_and_its_parent_plays_on(tmp_path: Path) -> None:
    settings = build.config(tmp_path, **TWO)
    found = played(settings)
    assert [one["promoted"] for one in found["exams"]] == [False, False]
    assert [one["name"] for one in found["policies"] if one["current"]] == ["base"]
    assert found["rounds"][1]["seats"]["solver"] == "base"


def test_the_summary_is_a_recount(tmp_path: Path) -> None:
    settings = build.config(tmp_path, **TWO)
    found = played(settings)
    assert found == summary(settings.session)
    funnel = found["funnel"]
    assert funnel["dealt"] == 40 == sum(found["reasons"].values())
    assert list(funnel.values()) == sorted(funnel.values(), reverse=True)
    kept = samples(settings.session)
    assert funnel["accepted"] == found["samples"]["accepted"] == sum(one.role == "solver" for one in kept)
    assert len({one.id for one in kept}) == len(kept)
    assert sum(one["calls"] for one in found["seats"]) > 0
    assert found["tokens"]["completion"] == sum(one["completion_tokens"] for one in found["seats"])
    for one in found["rounds"]:
        assert set(one["stages"]) == {"plan", "play", "curate", "train", "examine", "guard"}
        assert one["rows"]["new"] > 0


def test_the_same_session_twice_accepts_the_same(tmp_path: Path) -> None:
    one, two = build.config(tmp_path / "1", **TWO), build.config(tmp_path / "2", **TWO)
    found = played(one), played(two)
    assert {sample.id for sample in samples(one.session)} == {sample.id for sample in samples(two.session)}
    first, second = ([policy["id"] for policy in one["policies"]] for one in found)
    assert first == second


@pytest.mark.parametrize("after", [5, 77])
def test_a_broken_session_goes_on_without_paying_twice(tmp_path: Path, after: int) -> None:
    settings, whole = build.config(tmp_path / "1", **TWO), build.config(tmp_path / "2", **TWO)
    calls = 0

    def failing(request: Request) -> Any:
        nonlocal calls
        calls += 1
        if calls > after:
            raise RunError("cut off")
        return learned(request)

    first = ScriptedClient(failing)
    with pytest.raises(RunError):
        asyncio.run(run(settings, build.means(settings, client=first)))
    second = ScriptedClient(learned)
    told: list[dict[str, Any]] = []
    watch = Watch(tell=lambda event, facts: told.append(facts) if event == "deal" else None)
    began = time.monotonic()
    found = asyncio.run(run(settings, build.means(settings, client=second), watch))
    lasted = time.monotonic() - began
    assert found["finished"] == "rounds: 2 played"
    # Whoever watches is told of the round that goes on, and no stage takes longer than both lives together.
    assert told[-1]["round"] == 2
    assert all(one["episodes"] == 20 for one in told)
    spent = [stage["seconds"] for one in found["rounds"] for stage in one["stages"].values()]
    assert max(spent) < lasted + 60
    paid = min(after, len(first.requests)) + len(second.requests) + len(first.scored) + len(second.scored)
    assert paid == sum(one["calls"] for one in found["seats"])
    expected = played(whole, learned)
    assert found["funnel"] == expected["funnel"]
    kept = [one.id for one in samples(settings.session)]
    assert len(kept) == len(set(kept)) > 0
    assert set(kept) == {one.id for one in samples(whole.session)}


async def test_a_promotion_that_is_run_again_keeps_its_student_up(tmp_path: Path) -> None:
    settings = build.config(tmp_path, **TWO)
    await run(settings, build.means(settings, learned))
    async with opened(settings, build.means(settings, learned), Watch()) as context:
        student = context.pointer("student")
        assert student.name == "student-r0001"
        told: list[dict[str, Any]] = []
        context.tell = lambda event, facts: told.append(facts)
        await promote(context, 1, student.id)
        assert context.fleet.is_up(student.id)
        assert context.pointer("student").id == student.id
        assert told[-1]["parent"] == "base"


async def test_two_endpoints_that_serve_one_name_stay_two_policies(tmp_path: Path) -> None:
    async with FakeServer(script=Puppet(skill=1.0)) as first, FakeServer() as second:
        settings = build.config(
            tmp_path,
            endpoints={"sums": {"url": first.url, "model": "base"}, "rest": {"url": second.url, "model": "base"}},
            seats=dict.fromkeys(ROLES, "rest") | {"solver": "sums"},
        )
        found = await run(settings, replace(build.means(settings), base=None))
        assert first.calls > 12
        assert second.calls > 12
    assert {one["role"]: one["policy"] for one in found["seats"]} == dict.fromkeys(ROLES, "rest") | {"solver": "sums"}
    ledger = Ledger(settings.session)
    solved = [turn for turn in all_turns(ledger) if turn.key.role == "solver"]
    ledger.close()
    assert {turn.served_as for turn in solved} == {"base"}
    assert len({turn.policy for turn in solved}) == 1
    assert found["samples"]["by_source"]["pool"] > 0


def all_turns(ledger: Ledger) -> list[Turn]:
    history = History(ledger)
    return [turn for episode in history.episodes() for turn in history.trace(episode.id)]


def test_a_session_of_executed_domains_says_in_each_check_where_it_ran(tmp_path: Path) -> None:
    settings = build.config(tmp_path, domains={"code": (1, 2), "deduction": (1,)}, exam={"items": 5})
    found = played(settings)
    assert found["samples"]["accepted"] > 3
    ledger = Ledger(settings.session)
    attempts = [one for episode in History(ledger).episodes() for one in episode.attempts]
    items = History(ledger).exam_items(1)
    ledger.close()
    assert attempts
    ran = [check for one in attempts for check in one.checks if check.name == "cases"]
    assert {check.passed for check in ran} == {True, False}  # the puppet's words are no program, the program's truth is
    assert all("landlock" in check.sandbox for check in ran)
    assert {item.task.domain for item in items} == {"code", "deduction"}


def test_a_finished_session_is_not_played_again(tmp_path: Path) -> None:
    settings = build.config(tmp_path)
    found = played(settings)
    again = ScriptedClient(Puppet())
    assert asyncio.run(run(settings, build.means(settings, client=again))) == found
    assert again.requests == []


def test_an_endpoint_that_stays_away_stops_the_session_instead_of_spending_its_deal(tmp_path: Path) -> None:
    settings = build.config(tmp_path, judge={"calibration": 0})

    def away(request: Request) -> str:
        raise EndpointError("it is away")

    with pytest.raises(RunError, match="noria resume"):
        played(settings, away)
    found = played(settings, learned)
    assert found["finished"] == "rounds: 1 played"
    assert found["reasons"].get("endpoint", 0) < 12


def test_a_round_without_samples_skips_training_and_says_why(tmp_path: Path) -> None:
    settings = build.config(tmp_path, judge={"calibration": 0})
    found = played(settings, lambda request: "nonsense " * 40)
    assert found["finished"] == "rounds: 1 played"
    assert found["samples"]["accepted"] == 0
    assert found["rounds"][0]["untrained"] == "0 new rows, 1 are needed to train"
    assert found["exams"] == []
    assert found["reasons"] == {"malformed": 12}


@pytest.mark.parametrize(
    ("stop", "said"),
    [
        ({"rounds": 9, "tokens": 1}, "tokens: "),
        ({"rounds": 9, "hours": 1e-9}, "hours: "),
        ({"rounds": 9, "plateau": 1}, "plateau: 1 rounds without a promotion"),
    ],
)
def test_a_session_stops_where_it_is_told(tmp_path: Path, stop: dict[str, Any], said: str) -> None:
    found = played(build.config(tmp_path, stop=stop))
    assert found["finished"].startswith(said)
    assert len(found["rounds"]) == 1


def test_a_judge_that_tells_right_from_wrong_earns_its_veto(tmp_path: Path) -> None:
    def judged(request: Request) -> Any:
        if request.role == "judge" and request.choices == ("accept", "reject"):
            text = settled(request.messages[-1].content)
            return "accept" if honest(text) else "reject"
        return Puppet(skill=0.5)(request)

    found = played(build.config(tmp_path, judge={"calibration": 16}), judged)
    card = found["rounds"][0]["judge"]
    assert card["veto"]
    assert card["kappa"] > 0.8  # the test's judge takes any operation on the two numbers for the right one
    assert card["keys_accepted"] == card["hidden_accepted"] == 0
    assert all(one["admits"] for one in found["rounds"][0]["verifiers"])


def test_a_judge_that_falls_for_a_key_is_benched_and_refuses_nothing(tmp_path: Path) -> None:
    def judged(request: Request) -> Any:
        if request.role == "judge" and request.choices == ("accept", "reject"):
            text = settled(request.messages[-1].content)
            return "accept" if honest(text) or "\nAnswer: :" in text or "step by step" in text else "reject"
        return Puppet(skill=0.5)(request)

    found = played(build.config(tmp_path, judge={"calibration": 16}), judged)
    card = found["rounds"][0]["judge"]
    assert not card["veto"]
    assert card["keys_accepted"] == 2
    assert "may accept" in card["benched"]
    assert "vetoed" not in found["reasons"]


def honest(text: str) -> bool:
    """Whether the answer in a judge's prompt is the sum in its task, for sums of one step."""
    import re

    from noria.evaluators.arithmetic import final_integer

    task = re.search(r"Task: (.*)", text)
    answer = re.search(r"Answer: (.*)", text)
    assert task
    assert answer
    a, b = (int(number) for number in re.findall(r"\d+", task[1])[:2])
    return final_integer(answer[1])[0] in (a + b, a - b, b - a, a * b)


def test_the_exam_asks_nothing_that_was_trained_on_and_nothing_twice(tmp_path: Path) -> None:
    from noria.identity import bucket, content_id

    settings = build.config(tmp_path, **TWO)
    played(settings, learned)
    ledger = Ledger(settings.session)
    history = History(ledger)
    held = [item for number in (1, 2) for item in history.exam_items(number)]
    asked, frozen = ([item.task for item in held if item.frozen == kind] for kind in (False, True))
    ledger.close()
    assert {bucket(task.domain, task.parameters) for task in frozen} == {"audit"}
    keys = [content_id("parameters", [task.domain, task.parameters]) for task in asked]
    assert len(keys) == len(set(keys)) > 40
    assert {bucket(task.domain, task.parameters) for task in asked} == {"gate"}
    trained = {one.provenance.signature for one in samples(settings.session)}
    assert trained
    assert not {one.provenance.task for one in samples(settings.session)} & {task.id for task in asked}
