"""What a session was measured to be like, as far as a plan needs it; small enough to be carried elsewhere.

    dealt ─► accepted                          a share, and of how many
    each seat                                  calls, prompt and completion tokens a dealt episode, with their spread
    each round, whatever it dealt              what exams, seats' exams and calibrations asked
    each accepted                              what methods of selection read, what a training read

`noria plan --from SESSION --keep FILE` writes one; the package ships one of a real session (`measured.yaml`).
"""

from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from noria.errors import ConfigError, storage
from noria.types import Noun

SHIPPED = Path(__file__).with_name("measured.yaml")

GENERATE, SOLVE, JUDGE = "generate", "solve", "judge"

SEATS = {"generator": GENERATE, "solver": SOLVE, "critic": JUDGE, "adversary": JUDGE, "judge": JUDGE}
"""Which stage of a plan a role's calls belong to."""


class Mean(Noun):
    """A figure of an episode: its mean over those that were dealt, and the standard deviation of one."""

    mean: float = 0.0
    sd: float = 0.0


class Seat(Noun):
    """What a stage asks, a dealt episode: those that never came to it count as nothing."""

    calls: float
    prompt: Mean
    completion: Mean


class Aside(Noun):
    """Calls that no episode made."""

    prompt: float = 0.0
    completion: float = 0.0
    seconds: float = 0.0


class Taught(Noun):
    """What was trained."""

    rounds: int = 0
    tokens: float = 0.0
    """Read in all, epochs included."""
    rows: int = 0
    replayed: int = 0
    """Those of earlier rounds among them,"""
    fresh: int = 0
    """and those of the round's own samples."""
    replay: float = 0.0
    """The config's: rows of earlier rounds that a later round adds, as a multiple of the fresh ones."""
    accepted: int = 0
    """Accepted in those rounds."""
    seconds: float = 0.0
    """Of the whole stage."""

    def read(self, earlier: float) -> float:
        """Tokens a training reads, an accepted episode; `earlier` is the share of rounds that follow others."""
        if not (self.rows and self.accepted):
            return 0.0
        own = self.rows - self.replayed
        return self.tokens / self.rows * (own + self.replay * earlier * self.fresh) / self.accepted


class Bytes(Noun):
    """What lies on disk."""

    episode: float = 0.0
    """Ledger, catalogue, checkpoints and neighbour index, a dealt episode."""
    adapter: float = 0.0
    """An adapter, a trained student."""


class Profile(Noun):
    """What a session was like."""

    session: str
    """The name of its folder."""
    played: str
    """The day it was started."""
    pretended: bool = False
    """Whether puppets played it: its counts are real, its tokens mean nothing."""
    parameters: float
    """Of the model that was served."""
    rounds: int
    dealt: int = Field(ge=1)
    """Episodes that ended."""
    accepted: int
    compared: int
    """Candidates that were held against all before them,"""
    duplicates: int
    """and those that had been there."""
    told: int = Field(ge=1)
    """Episodes that answers and seats were measured on: those after the first round where there are any, for it begins
    with nothing to show a generator, and a student that was taught nothing."""
    answers: float
    """Answers that were checked, an episode."""
    seats: dict[str, Seat]
    """By stage: `generate`, `solve`, `judge`."""
    play_tokens: float
    """Of all of them, prompts included."""
    play_seconds: float
    """In which the episodes were played; 0 where that is not known of them alone."""
    exams: Aside
    """Exams of students, probation and calibrations: of one round."""
    seating: Aside
    """Exams for seats: of one round that held them,"""
    seated: int
    """and how many rounds did: those whose student was promoted and has not earned all of them."""
    curate: Aside
    """What methods of selection asked, an accepted episode."""
    taught: Taught
    disk: Bytes

    def tokens(self) -> float:
        """Tokens a dealt episode, prompts included."""
        return sum(seat.prompt.mean + seat.completion.mean for seat in self.seats.values())


def keep(profile: Profile, path: Path) -> None:
    """Write a profile.

    Raises:
        SessionError: the file cannot be written.
    """
    head = "# What a session was measured to be like; `noria plan --from` reads it, `--keep` wrote it.\n"
    with storage(path):
        path.write_text(head + yaml.safe_dump(profile.model_dump(), sort_keys=False), encoding="utf-8")


def read(path: Path) -> Profile:
    """A profile that was kept.

    Raises:
        ConfigError: the file is no profile.
    """
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Profile.model_validate(data)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise ConfigError(f"The profile {str(path)!r} cannot be read: {' '.join(str(fault).split())}.") from fault
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise ConfigError(
            f"The profile {str(path)!r} is wrong: `{where}`: {first['msg']}.",
            mend="`noria plan --from SESSION --keep FILE` writes one.",
        ) from fault
