"""What each arm of a trial did: counted by the arm an episode was dealt, exams only where a round had one arm."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from noria.cli.trials import reported
from noria.memory.catalogue.reading import catalogue
from noria.prompts.lookup import PACKAGED
from noria.viewer.trials import Tally, counted, examined, reports, told
from tests.graphs.steered import learned, played, saying, settings

A = (PACKAGED / "generator.md").read_text()
B = A.replace("short practice", "very short practice")


def ended(key: str, **changes: Any) -> dict[str, Any]:
    return {"id": key, "reason": "verified", "outcome": "accepted", "stage": "accepted", "solve_rate": 0.5} | changes


def test_an_arm_is_counted_by_how_its_episodes_ended() -> None:
    arms = {f"e{at}": (1, "a" if at < 5 else "b") for at in range(7)}
    rows = [
        ended("e0"),
        ended("e1", outcome="refused", reason="malformed", stage="proposed", solve_rate=None),
        ended("e2", outcome="refused", reason="duplicate", stage="well_formed", solve_rate=None),
        ended("e3", outcome="refused", reason="out_of_band", stage="grounded", solve_rate=1.0),
        ended("e4", outcome="error", reason="endpoint", stage="dealt", solve_rate=None),
        ended("e5"),
    ]
    found = told(counted(arms, rows))
    a, b = found["arms"]["a"], found["arms"]["b"]
    assert (a["episodes"], a["left_out"], b["episodes"]) == (4, 1, 1)
    assert (a["acceptance"]["part"], a["validity"]["part"]) == (1, 3)
    assert (a["novelty"]["part"], a["novelty"]["of"]) == (2, 3)
    assert a["solve_rate"]["mean"] == pytest.approx(0.75)
    assert found["differences"]["acceptance"]["value"] == pytest.approx(0.75)
    assert not found["differences"]["acceptance"]["beyond"]
    assert found["differences"]["solve_rate"] is None  # one value on a side tells nothing


def test_a_difference_is_beyond_noise_only_with_episodes_enough() -> None:
    few, many = Tally(episodes=5, accepted=1, formed=5, novel=5), Tally(episodes=5, accepted=4, formed=5, novel=5)
    assert not told({"a": few, "b": many})["differences"]["acceptance"]["beyond"]
    few, many = (Tally(episodes=200, accepted=n, formed=200, novel=200) for n in (40, 160))
    found = told({"a": few, "b": many})["differences"]
    assert found["acceptance"]["beyond"]
    assert not found["validity"]["beyond"]


EXAMS = {1: (100, 20, 5), 2: (100, 10, 10), 3: (100, 30, 0)}


def test_an_exam_is_an_arms_where_its_round_was_dealt_to_it_alone() -> None:
    arms = {"e0": (1, "a"), "e1": (1, "a"), "e2": (2, "b"), "e3": (3, "a"), "e4": (3, "b")}
    found = examined(arms, EXAMS)
    assert found["rounds"] == {"a": [1], "b": [2]}
    assert found["together"] == [3]
    assert found["gain"]["a"]["gain"] == pytest.approx(0.15)
    assert found["difference"]["value"] == pytest.approx(-0.15)
    assert "more than one arm played there: round 3" in found["said"]
    low, high = found["gain"]["a"]["interval"]
    assert 0 < low < 0.15 < high


def test_an_exam_that_saw_both_tells_neither_apart() -> None:
    found = examined({"e0": (1, "a"), "e1": (1, "b")}, EXAMS)
    assert found["rounds"] == {"a": [], "b": []}
    assert found["gain"]["a"]["gain"] is None
    assert "saw both together and tells neither apart" in found["said"]
    assert "No exam" in examined({"e0": (9, "a")}, EXAMS)["said"]
    # A round in which the trial began late was played by the template in force too.
    assert examined({"e0": (1, "a")}, EXAMS, mixed=[1])["together"] == [1]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rules = settings(tmp_path_factory.mktemp("trial"), stop={"rounds": 2})
    act = saying("compare", name="generator", a=A, b=B, by="episode")
    with ThreadPoolExecutor(1) as other:  # a browser of other tests may have its loop in this thread
        other.submit(played, rules, {(1, 1): act}, script=learned).result()
    return rules.session


def test_a_session_reports_its_trial_from_what_it_dealt(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with catalogue(session) as rows:
        (found,) = reports(session, rows)
        count = rows.rows("SELECT count(*) AS n FROM episodes")[0]["n"]
        accepted = rows.rows("SELECT count(*) AS n FROM episodes WHERE outcome = 'accepted'")[0]["n"]
    arms = found["arms"]
    assert arms["a"]["episodes"] + arms["b"]["episodes"] + sum(arm["left_out"] for arm in arms.values()) == count == 24
    assert arms["a"]["acceptance"]["part"] + arms["b"]["acceptance"]["part"] == accepted
    assert {side: arm["episodes"] for side, arm in arms.items()} == found["dealt"]
    assert "saw both together" in found["exam"]["said"]
    reported(session, as_json=False)
    said = capsys.readouterr().out
    assert f"{found['trial']}  generator, dealt by episode" in said
    assert "no difference beyond noise" in said
