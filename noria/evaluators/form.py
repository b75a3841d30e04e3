"""Form: what must hold of an instruction, and of a response, before anything dearer looks at it."""

import re
from collections.abc import Set

from noria.evaluators.foreign import foreign, spelled, talk
from noria.types import Check

LENGTHS = (10, 600)
"""Shortest and longest instruction, in characters."""

_ENDS = ".?!:;)]}\"'`’”…"
"""What the last character of a finished instruction may be."""

_REFUSAL = re.compile(r"\b(as an ai|i can(?:no|')t (?:help|assist)|i'm sorry, but)\b", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def check(instruction: str, own: Set[str] | None = None, longest: int = LENGTHS[1]) -> Check:
    """Whether a text can be an instruction: its length, its characters, its end, no refusal, no loop, nothing foreign.

    `own` are the words a program would use for the task; without them, any word may be its own.
    """
    low, high = LENGTHS[0], longest
    text, words = instruction.strip(), instruction.lower().split()
    if not low <= len(text) <= high:
        return Check.of("form", False, f"{len(text)} characters; {low} to {high} are allowed")
    if found := _CONTROL.search(instruction):
        return Check.of("form", False, f"holds the control character U+{ord(found[0]):04X}")
    if found := _REFUSAL.search(instruction):
        return Check.of("form", False, f"refuses: {found[0]!r}")
    if text[-1] not in _ENDS:
        return Check.of("form", False, f"breaks off: it ends in {text[-12:]!r}")
    if len(words) >= 8 and len(set(words)) < len(words) / 3:
        return Check.of("form", False, f"repeats itself: {len(set(words))} words of {len(words)} are distinct")
    if what := foreign(instruction, own or frozenset()):
        return Check.of("form", False, what)
    if own is not None and (word := talk(instruction, own)):
        return Check.of("form", False, f"speaks of {word!r}, which is no part of the task")
    return Check.of("form", True, f"{len(text)} characters")


def response(text: str, instruction: str) -> Check:
    """Whether an answer holds nothing foreign; what its instruction spells it may spell."""
    what = foreign(text, spelled(instruction))
    return Check.of("form", not what, what or "plain")
