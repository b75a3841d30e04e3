"""A study of gain from the command line: planned, played in pieces, gone on with, told, verified, and refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.shell import noria, refused, right

SMALL: dict[str, Any] = {
    "scale": {
        "rounds": 2, "episodes": 12, "attempts": 3, "warm": 3, "items": 8, "levels": 3, "unseen": 4, "sampled": 8,
        "tries": 3,
    },
    "learned": {"arithmetic": [1, 2], "text_ops": [1]},
    "further": {"arithmetic": 3, "text_ops": 2},
}  # fmt: skip


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(SMALL | changes), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that was ended early, broken in one piece, and gone on with."""
    folder = tmp_path_factory.mktemp("gain")
    words = ("study", "gain", "--config", written(folder), "--dry-run", "--arm", "no_memory", "--out", folder / "out")
    said = right(*words, "--minutes", "0")
    assert "0 of them finished" in said
    assert "0 minutes are over; the same command goes on with test of raw" in said
    broken = folder / "out" / "seed-2" / "random"
    broken.mkdir(parents=True)
    (broken / "session").write_text("no folder")
    (folder / "first.txt").write_text(right(*words), encoding="utf-8")
    return folder


def told(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "out" / "gain.json").read_text(encoding="utf-8"))
    return found


def test_the_plan_is_told_before_it_plays_and_a_broken_piece_stops_nobody_else(place: Path) -> None:
    said = (place / "first.txt").read_text(encoding="utf-8")
    assert "37 pieces" in said
    assert "hours on two cores" in said
    found = told(place)
    assert set(found["failed"]) == {"random, seed 2", "test of random, seed 2"}
    assert "which is not finished" in found["failed"]["test of random, seed 2"]
    assert sorted(key for key in found["outcomes"] if key.startswith("random/")) == ["random/1", "random/3"]
    assert {"raw/0", "warm/2", "verified/2", "formed/2", "ceiling/2", "no_memory/2"} <= set(found["outcomes"])
    page = (place / "out" / "gain.md").read_text(encoding="utf-8")
    assert "Failed, and counted nowhere" in page
    assert "Puppets played" in page
    for name in ("gain-arms.svg", "gain-rounds.svg"):
        assert f"]({name})" in page
        assert (place / "out" / name).read_text(encoding="utf-8").startswith("<svg")


def test_arms_are_dealt_as_much_and_learn_as_many_rows(place: Path) -> None:
    arms = told(place)["arms"]
    for seed in (1, 3):
        verified, random, formed = (arms[f"{name}/{seed}"] for name in ("verified", "random", "formed"))
        assert verified["rows"] == random["rows"] == formed["rows"] == arms[f"ceiling/{seed}"]["rows"] > 0
        assert [row["dealt"] for row in verified["rounds"]] == [row["dealt"] for row in random["rounds"]] == [12, 12]
        assert [row["learned"] for row in verified["rounds"]] == [row["learned"] for row in random["rounds"]]
        assert random["rounds"][0]["accepted"] >= random["rounds"][0]["learned"]
        assert set(verified["verifier"]) == {"1"}  # what the loop verified is right when it is looked at again
        assert set(arms[f"ceiling/{seed}"]["verifier"]) == {"1"}
        assert "0" in random["verifier"]
    assert all(one["apart"] == [] for one in arms.values())  # the second program agrees


def test_labels_and_shares_stand_in_the_figures(place: Path) -> None:
    figures = told(place)["figures"]["arms"]
    assert figures["verified"]["labels"]["verifier"] == 1.0
    assert figures["random"]["labels"]["verifier"] < 1.0
    assert figures["raw"]["seeds"] == [1, 2, 3]
    assert figures["random"]["seeds"] == [1, 3]
    outcome = told(place)["outcomes"]["raw/0"]
    seen = [at for at, one in enumerate(told(place)["items"]) if one["part"] == "seen"]
    assert figures["raw"]["sets"]["seen"]["value"] == pytest.approx(
        sum(outcome["right"][at] == "1" for at in seen if str(at) not in told(place)["struck"])
        / sum(str(at) not in told(place)["struck"] for at in seen)
    )


def test_no_arm_met_the_test_and_it_was_opened_once(place: Path) -> None:
    found = told(place)
    assert all(how.startswith(("its solution", "its words")) for how in found["struck"].values())
    assert found["test"]["opened"]
    assert len(found["test"]["asked"]) == len(set(found["test"]["asked"])) == len(found["outcomes"])


