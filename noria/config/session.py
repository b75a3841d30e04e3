"""One YAML file says what a session is; its defaults run on a laptop.

    noria.yaml ─► load() ─► SessionConfig (frozen)

Every key has a default, an unknown key is refused with the nearest name, and the resolved
config is stored in the session, so a resumed session plays by the rules it began with.
"""

import difflib
import os
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from noria.config.arm import Arm
from noria.config.exam import ExamRules
from noria.config.guards import Guard, GuardName, resolved
from noria.config.hygiene import Hygiene
from noria.config.methods import Methods
from noria.config.methods.method import Rooting
from noria.config.parts import (
    Approve,
    Endpoint,
    Judge,
    Part,
    Play,
    SandboxRules,
    Seeds,
    Serve,
    Stop,
    Train,
    VerifierRules,
)
from noria.config.roles import RoleRules
from noria.config.store import Store
from noria.errors import ConfigError
from noria.types import ROLES, Role

BY_DEFAULT: tuple[Role, ...] = ("solver", "generator", "judge")
"""Roles of the student where the config names nobody: it solves, and may earn the others."""


class SessionConfig(Part):
    """A whole session."""

    session: Path = Path("sessions/session")
    """The session's folder."""
    student: str = "default"
    """`default` (SmolLM2-135M-Instruct from its wheel), a local model folder, or a hub id."""
    random: int = 0
    """Names the session's random streams."""
    domains: dict[str, tuple[int, ...]] = Field(
        default={"arithmetic": (1, 2), "text_ops": (1, 2), "units": (1, 2), "constraints": (1, 2)}
    )
    """Domains and the levels that may be dealt; a session begins at the lowest."""
    domain_files: tuple[Path, ...] = ()
    """Python files with a domain of your own each; what they call themselves may stand in `domains`."""
    seats: dict[Role, str] = Field(default={})
    """Who plays each role: `base`, an endpoint's name, or `student`: it solves at once, and may earn another seat,
    which the base holds until then. By default it may earn the generator's and the judge's."""
    endpoints: dict[str, Endpoint] = Field(default={})
    prompts: Path | None = None
    """A folder whose templates go before the package's."""
    executor: Literal["local", "ray"] = "local"
    """Where episodes, their checks and trainings run: in this process and its children, or on a Ray cluster (extra
    `ray`), the one that RAY_ADDRESS names, or one of this machine's own for as long as the session plays."""
    store: Store = Store()
    serve: Serve = Serve()
    seeds: Seeds = Seeds()
    play: Play = Play()
    sandbox: SandboxRules = SandboxRules()
    verifiers: VerifierRules = VerifierRules()
    judge: Judge = Judge()
    train: Train = Train()
    exam: ExamRules = ExamRules()
    roles: RoleRules = RoleRules()
    guards: dict[GuardName, Guard] = Field(default={}, validate_default=True)
    """Bound and action of each guard against collapse; what is not named keeps its default, `off` turns all off."""
    hygiene: Hygiene = Hygiene()
    approve: Approve = Approve()
    methods: Methods = Methods()
    """Methods of data-efficient post-training beyond the plain loop, each off unless it is named (`ifd: on`)."""
    stop: Stop = Stop()
    arm: Arm = Arm()
    """Only for studies: what of the loop is put aside or replaced, to learn what it does."""

    @field_validator("guards", mode="before")
    @classmethod
    def _guards(cls, given: Any) -> Any:
        return resolved(given)

    @model_validator(mode="after")
    def _seats(self) -> "SessionConfig":
        for name in self.endpoints:
            if name in ("student", "base") or name.startswith(("student-r", "judge-r")):
                raise ValueError(f"endpoints.{name} has a name of the session's own policies; call it otherwise")
        for role, seat in self.seats.items():
            if seat not in ("student", "base") and seat not in self.endpoints:
                raise ValueError(f"seats.{role} names {seat!r}, which is neither `student`, `base` nor an endpoint")
        if not self.domains:
            raise ValueError("domains must name at least one domain")
        for name, levels in self.domains.items():
            if not levels or min(levels) < 1:
                raise ValueError(f"domains.{name} needs at least one level, from 1 up")
        told = "gate" not in self.arm.without or self.play.targets != "verified" or bool(self.methods.on())
        if self.arm.accept != "verified" and told:
            raise ValueError(
                f"arm.accept: {self.arm.accept} knows no right answer, so the session must not use one elsewhere: "
                "put the gate aside (`arm.without: [gate]`), set `play.targets: verified`, and name no methods"
            )
        for name, rules in self.methods.on().items():
            if why := rules.contradicts(self):
                raise ValueError(f"methods.{name}: {why}")
        return self

    def seat(self, role: Role) -> str:
        """Who plays a role, or may earn its seat: `student`, `base` or an endpoint's name."""
        return self.seats.get(role, "student" if role in BY_DEFAULT else "base")

    def earnable(self) -> tuple[Role, ...]:
        """The roles whose seat the student may earn by an exam; none where no exam is to be held.

        Where judges are trained, one of them may earn the judge's seat, and no student.
        """
        own = tuple(role for role in ROLES if role != "solver" and self.seat(role) == "student" and self.roles.items)
        return tuple(role for role in own if role != "judge" or self.methods.trained_judge is None)

    def contested(self) -> int:
        """How many seats exams may give away, to a student or to a trained judge."""
        return len(self.earnable()) + (self.methods.trained_judge is not None)

    def needs_local(self) -> bool:
        """Whether any seat is held by a model Noria serves itself."""
        return any(self.seat(role) in ("student", "base") for role in ROLES)


