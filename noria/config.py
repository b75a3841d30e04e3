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
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from noria.errors import ConfigError
from noria.types import ROLES, Role


class Part(BaseModel):
    """A frozen part of the config that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Serve(Part):
    """The local vLLM that Noria starts and stops."""

    student: Literal["auto", "adapter", "merged"] = "auto"
    """How a trained student is served: as an adapter in the running server, or merged in a server of its own."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    port: int = Field(default=0, ge=0, le=65535)
    """Port of the first server on loopback; 0 takes a free one."""
    max_model_len: int = Field(default=1024, ge=256)
    kv_cache_gib: float = Field(default=0.5, gt=0)
    """Memory of a server's KV cache on a CPU; a GPU's server takes its share by itself."""
    compile: bool = False
    """Compile the model at start: a slower start for somewhat faster decoding."""
    start_timeout: float = Field(default=300.0, gt=0)
    """Seconds a server may take to answer first."""
    arguments: tuple[str, ...] = ()
    """Further arguments for `vllm serve`, as they are."""


class Endpoint(Part):
    """An OpenAI-compatible endpoint that already runs."""

    url: str = ""
    """Base address ending in `/v1`; empty reads OPENAI_BASE_URL."""
    model: str
    """The name the policy is served under there."""
    key_env: str = "OPENAI_API_KEY"
    """Name of the environment variable that holds the key; a loopback endpoint needs none."""

    def address(self) -> str:
        """The base address.

        Raises:
            ConfigError: neither the config nor the environment names one.
        """
        url = self.url or os.environ.get("OPENAI_BASE_URL", "")
        if not url.startswith(("http://", "https://")):
            raise ConfigError(
                f"The endpoint for model {self.model!r} has no address (found {url!r}).",
                mend="Set its `url` in the config, or OPENAI_BASE_URL.",
            )
        return url.rstrip("/")

    def key(self) -> str:
        """The key, or a placeholder where the variable is not set."""
        return os.environ.get(self.key_env, "") or "none"


class Seeds(Part):
    """What a session starts from besides its domains."""

    topics: tuple[str, ...] = ()
    """Short topics; tasks that have a subject take one of them."""
    rows: Path | None = None
    """A JSONL file of chat rows (`messages`): seeds to build on and anchors in training."""
    malformed: Literal["refuse", "skip"] = "refuse"
    """What a malformed row does: refuse the file, or be skipped and named."""


class Play(Part):
    """One round of episodes."""

    episodes: int = Field(default=150, ge=1)
    """Episodes dealt a round."""
    batch: int = Field(default=150, ge=1, le=256)
    """Episodes in flight together; a checkpoint lies between batches."""
    attempts: int = Field(default=4, ge=1, le=64)
    """Answers the solver gives to one task."""
    max_drafts: int = Field(default=2, ge=1, le=8)
    """Drafts of one candidate, the first included."""
    solve_rate: tuple[float, float] = (0.0, 1.0)
    """The band of solve rates that is accepted."""
    targets: Literal["verified", "verified_or_program"] = "verified_or_program"
    """What a sample may teach: a policy's verified answer, or the program's own where there is none."""
    temperature: float = Field(default=0.9, ge=0, le=2)
    concurrency: int = Field(default=64, ge=1)
    """Model calls in flight in the whole process."""
    deadline: float = Field(default=300.0, gt=0)
    """Seconds one model call may take, retries included."""
    near_duplicate: float = Field(default=0.95, gt=0, le=1)
    """Cosine similarity from which two free texts mean the same."""

    @model_validator(mode="after")
    def _band(self) -> "Play":
        low, high = self.solve_rate
        if not 0 <= low <= high <= 1:
            raise ValueError(f"solve_rate must be two shares, low then high, not {self.solve_rate}")
        return self


class SandboxRules(Part):
    """Where programs run that a model wrote."""

    minimum: Literal["landlock", "bwrap"] = "landlock"
    """The weakest isolation that will do; the strongest that works is used, and below this nothing runs."""


class VerifierRules(Part):
    """How verifiers are tested."""

    planted: int = Field(default=100, ge=0)
    """Right and as many wrong answers of each level that a verifier is shown before a round; 0 tests nothing."""

    @model_validator(mode="after")
    def _enough(self) -> "VerifierRules":
        if 0 < self.planted < 80:
            raise ValueError(
                "planted must be 0 or at least 80: fewer cannot show that a verifier refuses wrong answers"
            )
        return self


