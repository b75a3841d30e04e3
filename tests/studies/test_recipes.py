"""Recipes: found by name, read as configs, and refused with a sentence where they are wrong."""

from pathlib import Path

import pytest

from noria.errors import ConfigError
from noria.studies import recipes
from noria.studies.arms import arms


def test_every_recipe_is_a_config_whose_session_has_its_name() -> None:
    assert {"code", "demo", "distil", "evolve", "full", "grounded", "preference", "self-instruct"} <= set(
        recipes.names()
    )
    for name in recipes.names():
        _, config, _ = recipes.read(name)
        assert config.session.name == name
        assert "../" not in recipes.written(name).split("domains:")[0].split("session:")[1].splitlines()[0]


def test_a_setting_reaches_the_key_it_names_and_leaves_the_rest() -> None:
    _, plain, _ = recipes.read("demo")
    _, config, _ = recipes.read("demo", ["play.episodes=7", "stop.rounds=1", "methods.form=on"])
    assert (config.play.episodes, config.stop.rounds) == (7, 1)
    assert config.play.attempts == plain.play.attempts
    assert list(config.methods.on()) == ["form"]


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("play.episodes", "is none"), ("=3", "is none"), ("session.x=1", "no mapping"), ("play.episodes=[", "no YAML"),
        ("play.episode=3", "did you mean `episodes`"), ("methods.ifdd=on", "did you mean"),
    ],
)  # fmt: skip
def test_a_setting_that_is_none_is_refused_with_a_sentence(setting: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        recipes.read("demo", [setting])


def test_an_unknown_recipe_is_named_with_its_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'evolve'"):
        recipes.find("evolv")


def test_a_file_of_ones_own_is_a_recipe_too(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("session: here\nplay: {episodes: 3}\n")
    _, config, folder = recipes.read(str(tmp_path / "mine.yaml"))
    assert config.session == tmp_path / "here"
    assert folder == tmp_path


def test_only_a_method_that_the_recipe_uses_can_be_left_out() -> None:
    _, config, _ = recipes.read("demo", ["methods.form=on"])
    assert [arm.name for arm in arms(config, ["form", "form"], "demo")] == ["whole", "without form"]
    with pytest.raises(ConfigError, match=r"uses no method 'from'.*Did you mean 'form'"):
        arms(config, ["from"], "demo")
    with pytest.raises(ConfigError, match="needs a method to leave out"):
        arms(config, [], "demo")
