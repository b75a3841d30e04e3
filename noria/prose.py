"""Prose: where a sentence ends, as documents are cut by it and questions are asked by it."""

import re

_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+(?=[\"'“‘(`]?[A-Z0-9`])")


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order; a line's end is a sentence's end."""
    return [one.strip() for line in text.split("\n") for one in _END.split(line) if one.strip()]
