"""What a bench found, in the one shape that the page of results is written from.

    bench ─► rows ─► FILE (--json FILE) ─► all benches ─► page ─► docs/results/performance.md

A row is one figure with what it is held to: a ratio of two things measured side by side in one run, or, where its unit
says so, an amount. It was measured several times in turn; the row holds the median and the ends. What
could not be measured is a row as well, and says why: nothing is silently left out.
"""

import argparse
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from noria.cli.interpreter import built_quick


@cache
def hardware() -> str:
    """This machine in a few words."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    built = "" if built_quick() else ", built without optimisation"
    return f"{cores} cores of {names[0] if names else platform.machine()}, Python {platform.python_version()}{built}"


def load() -> float:
    """Processes that wanted a core in the last minute: what else the machine did."""
    return round(os.getloadavg()[0], 1)


class Row(BaseModel):
    """One figure, with what it is held to."""

    model_config = ConfigDict(frozen=True)

    what: str
    command: str
    demand: int = 0
    """Which of the demands on performance it answers, 1 to 8; 0 where it is told beside them."""
    peer: str = ""
    """What it is compared with; empty where it is an amount."""
    peer_version: str = ""
    ratio: float | None = None
    """The median; none where it was not measured, and then `note` says why."""
    low: float | None = None
    high: float | None = None
    """The least and the most of the runs."""
    unit: str = ""
    """Of an amount; empty for a ratio."""
    limit: float | None = None
    """What it must reach; none where it is only told."""
    at_least: bool = True
    """Whether the limit is a floor."""
    met: bool | None = None
    """Whether the limit is met; none where there is none to meet or nothing was measured."""
    note: str = ""
    parts: dict[str, float] = {}
    """What an amount is made of, in its unit."""
    hardware: str = Field(default_factory=hardware)
    load: float = Field(default_factory=load)

    @model_validator(mode="before")
    @classmethod
    def _judged(cls, given: Any) -> Any:
        """Say whether the limit is met where the bench leaves it to its figures."""
        if isinstance(given, dict) and given.get("met") is None:
            ratio, limit = given.get("ratio"), given.get("limit")
            if ratio is not None and limit is not None:
                return given | {"met": ratio >= limit if given.get("at_least", True) else ratio <= limit}
        return given


ROWS = TypeAdapter(list[Row])


def row(what: str, command: str, each: Sequence[float], **rest: Any) -> Row:
    """A row of several measurements: their median and their ends."""
    found = {"ratio": statistics.median(each), "low": min(each), "high": max(each)} if each else {}
    return Row.model_validate({"what": what, "command": command, **found, **rest})


def write(path: Path | None, rows: Iterable[Row]) -> None:
    """Write rows where the command line says, if it does."""
    if path is not None:
        path.write_bytes(ROWS.dump_json(list(rows), indent=1))


def read(path: Path) -> list[Row]:
    """The rows of a file.

    Raises:
        ValueError: it holds none.
    """
    return ROWS.validate_json(path.read_bytes())


def installed(package: str) -> str:
    """The version of a package in this environment; empty where it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def asked(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """What every bench of the page takes."""
    parser.add_argument("--short", action="store_true", help="The short form: what `make bench` runs.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="Write the rows of the page there.")
    return parser