class Judge(Part):
    """How far the judge's opinion counts."""

    calibration: int = Field(default=24, ge=0)
    """Planted right and wrong answers the judge rules on each round; without them it has no veto."""
    veto_above: float = Field(default=0.7, ge=0.5, le=1)
    """Confidence a rejection needs to count."""


class Train(Part):
    """One fine-tuning of the student, always from its base."""

    rank: int = Field(default=16, ge=1, le=256)
    learning_rate: float = Field(default=5e-4, gt=0)
    epochs: int = Field(default=2, ge=1)
    batch: int = Field(default=8, ge=1)
    max_tokens: int = Field(default=40_000, ge=256)
    """Tokens one training may read, prompts and epochs included; rows beyond it are left out."""
    max_row_tokens: int = Field(default=256, ge=32)
    replay: float = Field(default=1.0, ge=0)
    """Rows of earlier rounds, as a multiple of this round's rows."""
    anchors: float = Field(default=0.2, ge=0)
    """Rows of the user's own, as a multiple of this round's rows."""
    generator_rows: float = Field(default=0.15, ge=0)
    """Proposals kept for the generator's role, as a multiple of the solver's rows."""
    min_rows: int = Field(default=16, ge=1)
    """With fewer new rows a round does not train."""
    seed: int = 0


class ExamRules(Part):
    """How parent and student are compared."""

    items: int = Field(default=40, ge=5)
    """Fresh items of each domain."""
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    """Chance of promoting a student that is no better."""


class Stop(Part):
    """When a session ends; whichever comes first is reported."""

    rounds: int = Field(default=2, ge=1)
    tokens: int | None = Field(default=None, ge=1)
    """Prompt and completion tokens of the whole session."""
    hours: float | None = Field(default=None, gt=0)
    plateau: int | None = Field(default=None, ge=1)
    """Rounds in a row without a promotion."""


class SessionConfig(Part):
    """A whole session."""

    session: Path = Path("sessions/session")
    """The session's folder."""
    student: str = "default"
    """`default` (SmolLM2-135M-Instruct from its wheel), a local model folder, or a hub id."""
    random: int = 0
    """Names the session's random streams."""
    domains: dict[str, tuple[int, ...]] = {
        "arithmetic": (1, 2),
        "text_ops": (1, 2),
        "units": (1, 2),
        "constraints": (1, 2),
    }
    """Domains and the levels that may be dealt; a session begins at the lowest."""
    domain_files: tuple[Path, ...] = ()
    """Python files with a domain of your own each; what they call themselves may stand in `domains`."""
    seats: dict[Role, str] = {}
    """Who plays each role: `student`, `base`, or an endpoint's name; by default the student solves."""
    endpoints: dict[str, Endpoint] = {}
    prompts: Path | None = None
    """A folder whose templates go before the package's."""
    serve: Serve = Serve()
    seeds: Seeds = Seeds()
    play: Play = Play()
    sandbox: SandboxRules = SandboxRules()
    verifiers: VerifierRules = VerifierRules()
    judge: Judge = Judge()
    train: Train = Train()
    exam: ExamRules = ExamRules()
    stop: Stop = Stop()

    @model_validator(mode="after")
    def _seats(self) -> "SessionConfig":
        for name in self.endpoints:
            if name in ("student", "base") or name.startswith("student-r"):
                raise ValueError(f"endpoints.{name} has a name of the session's own policies; call it otherwise")
        for role, seat in self.seats.items():
            if seat not in ("student", "base") and seat not in self.endpoints:
                raise ValueError(f"seats.{role} names {seat!r}, which is neither `student`, `base` nor an endpoint")
        if not self.domains:
            raise ValueError("domains must name at least one domain")
        for name, levels in self.domains.items():
            if not levels or min(levels) < 1:
                raise ValueError(f"domains.{name} needs at least one level, from 1 up")
        return self

    def seat(self, role: Role) -> str:
        """Who plays a role: `student`, `base` or an endpoint's name."""
        return self.seats.get(role, "student" if role == "solver" else "base")

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

    def at(path: Path | None) -> Path | None:
        return None if path is None else Path(os.path.normpath(folder / path.expanduser()))

    seeds = config.seeds.model_copy(update={"rows": at(config.seeds.rows)})
    files = tuple(Path(os.path.normpath(folder / path.expanduser())) for path in config.domain_files)
    config = config.model_copy(update={"domain_files": files})
    return config.model_copy(update={"session": at(config.session), "prompts": at(config.prompts), "seeds": seeds})


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
