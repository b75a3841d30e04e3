"""What is run, and what came of it; plain data of the standard library alone.

Job (source, calls, seed, limits) ─► Ran (status, answers, what it said, level)
"""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

SOURCE_LIMIT = 100_000
"""Longest source, in characters, that is compiled at all."""

Status = Literal["finished", "timeout", "flood", "killed", "broken"]
"""How a run ended: by itself; at its time limit; at its output limit; by a signal (memory, a
crash, a forbidden call); before anything was called (the source does not compile or fails)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use."""

    seconds: float = 2.0
    """Wall time of the whole run."""
    memory: int = 256 * 2**20
    """Bytes of address space beyond the interpreter's own."""
    answer: int = 256 * 2**10
    """Bytes all answers together may have."""
    words: int = 64 * 2**10
    """Bytes that may be printed; what is more ends the run."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function of the source, with arguments that are JSON."""

    function: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One source and the calls to make of it, in order, in one process."""

    source: str
    calls: tuple[Call, ...]
    seed: int = 0
    """PYTHONHASHSEED of the interpreter; two seeds show what depends on the order of a set."""
    limits: Limits = field(default_factory=Limits)

    @property
    def imports(self) -> bool:
        """Whether the source may import anything: whoever does so without the word finds little."""
        return "import" in self.source

    def text(self) -> str:
        """The job as it enters the sandbox."""
        calls = [[call.function, list(call.arguments)] for call in self.calls]
        return json.dumps({"source": self.source, "calls": calls}, allow_nan=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call gave."""

    value: str | None
    """The value as exact JSON; none where it failed or is no JSON."""
    fault: str = ""
    """The error in words, where there is one."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished run."""

    status: Status
    answers: tuple[Answer, ...]
    """One a call, in order; calls that were never answered have a fault."""
    said: str
    """What it printed, cut; for people, never for a verdict."""
    level: str
    """The isolation it ran under, such as `bwrap+landlock7+seccomp`."""
    seconds: float
    steady: bool = False
    """Whether the program's syntax shows that it gives the same under every hash seed (see inside/steady.py)."""

    @property
    def why(self) -> str:
        """The first fault in words; empty where every call was answered."""
        return next((answer.fault for answer in self.answers if answer.fault), "")


def exact(value: Any) -> str:
    """The one JSON text of a value; types are kept apart: `true`, `1` and `1.0` are three values.

    Raises:
        ValueError: the value holds a number that JSON cannot say.
        TypeError: the value is not JSON.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def parse(text: str) -> Any:
    """Read JSON that somebody hostile may have written.

    Raises:
        ValueError: it is no JSON, names a key twice, holds NaN or an infinity, or nests too deep.
    """
    try:
        return _STRICT.decode(text)
    except RecursionError as fault:
        raise ValueError("it nests too deep") from fault


def _never(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too large")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


_STRICT = json.JSONDecoder(parse_constant=_never, object_pairs_hook=_once, parse_float=_finite)
