"""Where a session stands: told from the phase its ledger has, who holds it, and what it waits for."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from noria.memory.catalogue import Catalogue
from noria.viewer import overview
from noria.viewer.turning import STAGES, Stand, stand


@pytest.fixture(scope="module")
def left(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The played session as it was before it was over."""
    folder = tmp_path_factory.mktemp("left") / "turns"
    shutil.copytree(played, folder)
    with closing(sqlite3.connect(folder / "ledger.db")) as ledger, ledger:
        ledger.execute("DELETE FROM meta WHERE key = 'finished'")
    return folder


def at(folder: Path, phase: str, *, running: bool = True, holds: str = "", number: int | None = None) -> Stand:
    """How the session stands once its last round is at a phase."""
    with closing(sqlite3.connect(folder / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE rounds SET phase = ? WHERE round = 2", (phase,))
        ledger.execute("INSERT OR REPLACE INTO meta VALUES ('holds', ?)", (holds,))
    with closing(Catalogue(folder)) as catalogue:
        catalogue.catch_up()
        return stand(catalogue, running=running, number=number)


@pytest.mark.parametrize(("phase", "now"), [
    ("dealt", "curate"), ("play", "curate"), ("curate", "train"), ("curated", "train"), ("train", "examine"),
    ("examine", "promote"), ("unexamined", "promote"), ("promoted", "guard"), ("kept_out", "guard"), ("seat", "guard"),
    ("guarded", "guard"), ("a phase of a newer Noria", "guard"),
])  # fmt: skip
def test_what_runs_is_the_stage_after_what_was_done(left: Path, phase: str, now: str) -> None:
    found = at(left, phase)
    states = {one.name.replace("keep out", "promote"): one.state for one in found.paddles}
    place = STAGES.index(now)
    assert (found.state, found.round) == ("running", 2)
    assert [states[name] for name in STAGES] == ["done"] * place + ["running"] + ["ahead"] * (len(STAGES) - place - 1)
    assert found.said.startswith("Round 2 of 2 ")


def test_after_a_round_the_next_is_planned(left: Path) -> None:
    found = at(left, "ended")
    assert (found.round, found.last, found.paddles[0].state) == (3, 3, "running")
    assert all(one.state == "ahead" for one in found.paddles[1:])
    assert at(left, "ended", number=1).round == 1
    assert at(left, "ended", number=99).round == 3


def test_a_session_that_nobody_runs_stopped_somewhere(left: Path) -> None:
    found = at(left, "train", running=False)
    assert found.state == "at rest"
    assert "examines the student" in found.said
    assert [(one.state, one.note) for one in found.paddles if one.name == "examine"] == [("ahead", "stopped here")]


def test_a_session_that_waits_says_for_what(left: Path) -> None:
    holds = json.dumps({"for": "student", "said": "student-r0002 waits for a ruling"})
    found = at(left, "examine", holds=holds)
    assert found.state == "waiting"
    assert "student-r0002 waits for a ruling" in found.said
    assert [one.name for one in found.paddles if one.state == "waiting"] == ["promote"]


def test_a_finished_session_says_why(played: Path) -> None:
    with closing(Catalogue(played)) as catalogue:
        catalogue.catch_up()
        found = stand(catalogue, running=False)
    assert found.state == "finished"
    assert found.said == "Finished after 2 rounds (rounds: 2 played)."
    assert found.paddles[-1].leaves == "ends here"


def test_the_tokens_of_a_seat_are_added_up_as_they_come(played: Path) -> None:
    with closing(Catalogue(played)) as catalogue:
        catalogue.catch_up()
        cost = {(row["role"], row["policy"]): row["prompt_tokens"] for row in catalogue.rows("SELECT * FROM cost")}
        for _ in range(2):
            assert {(one["role"], one["policy"]): one["prompt_tokens"] for one in overview.seats(catalogue)} == cost
        assert sum(one["share"] for one in overview.seats(catalogue)) == pytest.approx(1)