def test_it_is_gone_on_with_and_what_is_finished_is_not_played_again(place: Path) -> None:
    opened = told(place)["test"]["opened"]
    ledger = place / "out" / "seed-1" / "verified" / "session" / "ledger.db"
    before = ledger.stat().st_mtime_ns
    (place / "out" / "seed-2" / "random" / "session").unlink()
    (place / "out" / "words.md").write_text("A person's own paragraph.", encoding="utf-8")
    said = right(
        "study", "gain", "--config", place / "study.yaml", "--dry-run", "--arm", "no_memory", "--out", place / "out"
    )
    assert said.count("finished before") == 35
    assert ledger.stat().st_mtime_ns == before
    found = told(place)
    assert found["failed"] == {}
    assert found["test"]["opened"] == opened
    assert "A person's own paragraph." in (place / "out" / "gain.md").read_text(encoding="utf-8")


def test_every_figure_follows_from_the_outcomes_and_one_that_does_not_is_named(place: Path, tmp_path: Path) -> None:
    said = right("study", "verify", place / "out" / "gain.json")
    count, _, of, *_ = said.split()
    assert count == of
    assert int(of) > 300
    found = told(place)
    flipped = found["outcomes"]["verified/1"]["right"]
    found["outcomes"]["verified/1"]["right"] = "".join("10"[int(one)] for one in flipped)
    (tmp_path / "gain.json").write_text(json.dumps(found), encoding="utf-8")
    done = noria("study", "verify", tmp_path / "gain.json")
    assert done.returncode == 1
    assert "arms/verified/sets/seen/value" in done.stderr
    found["outcomes"]["verified/1"]["right"] = flipped[:-1]
    (tmp_path / "gain.json").write_text(json.dumps(found), encoding="utf-8")
    assert "verified/1" in refused("study", "verify", tmp_path / "gain.json")
    (tmp_path / "gain.json").write_text("{}", encoding="utf-8")
    assert "is no report of a study of gain" in refused("study", "verify", tmp_path / "gain.json")
    assert "cannot be read" in refused("study", "verify", tmp_path / "none.json")


@pytest.mark.parametrize(
    ("changes", "more", "sentence"),
    [
        ({"arms": {"warm": {}, "verified": {}, "random": {"play": {"episodes": 40}}, "ceiling": {}}}, [],
         "The arms differ in budget: `play.episodes` is 40 in 'random' and 12 in 'verified'"),
        ({"arms": {"warm": {}, "verified": {}, "ceiling": {"play": {"episodes": 40}}}}, [], "plays no session"),
        ({"arms": {"warm": {}, "verified": {}, "random": {}}}, [], "no arm 'ceiling'"),
        ({"arms": {"verified": {}, "ceiling": {}}}, [], "no arm 'warm'"),
        ({"unseen": {"text_ops": [2]}}, [], "The test overlaps the training: 'text_ops' is to be unseen"),
        ({"further": {"arithmetic": 2}}, [], "The test overlaps the training: level 2 of 'arithmetic'"),
        ({}, ["--seeds", "2"], "2 seeds are too few for a claim; 3 are needed"),
        ({"seeds": [1, 1, 2]}, [], "names a seed twice"),
        ({"scale": {"sampled": 999}}, [], "999 items are to be sampled"),
        ({"rounds": 3}, [], "`rounds`"),
        ({}, ["--arm", "no_judge"], "no further arm 'no_judge'"),
        ({}, ["--teacher", "http://127.0.0.1:1/v1"], "needs --teacher and --teacher-model"),
        ({"arms": {"warm": {}, "verified": {"play": {"targets": "all"}}, "ceiling": {}}}, [], "play.targets"),
    ],
)  # fmt: skip
def test_an_unfair_study_is_refused_with_its_reason(
    tmp_path: Path, changes: dict[str, Any], more: list[str], sentence: str
) -> None:
    said = refused(
        "study", "gain", "--config", written(tmp_path, **changes), "--dry-run", "--out", tmp_path / "out", *more
    )
    assert sentence in said
    assert not (tmp_path / "out").exists()


def test_another_study_in_the_folder_is_refused(place: Path) -> None:
    said = refused("study", "gain", "--config", place / "study.yaml", "--dry-run", "--out", place / "out")
    assert "holds another study" in said
