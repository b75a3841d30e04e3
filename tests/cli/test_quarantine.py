"""A session with a beaten verifier, by the commands a user types."""

import asyncio
from pathlib import Path

import pytest

from tests.cli.shell import load, noria, right
from tests.graphs.test_quarantine import EVIDENCE, WORD, Played, settings


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Played:
    async def played() -> Played:
        game = await Played(settings(tmp_path_factory.mktemp("quarantine"))).cut(2)
        await game.beat()
        return await game.on()

    return asyncio.run(played())


@pytest.fixture(scope="module")
def session(game: Played) -> Path:
    return game.settings.session


def test_verifiers_says_what_is_quarantined_since_when_and_by_what(game: Played, session: Path) -> None:
    (beaten,) = game.summary["quarantine"]
    said = right("verifiers", session)
    sentence = next(line for line in said.splitlines() if line.startswith("odd@1 is quarantined since round 2"))
    assert beaten["episode"] in sentence
    assert EVIDENCE in sentence
    assert "a new version of it is a new verifier" in sentence
    rows = [line.split() for line in said.splitlines() if line.split()[1:2] in (["odd@1"], ["arithmetic@2"])]
    assert {(row[0], row[1], row[-1]) for row in rows} == {
        ("1", "odd@1", "yes"), ("2", "odd@1", "quarantined"),
        ("1", "arithmetic@2", "yes"), ("2", "arithmetic@2", "yes"),
    }  # fmt: skip
    first, second = load(right("verifiers", session, "--json"))
    assert first["quarantine"] == []
    assert [(one["verifier"], one["round"], one["episode"]) for one in second["quarantine"]] == [
        ("odd@1", 2, beaten["episode"])
    ]
    assert EVIDENCE in second["quarantine"][0]["evidence"]


def test_the_accepted_log_does_not_hand_out_quarantined_samples_in_silence(game: Played, session: Path) -> None:
    summary = game.summary["samples"]
    kept = summary["accepted"] - summary["quarantined"]
    done = noria("accepted", session, "--jsonl")
    rows = [load(line) for line in done.stdout.splitlines()]
    assert len(rows) == kept
    assert {row["provenance"]["verifier"] for row in rows} == {"arithmetic@2"}
    assert f"{summary['quarantined']} rows are left out" in done.stderr
    assert EVIDENCE in done.stderr
    whole = noria("accepted", session, "--jsonl", "--quarantined")
    rows = [load(line) for line in whole.stdout.splitlines()]
    assert len(rows) == summary["accepted"]
    assert all(row["quarantined"] == (row["provenance"]["verifier"] == "odd@1") for row in rows)
    assert whole.stderr == ""
    words = right("accepted", session)
    assert "odd/" not in words
    assert f"{kept} rows" in words
    marked = [line for line in right("accepted", session, "--quarantined").splitlines() if " odd/" in line]
    assert len(marked) == summary["quarantined"]
    assert all(line.endswith("  quarantined") for line in marked)


def test_status_tells_what_left_who_learned_from_it_and_which_exam_asked_it(game: Played, session: Path) -> None:
    (beaten,) = game.summary["quarantine"]
    said = right("status", session)
    left = game.summary["rounds"][1]["left"]["odd@1"]
    assert f"samples, {game.summary['samples']['quarantined']} of them quarantined" in said
    assert f"Round 2: {left} samples left the training set, resting on odd@1 alone: an attack beat odd@1" in said
    assert f"student-r0001 ({beaten['policies'][0]['samples']})" in said
    asked = beaten["exams"][0]["items"]
    assert f"the exam of round 1 asked {asked} items of it and kept out its student" in said
    assert "; without odd@1, quarantined" in said
    assert load(right("status", session, "--json"))["quarantine"] == game.summary["quarantine"]


def test_a_trace_shows_the_probe_that_beat_the_verifier(game: Played, session: Path) -> None:
    said = right("trace", session, game.summary["quarantine"][0]["episode"])
    assert f"probe (shortcut, by policy) BEAT odd@1: {WORD!r} [{EVIDENCE}]" in said
    assert "odd@1 is quarantined: an attack beat odd@1 in round 2" in said


def test_a_run_says_it_when_it_goes_on(tmp_path: Path) -> None:
    """The log of a run on paper: which verifier, and what left."""

    async def begun() -> Path:
        game = Played(settings(tmp_path))
        await game.beat(after=25)
        return game.settings.session

    said = right("resume", asyncio.run(begun()))
    assert "round 1: odd@1 is quarantined: an attack beat odd@1" in said
    assert "samples left the training set, resting on odd@1 alone" in said
    assert "Round 2 dealt nothing of odd@1" in said
