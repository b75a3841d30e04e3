"""A session's profile is a recount of its ledger."""

from pathlib import Path

import pytest

from noria.errors import ConfigError
from noria.memory.history import History
from noria.memory.spent import spent
from noria.planning.measuring import measure
from noria.planning.profile import SHIPPED, keep, read


def test_a_profile_recounts_what_the_ledger_has(story: History, played: Path) -> None:
    found = measure(story, played)
    funnel, reasons = story.funnel(), story.reasons()
    assert (found.dealt, found.accepted) == (120, funnel["accepted"])
    assert (found.compared, found.duplicates) == (funnel["well_formed"], reasons.get("duplicate", 0))
    assert found.rounds == 2
    assert found.pretended
    stages = [facts["stages"] for _, _, facts in story.rounds()]
    asked = sum(one["play"]["prompt_tokens"] + one["play"]["completion_tokens"] for one in stages)
    assert found.play_tokens == asked
    assert found.play_seconds == pytest.approx(sum(one["play"]["seconds"] for one in stages))
    # What no episode asked is the rest of all that was asked.
    exams = sum((one.prompt + one.completion) * of for one, of in ((found.exams, 2), (found.seating, found.seated)))
    curated = (found.curate.prompt + found.curate.completion) * found.accepted
    assert found.play_tokens + exams + curated == pytest.approx(sum(story.tokens()), rel=1e-4)


def test_lengths_are_those_of_the_rounds_after_the_first(story: History, played: Path) -> None:
    found = measure(story, played)
    second = measure(story, played, lambda one: one.round == 2)
    assert found.told == 60
    assert found.seats == second.seats
    whole = measure(story, played, settled=False)
    assert whole.told == 120
    assert whole.tokens() * 120 == pytest.approx(found.play_tokens, rel=1e-4)


def test_of_part_of_a_round_the_seconds_are_not_known(story: History, played: Path) -> None:
    part = measure(story, played, lambda one: one.round == 1 and one.position < 30)
    assert part.dealt == 30
    assert part.play_seconds == 0
    assert part.taught.tokens == 0
    assert sum(one.round == 1 and one.position < 30 for one in spent(story)) == 30


def test_a_profile_is_carried_elsewhere_as_a_file(story: History, played: Path, tmp_path: Path) -> None:
    found = measure(story, played)
    keep(found, tmp_path / "profile.yaml")
    assert read(tmp_path / "profile.yaml") == found
    (tmp_path / "profile.yaml").write_text("session: mine\n")
    with pytest.raises(ConfigError, match=r"profile.yaml' is wrong: `played`: .*--keep FILE` writes one"):
        read(tmp_path / "profile.yaml")
    (tmp_path / "profile.yaml").write_bytes(b"\xff: [")
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "profile.yaml")


def test_the_package_ships_a_profile_of_a_session_that_a_model_played() -> None:
    shipped = read(SHIPPED)
    assert not shipped.pretended
    assert shipped.accepted > 50
    assert shipped.play_seconds > 0
    assert shipped.taught.seconds > 0
