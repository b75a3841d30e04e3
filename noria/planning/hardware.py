"""What machines are made of: the table, and one of them by its name.

    h100x8 ─► eight of `h100` ─► Machine

The table is data (`hardware.yaml`): a machine that is not in it needs an entry there and no code.
"""

import difflib
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from noria.errors import ConfigError
from noria.types import Noun

TABLE = Path(__file__).with_name("hardware.yaml")

SESSION = "session"
"""The machine that the profile's session was played on, by that session's own seconds."""

Range = tuple[float, float]
"""The lower and the upper end of what a figure may be."""


class Measured(Noun):
    """What a machine was seen to do with one model."""

    parameters: float
    """The model's; another takes as many times as long as it is larger."""
    tokens_second: Range
    """Tokens a second through the whole graph, prompts included."""
    tokens_source: str
    train_tokens_second: Range
    train_source: str


class Device(Noun):
    """One machine of the table; a rate that nobody measured is computed of what it is made of."""

    name: str
    memory: float
    """Bytes."""
    cores: int
    """Of its host, for each device."""
    price: float
    """US dollars an hour."""
    price_source: str
    start: Range
    """Seconds from a server's start to its first answer."""
    start_source: str
    bandwidth: float = 0.0
    """Bytes a second."""
    flops: float = 0.0
    """Dense bfloat16 operations a second."""
    sheet: str = ""
    """Where these two are from."""
    shared: bool = False
    """Whether checks and Noria itself take the same cores as the model."""
    merged: bool = False
    """Whether a student is served merged, in a server of its own, which starts once a round."""
    measured: Measured | None = None
    cores_source: str = ""


class Spent(Noun):
    """What something takes of a core, in seconds."""

    seconds: Range
    source: str


class Serving(Noun):
    """How far a server comes to what its device could do."""

    batch: int
    batch_source: str
    chunk: int
    chunk_source: str
    memory: float
    memory_source: str
    step: Range
    step_source: str
    bandwidth: Range
    compute: Range
    source: str
    split: Range
    split_source: str


class Training(Noun):
    """How far a training comes to what its device could do."""

    compute: Range
    source: str


class Table(Noun):
    """Everything that is known of machines."""

    checks: Spent
    orchestration: Spent
    serving: Serving
    training: Training
    hardware: dict[str, Device]


class Machine(Noun):
    """Some devices of one kind."""

    name: str
    device: Device
    count: int


@cache
def table(path: Path = TABLE) -> Table:
    """The table as it is written.

    Raises:
        ConfigError: it is damaged.
    """
    try:
        data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        shared = data.pop("gpus")
        data["hardware"] = {
            name: (shared if "measured" not in told else {}) | told for name, told in data["hardware"].items()
        }
        return Table.model_validate(data)
    except (OSError, yaml.YAMLError, ValidationError, KeyError, TypeError, AttributeError) as fault:
        said = " ".join(str(fault).split())
        raise ConfigError(f"The table of hardware {str(path)!r} cannot be read: {said}.") from fault


def machine(asked: str) -> Machine:
    """A machine by its name and how many: `h100x8`, `cpu2`.

    Raises:
        ConfigError: the table does not know it, or it is asked for no time at all.
    """
    known = table().hardware
    name, count = asked.strip().lower(), 1
    if name not in known and (found := re.fullmatch(r"(.+?)x(\d{1,6})", name)):
        name, count = found[1], int(found[2])
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise ConfigError(
            f"The hardware {asked!r} is unknown" + (f"; did you mean `{near[0]}`?" if near else "."),
            mend=f"Known are {', '.join(known)}, each as `NAMExCOUNT` too (`h100x8`), and `{SESSION}`: the machine "
            "that the session was played on.",
        )
    if count < 1:
        raise ConfigError(f"The hardware {asked!r} is none at all.", mend="Say how many, such as `h100x8`.")
    return Machine(name=name, device=known[name], count=count)