def load(path: Path) -> SessionConfig:
    """Read a config file; relative paths in it are taken from the file's folder.

    Raises:
        ConfigError: the file is missing, is no YAML mapping, or says something wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(
            f"The config {str(path)!r} cannot be read: {fault}.", mend="`noria init` writes one."
        ) from fault
    try:
        data = yaml.safe_load(text) or {}
    except yaml.YAMLError as fault:
        raise ConfigError(f"The config {str(path)!r} is not YAML: {' '.join(str(fault).split())}.") from fault
    if not isinstance(data, dict):
        raise ConfigError(f"The config {str(path)!r} must be a mapping of keys, not {type(data).__name__}.")
    return parse(data, place=str(path), folder=path.resolve().parent)


def parse(data: dict[str, Any], *, place: str, folder: Path) -> SessionConfig:
    """Check a config read from `place`; relative paths are taken from `folder`.

    Raises:
        ConfigError: a key is unknown or a value is wrong; the sentence names both.
    """
    try:
        config = SessionConfig.model_validate(data)
    except ValidationError as fault:
        raise ConfigError(f"The config {place!r} is wrong: {_sentence(fault)}.") from fault

    def at(path: Path) -> Path:
        return Path(os.path.normpath(folder / path.expanduser()))

    rows, prompts = config.seeds.rows and at(config.seeds.rows), config.prompts and at(config.prompts)
    seeds = config.seeds.model_copy(update={"rows": rows})
    files = tuple(map(at, config.domain_files))
    named = tuple(map(at, config.hygiene.benchmarks))
    hygiene = config.hygiene.model_copy(update={"benchmarks": named})
    config = config.model_copy(update={"domain_files": files, "hygiene": hygiene, "methods": _rooted(config, at)})
    return config.model_copy(update={"session": at(config.session), "prompts": prompts, "seeds": seeds})


def _rooted(config: SessionConfig, at: Rooting) -> Methods:
    """The methods with the paths they name taken from the config's folder."""
    own = {name: moved for name, rules in config.methods.on().items() if (moved := rules.rooted(at)) is not rules}
    return config.methods.model_copy(update=own)


def _sentence(fault: ValidationError) -> str:
    """The first fault of a validation, with the key's path and the nearest known key."""
    first = fault.errors(include_url=False)[0]
    where = ".".join(str(step) for step in first["loc"]) or "the whole"
    if first["type"] != "extra_forbidden":
        return f"`{where}`: {first['msg'].removeprefix('Value error, ')}"
    near = difflib.get_close_matches(str(first["loc"][-1]), _known(first["loc"][:-1]), n=1)
    return f"unknown key `{where}`" + (f"; did you mean `{near[0]}`?" if near else "")


def _known(path: tuple[int | str, ...]) -> list[str]:
    """The keys allowed at a path of the config."""
    part: Any = SessionConfig
    for step in path:
        field = part.model_fields.get(str(step)) if isinstance(part, type) and issubclass(part, BaseModel) else None
        part = field.annotation if field else Endpoint
    return list(part.model_fields) if isinstance(part, type) and issubclass(part, BaseModel) else []
