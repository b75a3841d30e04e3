"""The arms of an ablation: a recipe as it is, and the same without one of its methods each.

    recipe ─┬─► whole          × seeds      the same domains, episodes, rounds and training budget:
            ├─► without ifd    × seeds      one line of the config apart
            └─► without evolve × seeds

Every arm is dealt the same number of episodes and may train on the same number of tokens. What a
method costs in calls is not evened out: it is one of the figures. The seed of an arm's session
(`random`, `train.seed`) is the same in every arm, so sessions are compared in pairs.
"""

import copy
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from noria.config import SessionConfig
from noria.config.session import parse
from noria.errors import ConfigError
from noria.studies.planned import Planned
from noria.types import Noun

WHOLE = "whole"


class Arm(Noun):
    """One way to play the recipe."""

    name: str
    without: str = ""
    """The method that is left out; empty for the whole recipe."""


class Plan(Planned):
    """What a study plays: written down before it plays, and held to when it is resumed."""

    recipe: str
    folder: str
    """The folder that the recipe's paths are taken from."""
    config: dict[str, Any]
    """The recipe as it is written, with what was set in it."""
    settings: tuple[str, ...] = ()
    arms: tuple[Arm, ...]
    seeds: tuple[int, ...] = Field(min_length=1)
    dry: bool = False
    """Whether puppets play."""

    def written(self, arm: Arm, seed: int, session: Path) -> dict[str, Any]:
        """An arm's config as it is written, for one seed."""
        data = copy.deepcopy(self.config)
        if arm.without:
            methods = dict(data.get("methods") or {})
            methods[arm.without] = False
            data["methods"] = methods
        data["random"] = seed
        data["session"] = str(session)
        data["train"] = {**(data.get("train") or {}), "seed": seed}
        return data

    def parsed(self, arm: Arm, seed: int, session: Path) -> SessionConfig:
        """An arm's config for one seed.

        Raises:
            ConfigError: without the method the rest contradicts itself.
        """
        place = f"{self.recipe}, {arm.name}"
        return parse(self.written(arm, seed, session), place=place, folder=Path(self.folder))


def arms(config: SessionConfig, without: Sequence[str], recipe: str) -> tuple[Arm, ...]:
    """The whole recipe, and an arm for each method that is to be left out.

    Raises:
        ConfigError: a method is named that the recipe does not use, or none is.
    """
    on = config.methods.on()
    if not without:
        raise ConfigError(
            "An ablation needs a method to leave out.",
            mend=f"Name one with --without; {recipe} uses: {', '.join(on) or 'none'}.",
        )
    for name in without:
        if name not in on:
            near = difflib.get_close_matches(name, on, n=1)
            mend = f"Did you mean {near[0]!r}?" if near else f"It uses: {', '.join(on) or 'none'}."
            raise ConfigError(f"The recipe {recipe!r} uses no method {name!r}.", mend=mend)
    return (Arm(name=WHOLE), *(Arm(name=f"without {name}", without=name) for name in dict.fromkeys(without)))
