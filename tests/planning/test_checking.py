"""A plan held against what came, on sessions that puppets played."""

from pathlib import Path

import pytest

from noria.errors import SessionError
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.planning.checking import check
from noria.planning.measuring import measure
from tests.cli.shell import load, noria, refused, right


def test_the_first_round_foretells_the_second(story: History, played: Path) -> None:
    found = check(story, played)
    assert (found.seen, found.rest, found.episodes) == ("round 1", "round 2", 60)
    named = {one.name: one for one in found.figures}
    assert named["accepted"].came == story.funnel(2)["accepted"]
    assert named["tokens of the episodes"].came == sum(
        facts["stages"]["play"][name] for number, _, facts in story.rounds() if number == 2
        for name in ("prompt_tokens", "completion_tokens")
    )  # fmt: skip
    assert named["seconds of the episodes"].came == pytest.approx(story.round(2)["stages"]["play"]["seconds"])
    # Puppets do not learn: what they were is what they are, but for what a generator is shown of what was accepted.
    for name in ("accepted", "solve: prompt tokens", "solve: reply tokens", "judge: reply tokens"):
        assert named[name].within, named[name]
    assert abs(named["tokens of the episodes"].apart) < 0.5


def test_where_there_is_one_round_half_of_it_foretells_the_other(played: Path, tmp_path: Path) -> None:
    ledger = Ledger(played)
    try:
        story = History(ledger)
        # A session that was stopped in its first round looks like this to whoever reads it.
        found = check(_OnlyFirst(story), played)  # type: ignore[arg-type]
    finally:
        ledger.close()
    assert (found.seen, found.rest, found.episodes) == ("the first half of its episodes", "the second half", 30)
    assert not any("seconds" in one.name for one in found.figures)
    assert next(one for one in found.figures if one.name == "accepted").within


class _OnlyFirst:
    """A history as it was before its second round."""

    def __init__(self, story: History) -> None:
        self.story = story
        self.ledger = story.ledger

    def __getattr__(self, name: str) -> object:
        return getattr(self.story, name)

    def rounds(self) -> list[object]:
        return list(self.story.rounds()[:1])


def test_the_command_says_all_of_it(played: Path, tmp_path: Path) -> None:
    words = right("plan", "--target", "1_000_000", "--hardware", "h100x8", "--from", played, "--rounds", "20")
    assert "1,000,000 accepted on 8 × NVIDIA H100 SXM 80 GB" in words
    assert "binds:" in words
    assert "published" in words
    assert "computed" in words
    assert "dry run" in words
    body = load(right("plan", "--from", played, "--keep", tmp_path / "profile.yaml", "--json"))
    assert body["hardware"] == "session"
    again = load(right("plan", "--from", tmp_path / "profile.yaml", "--json"))
    assert again == body
    checked = load(right("plan", "--check", played, "--json"))
    assert {"name", "foreseen", "came", "apart", "within"} <= set(checked["figures"][0])
    assert "foreseen from round 1" in right("plan", "--check", played)
    assert noria("plan", "--json").returncode == 0  # from the package's own profile


def test_bad_input_gets_a_sentence(tmp_path: Path) -> None:
    assert "did you mean `h100`?" in refused("plan", "--hardware", "h10")
    assert "neither a session's folder nor a profile" in refused("plan", "--from", tmp_path / "nowhere")
    assert "holds no session" in refused("plan", "--from", tmp_path)
    assert "holds no session" in refused("plan", "--check", tmp_path)


def test_a_session_that_was_not_played_is_no_ground(tmp_path: Path) -> None:
    Ledger(tmp_path, write=True).close()
    ledger = Ledger(tmp_path)
    try:
        with pytest.raises(SessionError, match="nothing to plan from"):
            measure(History(ledger), tmp_path)
    finally:
        ledger.close()


def test_the_same_session_is_foreseen_alike_twice(story: History, played: Path) -> None:
    assert check(story, played) == check(story, played)
