"""Seeds: what a session starts from besides its domains.

Topics are lines of the config; rows are the user's own chats, one JSON object a line with
`messages`. A row that is malformed is named by its line, and refuses the file or is
skipped, as the config says: a session never starts on less than the user thinks it has.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from noria.config import Seeds
from noria.errors import ConfigError
from noria.identity import content_id
from noria.types import Message, Seed

LONGEST = 60
"""Longest topic, in characters."""


def gather(rules: Seeds) -> tuple[list[Seed], list[str]]:
    """The seeds, and a sentence for each row that was skipped.

    Raises:
        ConfigError: a topic is no topic, the file cannot be read, a row is malformed and rows
            are not to be skipped, or nothing usable is left of the file.
    """
    seeds: dict[str, Seed] = {}
    for topic in rules.topics:
        text = " ".join(topic.split())
        if not 2 <= len(text) <= LONGEST:
            raise ConfigError(f"The topic {topic[:LONGEST]!r} must have 2 to {LONGEST} characters.")
        seed = Seed(id=content_id("seed", ["topic", text]), kind="topic", text=text)
        seeds[seed.id] = seed
    skipped: list[str] = []
    if rules.rows is not None:
        rows = _rows(rules.rows, skip=rules.malformed == "skip", skipped=skipped)
        if not rows:
            raise ConfigError(
                f"The seed file {str(rules.rows)!r} holds no usable row.", mend='Each line is {"messages": […]}.'
            )
        seeds.update((seed.id, seed) for seed in rows)
    return list(seeds.values()), skipped


def _rows(path: Path, *, skip: bool, skipped: list[str]) -> list[Seed]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(
            f"The seed file {str(path)!r} cannot be read: {fault}.", mend="Check `seeds.rows`."
        ) from fault
    seeds = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            seeds.append(row(json.loads(line)))
        except ValueError as fault:
            sentence = f"{path}:{number}: {_why(fault)}"
            if not skip:
                mend = "Mend the line, or set `seeds.malformed: skip`."
                raise ConfigError(f"A seed row is malformed: {sentence}.", mend=mend) from fault
            skipped.append(sentence)
    return seeds


def row(data: Any) -> Seed:
    """A seed from one parsed line.

    Raises:
        ValueError: it is no chat with a user's message.
    """
    if not isinstance(data, dict) or not isinstance(data.get("messages"), list):
        raise ValueError("the row is no object with a list of `messages`")
    picked = [
        {"role": one.get("role"), "content": one.get("content")} for one in data["messages"] if isinstance(one, dict)
    ]
    messages = tuple(Message.model_validate(one) for one in picked)
    asked = next((message.content for message in messages if message.role == "user"), "")
    if not asked.strip():
        raise ValueError("the row has no message of the user")
    said = [message.model_dump() for message in messages]
    return Seed(id=content_id("seed", ["row", said]), kind="row", text=asked, messages=messages)


def _why(fault: ValueError) -> str:
    if isinstance(fault, ValidationError):
        first = fault.errors(include_url=False)[0]
        return f"`{'.'.join(str(step) for step in first['loc'])}`: {first['msg']}"
    if isinstance(fault, json.JSONDecodeError):
        return f"not JSON at column {fault.colno}: {fault.msg}"
    return str(fault)
