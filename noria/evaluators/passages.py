"""The passages of general text that ship with the package, on which forgetting shows."""

from functools import lru_cache
from pathlib import Path

FILE = Path(__file__).parent / "prose" / "passages.md"


@lru_cache
def passages() -> tuple[tuple[str, str], ...]:
    """Source and text of each passage."""
    parts = FILE.read_text(encoding="utf-8").split("\n## ")[1:]
    return tuple((source.strip(), " ".join(text.split())) for source, _, text in (one.partition("\n") for one in parts))
