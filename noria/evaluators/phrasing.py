"""Reading a wording: which numbers it names, which words, which operation.

A generator's own wording is kept only where a program can tell that it still says the
parameters. These are the few questions all domains ask of a text.
"""

import random
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
NUMBER_WORDS = {word: value for value, word in enumerate(_UNITS)}
"""Spelled numbers that are read as numbers."""

_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

_NUMBER = re.compile(
    rf"(?<![\w.])(?:(\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?)(?![\w.]*\d)|({'|'.join(_UNITS)})\b)", re.IGNORECASE
)


def numbers(text: str) -> list[float]:
    """The numbers a text names, in its order, spelled ones up to twenty included; signs are not read."""
    return list(_numbers(text))


@lru_cache(maxsize=512)  # the same wording is held against all tasks beside its own
def _numbers(text: str) -> tuple[float, ...]:
    return tuple(
        float(match[1].replace(",", "")) if match[1] else float(NUMBER_WORDS[match[2].lower()])
        for match in _NUMBER.finditer(text)
    )


def spelled(value: int) -> str:
    """A whole number under a thousand million in English words."""
    if value < 0:
        return f"minus {spelled(-value)}"
    if value < 20:
        return _UNITS[value]
    if value < 100:
        return _TENS[value // 10] + (f"-{_UNITS[value % 10]}" if value % 10 else "")
    for size, word in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if value >= size:
            rest = value % size
            return f"{spelled(value // size)} {word}" + (f" {spelled(rest)}" if rest else "")
    raise AssertionError("every number is one of these")


def words(text: str) -> list[str]:
    """The words of a text, lower case, in its order."""
    return list(_words(text))


@lru_cache(maxsize=512)
def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower()))


def stands(phrase: str, text: str) -> bool:
    r"""Whether a phrase stands in a text with no letter, digit or underscore right before or behind it.

    What `(?<!\\w)phrase(?!\\w)` finds, without a pattern for every phrase: Python keeps only some hundred of them.
    """
    at = text.find(phrase)
    while at >= 0:
        end = at + len(phrase)
        if not (_joins(text[at - 1 : at]) or _joins(text[end : end + 1])):
            return True
        at = text.find(phrase, at + 1)
    return False


def _joins(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def named(text: str, signs: Mapping[str, Sequence[str]]) -> set[str]:
    """Which operations a text names, by the patterns that stand for each."""
    return set(_named(text, tuple(signs.items())))


@lru_cache(maxsize=512)
def _named(text: str, signs: tuple[tuple[str, Sequence[str]], ...]) -> tuple[str, ...]:
    return tuple(name for name, patterns in signs if any(re.search(one, text, re.IGNORECASE) for one in patterns))


def pick(frames: Sequence[str], rng: random.Random, **fields: object) -> str:
    """One frame of many, filled by literal replacement: a value is never read as a frame."""
    text = rng.choice(frames)
    for name, value in fields.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def fold(text: str) -> str:
    """A text without outer space, quotes, and a last full stop."""
    return text.strip().strip("\"'`*").rstrip(".").strip()


RESPONSE_LIMIT = 4000
"""Longest response, in characters, that is looked at."""
