"""What a study of gain plays: its arms, its budget, its test; written down before it plays, and held to.

    warm       the raw model after a small fine-tuning on answers that programs wrote: the honest baseline
    verified   the loop, from the warm start; what it learns, a policy wrote and a program verified
    random     the same loop where any answer is learned, whatever it is worth
    formed     the same where an answer is learned that has the form of one
    ceiling    from the warm start, the program's own answers to as many of the tasks that `verified` was dealt

Every loop is dealt the same number of tasks and tries, and learns as many answers a round as `verified`
found, in as many passes; so its optimiser takes as many steps. No arm has a gate: a gate asks a verifier, and
an arm that learns unverified answers must not be saved by one. `gated` is an arm of its own.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from noria.config import SessionConfig
from noria.config.session import parse
from noria.errors import ConfigError
from noria.studies.planned import Planned
from noria.types import Noun

WARM, VERIFIED, RANDOM, FORMED, CEILING, RAW = "warm", "verified", "random", "formed", "ceiling", "raw"
CONTROLS = (RANDOM, FORMED)
CORE = (WARM, VERIFIED, RANDOM, FORMED, CEILING)

CLAIM = 3
"""Seeds that a claim needs."""

ASIDE = {f"no_{part}": part for part in ("critic", "adversary", "memory", "curriculum")}
"""Further arms that play the verified loop without one of its parts."""

FURTHER = (*ASIDE, "gated", "distilled")

BUDGET = (
    ("play", "episodes"), ("play", "attempts"), ("train", "epochs"), ("train", "batch"), ("train", "max_tokens"),
    ("train", "replay"), ("stop", "rounds"),
)  # fmt: skip
"""The keys of a session that are its budget."""


class Scale(Noun):
    """How much is played, learned and asked."""

    rounds: int = Field(default=3, ge=1)
    episodes: int = Field(default=240, ge=1)
    """Tasks dealt a round."""
    attempts: int = Field(default=8, ge=1)
    """Answers of the student to each."""
    warm: int = Field(default=32, ge=1)
    """Answers of a program that the warm start learns, of each learned domain."""
    items: int = Field(default=200, ge=1)
    """Test items of each learned domain, at the learned levels."""
    levels: int = Field(default=50, ge=0)
    """Test items of each learned domain at a level that is not learned."""
    unseen: int = Field(default=200, ge=0)
    """Test items of the domain that is not learned."""
    sampled: int = Field(default=100, ge=0)
    """Test items of the learned domains that are answered `tries` times."""
    tries: int = Field(default=8, ge=1)
    max_tokens: int = Field(default=150_000, ge=256)
    """Tokens one training may read."""


SHORT = Scale(rounds=2, episodes=70, items=40, levels=10, unseen=40, sampled=40)
"""The short form: meant for under 45 minutes on two cores, too small for a claim."""


class GainPlan(Planned):
    """A study of gain."""

    student: str = "default"
    learned: dict[str, tuple[int, ...]] = Field(
        default={"arithmetic": (1, 2), "text_ops": (1,), "units": (1, 2), "constraints": (1,)}
    )
    """Domains and levels that are learned."""
    further: dict[str, int] = Field(default={"arithmetic": 3, "text_ops": 2, "units": 3, "constraints": 2})
    """The level of each that is tested and not learned."""
    unseen: dict[str, tuple[int, ...]] = Field(default={"deduction": (1,)})
    """The domain that is tested and never learned."""
    scale: Scale = Scale()
    arms: dict[str, dict[str, Any]] = Field(default={name: {} for name in CORE})
    """The arms, each with what it sets in its session beyond what every arm sets."""
    seeds: tuple[int, ...] = Field(default=(1, 2, 3), min_length=1)
    short: bool = False
    dry: bool = False
    """Whether puppets play."""
    folder: str = ""
    """The folder that paths of the student's are taken from."""

    @property
    def loops(self) -> tuple[str, ...]:
        """The arms that play sessions, `verified` first: it says how many rows the controls may learn."""
        return (VERIFIED, *(name for name in self.arms if name not in (WARM, VERIFIED, CEILING)))

    def written(
        self, arm: str, seed: int, *, student: str, session: Path, rows: tuple[int, ...] = ()
    ) -> dict[str, Any]:
        """The config of a loop's session, as it is written; `rows` bounds what a control may learn of each round."""
        scale, own = self.scale, self.arms[arm]
        data: dict[str, Any] = {
            "session": str(session), "student": student, "random": seed,
            "domains": {name: list(levels) for name, levels in self.learned.items()},
            "play": {
                "episodes": scale.episodes, "batch": min(256, scale.episodes), "attempts": scale.attempts,
                "targets": "verified",
            },
            "train": {
                "seed": seed, "max_tokens": scale.max_tokens, "replay": 1000.0, "anchors": 0.0, "generator_rows": 0.0,
                "min_rows": 1,
            },
            "exam": {"probation": 0}, "roles": {"items": 0}, "guards": False, "stop": {"rounds": scale.rounds},
            "arm": _aside(arm, rows),
        }  # fmt: skip
        return _merged(data, own)

    def parsed(self, arm: str, seed: int, **where: Any) -> SessionConfig:
        """The config of a loop's session.

        Raises:
            ConfigError: what the arm sets is wrong.
        """
        data = self.written(arm, seed, **where)
        return parse(data, place=f"the arm {arm!r} of the study", folder=Path(self.folder or "."))


