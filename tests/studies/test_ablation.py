"""An ablation from the command line: played once, gone on with, told with intervals, and what fails in it is told."""

import json
from pathlib import Path

import pytest

from tests.cli.shell import noria

CONFIG = """
session: s
domains: {arithmetic: [1, 2], text_ops: [1]}
play: {episodes: 12, attempts: 2}
verifiers: {planted: 0}
judge: {calibration: 4}
exam: {items: 8, frozen: 2, prose: 0}
train: {min_rows: 4}
stop: {rounds: 1}
methods: {form: on, solve_rate: {least: 0.5}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    (folder / "mine.yaml").write_text(CONFIG, encoding="utf-8")
    return folder


def study(place: Path, *more: str) -> tuple[int, str, str]:
    done = noria(
        "study", "ablation", "--recipe", place / "mine.yaml", "--without", "solve_rate", "--seeds", "2", "--dry-run",
        "--out", place / "out", *more,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_an_ablation_is_played_told_and_not_played_again(place: Path) -> None:
    broken = place / "out" / "without-solve_rate" / "seed-2"
    broken.mkdir(parents=True)
    (broken / "session").write_text("no folder")
    status, said, story = study(place, "--json")
    assert status == 0, story
    told = json.loads(said)
    assert [(one["arm"], one["seed"]) for one in told["sessions"]] == [
        ("whole", 1), ("without solve_rate", 1), ("whole", 2),
    ]  # fmt: skip
    assert list(told["failed"]) == ["without solve_rate, seed 2"]  # the others went on
    assert all(one["episodes"] == 12 and one["right"] == one["proved"] > 0 for one in told["sessions"])
    whole, without = told["rows"]["whole"], told["rows"]["without solve_rate"]
    accepted = [one["accepted"] for one in told["sessions"]]
    assert whole["yield"]["value"] == pytest.approx((accepted[0] + accepted[2]) / 24)
    assert without["yield"]["difference"] == pytest.approx(0)  # the selection comes after the acceptance
    assert without["tokens"]["low"] is None  # one pair of seeds gives no interval
    page = (place / "out" / "ablation.md").read_text(encoding="utf-8")
    assert "| without solve_rate |" in page
    assert "Failed sessions" in page

    (broken / "session").unlink()
    played = (place / "out" / "whole" / "seed-1" / "session" / "ledger.db").stat().st_mtime_ns
    status, said, story = study(place)
    assert status == 0, story
    assert said.count("finished before") == 3
    assert (place / "out" / "whole" / "seed-1" / "session" / "ledger.db").stat().st_mtime_ns == played


def test_another_study_and_a_method_that_is_not_used_are_refused(place: Path) -> None:
    status, _, said = study(place, "--set", "play.episodes=13")
    assert (status, "holds another study" in said) == (2, True)
    done = noria("study", "ablation", "--recipe", place / "mine.yaml", "--without", "ifd", "--dry-run")
    assert done.returncode == 2
    assert "uses no method 'ifd'" in done.stderr
    assert "Traceback" not in done.stderr
