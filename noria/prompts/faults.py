"""What is wrong with a template: a line, a sentence, and the mend."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from noria.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, or that its author may not have meant."""

    line: int
    """Line of the file, from 1."""
    what: str
    mend: str = ""
    warning: bool = False
    """Whether the template can be used as it is."""

    def __str__(self) -> str:
        return f"{self.what} {self.mend}".strip()


def refuse(found: Iterable[Fault], place: str) -> None:
    """Raise the first fault that keeps a template from being used.

    Raises:
        ConfigError: with file and line.
    """
    for one in sorted(found, key=lambda fault: fault.line):
        if not one.warning:
            raise ConfigError(f"{place}:{one.line}: {one.what}", mend=one.mend)


def place_of(path: Path | None, name: str) -> str:
    """How a template is called in a sentence."""
    return str(path) if path else f"{name}.md"


def names(these: Iterable[str]) -> str:
    """Names in a sentence."""
    return ", ".join(f"`{name}`" for name in sorted(these))
