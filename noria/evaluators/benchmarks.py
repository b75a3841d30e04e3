"""Benchmarks that the user names: files of items that nothing may be learned from.

One JSON object a line. What is asked stands in `messages` (the user's), or in `prompt`,
`question` or `instruction`; everything else in a line is left alone.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from noria.errors import ConfigError
from noria.evaluators.contamination import Item, words

KEYS = ("prompt", "question", "instruction")
"""Keys that hold what an item asks, where it has no `messages`."""

MEND = "Each line is a JSON object with `messages`, `prompt`, `question` or `instruction`."


def benchmarks(paths: Iterable[Path]) -> list[Item]:
    """The items of benchmark files, each with its file and line.

    Raises:
        ConfigError: a file cannot be read, holds a line that is no item, or holds none at all.
    """
    return [item for path in paths for item in _items(path)]


def _items(path: Path) -> list[Item]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(
            f"The benchmark {str(path)!r} cannot be read: {fault}.", mend="Check `hygiene.benchmarks`."
        ) from fault
    items: list[Item] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            asked = _asked(json.loads(line))
        except json.JSONDecodeError as fault:
            sentence = f"The benchmark's line {path}:{number} is not JSON at column {fault.colno}: {fault.msg}."
            raise ConfigError(sentence, mend=MEND) from fault
        if not any(words(text) for text in asked):
            raise ConfigError(f"The benchmark's line {path}:{number} asks nothing.", mend=MEND)
        items += [Item(f"{path.name}:{number}", text) for text in asked if words(text)]
    if not items:
        raise ConfigError(f"The benchmark {str(path)!r} holds no item.", mend=MEND)
    return items


def _asked(data: object) -> list[str]:
    """What a line asks: every message of the user, or the text of a key."""
    if not isinstance(data, dict):
        return []
    if isinstance(data.get("messages"), list):
        said = [one for one in data["messages"] if isinstance(one, dict) and one.get("role") == "user"]
        return [one["content"] for one in said if isinstance(one.get("content"), str)]
    return [data[key] for key in KEYS if isinstance(data.get(key), str)][:1]