def _aside(arm: str, rows: tuple[int, ...]) -> dict[str, Any]:
    if arm in CONTROLS:
        accept = "random" if arm == RANDOM else "well_formed"
        return {"accept": accept, "without": ["gate"], "rows": list(rows)}
    if arm == "gated":
        return {}
    return {"without": [*([ASIDE[arm]] if arm in ASIDE else []), "gate"]}


def _merged(data: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(data)
    for key, value in own.items():
        had = found.get(key)
        found[key] = _merged(had, value) if isinstance(had, dict) and isinstance(value, Mapping) else value
    return found


def read(path: Path) -> dict[str, Any]:
    """A study's own settings, from a YAML file.

    Raises:
        ConfigError: it cannot be read, or is no mapping.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise ConfigError(f"The study {str(path)!r} cannot be read: {' '.join(str(fault).split())}.") from fault
    if not isinstance(data, dict):
        raise ConfigError(f"The study {str(path)!r} must be a mapping of keys.")
    return data | {"folder": str(path.resolve().parent)}


def planned(data: Mapping[str, Any]) -> GainPlan:
    """A plan, once it is known to be fair.

    Raises:
        ConfigError: arms differ in budget, the baseline or the ceiling is missing, seeds are too few for a claim,
            or the test asks what is learned.
    """
    try:
        plan = GainPlan.model_validate(dict(data))
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ConfigError(f"The study is wrong: `{where}`: {first['msg'].removeprefix('Value error, ')}.") from fault
    if missing := [name for name in (WARM, VERIFIED, CEILING) if name not in plan.arms]:
        why = {CEILING: "how much could be gained", WARM: "what it is gained over", VERIFIED: "what the loop gains"}
        raise ConfigError(
            f"The study has no arm {missing[0]!r}, so it cannot tell {why[missing[0]]}.", mend="Name it among its arms."
        )
    if not plan.short and len(plan.seeds) < CLAIM:
        raise ConfigError(
            f"{len(plan.seeds)} seeds are too few for a claim; {CLAIM} are needed.",
            mend=f"Give --seeds {CLAIM} or more; --short plays fewer and claims nothing.",
        )
    if len(set(plan.seeds)) < len(plan.seeds):
        raise ConfigError("The study names a seed twice.", mend="Name each once.")
    if both := sorted(set(plan.unseen) & set(plan.learned)):
        raise ConfigError(
            f"The test overlaps the training: {both[0]!r} is to be unseen, and is learned.", mend="Take it out of one."
        )
    if both := sorted(name for name, level in plan.further.items() if level in plan.learned.get(name, ())):
        raise ConfigError(
            f"The test overlaps the training: level {plan.further[both[0]]} of {both[0]!r} is to be unseen, and is "
            "learned.", mend="Name another level in `further`.",
        )  # fmt: skip
    if plan.scale.sampled > plan.scale.items * len(plan.learned):
        raise ConfigError(f"{plan.scale.sampled} items are to be sampled of {plan.scale.items * len(plan.learned)}.")
    _equal(plan)
    return plan


def _equal(plan: GainPlan) -> None:
    for name in (WARM, CEILING):
        if plan.arms[name]:
            raise ConfigError(f"The arm {name!r} plays no session, so nothing can be set in it.")
    budgets = {
        name: _budget(plan.parsed(name, plan.seeds[0], student="default", session=Path("session")))
        for name in plan.loops
    }  # fmt: skip
    for name, budget in budgets.items():
        for key, value in budget.items():
            if value != budgets[VERIFIED][key]:
                raise ConfigError(
                    f"The arms differ in budget: `{key}` is {value} in {name!r} and {budgets[VERIFIED][key]} in "
                    f"{VERIFIED!r}.", mend="Set budgets in `scale`, for all arms.",
                )  # fmt: skip


def _budget(config: SessionConfig) -> dict[str, Any]:
    return {f"{part}.{key}": getattr(getattr(config, part), key) for part, key in BUDGET}
