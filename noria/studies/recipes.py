"""Recipes: whole configs that people start from.

    recipes/evolve.yaml      by name (`evolve`) or by path; of the repository, or as the package carries them

A recipe is a config like any other. What names it may set a few things of it (`play.episodes=40`)
where a study plays it smaller; what is set is told wherever the study is.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from noria.config import SessionConfig
from noria.config.session import parse
from noria.errors import ConfigError

PLACES = (Path(__file__).parent.parent / "recipes", Path(__file__).parent.parent.parent / "recipes")
"""Where recipes lie: in an installed package, in the repository."""


def names() -> tuple[str, ...]:
    """The recipes there are."""
    return tuple(sorted({path.stem for place in PLACES for path in place.glob("*.yaml")}))


def find(recipe: str) -> Path:
    """The file of a recipe, by its name or its path.

    Raises:
        ConfigError: there is none.
    """
    for place in PLACES:
        if (path := place / f"{recipe}.yaml").is_file():
            return path
    if (path := Path(recipe)).is_file():
        return path
    near = difflib.get_close_matches(recipe, names(), n=1)
    mend = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(names()) or 'none'}; or name a file."
    raise ConfigError(f"There is no recipe {recipe!r}.", mend=mend)


def read(recipe: str, settings: Iterable[str] = ()) -> tuple[dict[str, Any], SessionConfig, Path]:
    """A recipe as it is written, with what is set in it, its config, and the folder its paths are taken from.

    Raises:
        ConfigError: there is no such recipe, it is wrong, or a setting is.
    """
    path = find(recipe)
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise ConfigError(f"The recipe {str(path)!r} cannot be read: {' '.join(str(fault).split())}.") from fault
    if not isinstance(data, dict):
        raise ConfigError(f"The recipe {str(path)!r} must be a mapping of keys.")
    for setting in settings:
        put(data, setting)
    folder = path.resolve().parent
    return data, parse(data, place=str(path), folder=folder), folder


def put(data: dict[str, Any], setting: str) -> None:
    """Set one key, named by its path, in a config as it is written: `play.episodes=40`.

    Raises:
        ConfigError: it is no setting, or goes through something that is no mapping.
    """
    name, given, value = setting.partition("=")
    steps = name.strip().split(".")
    if not given or not all(steps):
        raise ConfigError(f"The setting {setting!r} is none.", mend="Write KEY.KEY=VALUE, as in play.episodes=40.")
    here = data
    for step in steps[:-1]:
        below = here.get(step)
        below = {} if below is None or below is True else below
        if not isinstance(below, dict):
            raise ConfigError(f"The setting {setting!r} goes through {step!r}, which is no mapping.")
        here[step] = below
        here = below
    try:
        here[steps[-1]] = yaml.safe_load(value)
    except yaml.YAMLError as fault:
        raise ConfigError(f"The setting {setting!r} is no YAML value.") from fault


def written(recipe: str) -> str:
    """A recipe's text as a config of one's own: its session goes below the folder it is written to.

    Raises:
        ConfigError: there is no such recipe, or it cannot be read.
    """
    path = find(recipe)
    try:
        return path.read_text(encoding="utf-8").replace("session: ../sessions/", "session: sessions/")
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"The recipe {str(path)!r} cannot be read: {fault}.") from fault
