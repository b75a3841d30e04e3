"""`noria guards`: what a user reads of them."""

from pathlib import Path

from tests.cli.shell import config, load, refused, right

PLAY = {"episodes": 30, "attempts": 2}


def test_the_guards_of_a_session_are_told_in_words_and_as_json(tmp_path: Path) -> None:
    ran = right("run", "--config", config(tmp_path, play=PLAY), "--dry-run")
    assert "Guards of round 1: acceptance 0." in ran
    assert "Guards of round 2:" in ran
    assert "learned from:" in ran
    said = right("guards", tmp_path / "session")
    for line in ("round 1  vendi: the first round", "round 2  labels: ok: 0 [0 to", "bound 0.6, then cool down"):
        assert line in said, said
    assert "What is watched, and why its bound stands where it does:" in said
    first, second = load(right("guards", tmp_path / "session", "--json"))
    assert first["guards"]["action"] == second["guards"]["action"] == "on"
    assert len(second["guards"]["readings"]) == 14
    assert second["rows"]["new"] > 0


def test_a_session_without_guards_says_so_and_a_wrong_guard_is_named(tmp_path: Path) -> None:
    right("run", "--config", config(tmp_path, play=PLAY, guards=False, stop={"rounds": 1}), "--dry-run")
    assert "No round was guarded." in right("guards", tmp_path / "session")
    said = refused("run", "--config", config(tmp_path, guards={"lables": {"bound": 1}}), "--dry-run")
    assert "there is no guard 'lables'; did you mean 'labels'?" in said
    said = refused("run", "--config", config(tmp_path, guards={"labels": {"action": "halt"}}), "--dry-run")
    assert "`guards.labels.action`" in said
