"""How two texts, or two configs, differ: lines with the words that changed in them, and keys with both values.

old, new ─► lines ─┬─ kept      as it is
                   ├─ gone      with what went marked in it
                   └─ come      with what came marked in it
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")

LONGEST = 4000
"""Lines of a text that are compared; what is longer is cut, for the work grows with the square."""

WIDEST = 400
"""Words of a line whose changes are marked; a longer line is marked whole."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line."""

    text: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference."""

    kind: Literal["kept", "gone", "come", "more"]
    """`more` stands for kept lines that are left out; its text says how many."""
    parts: tuple[Part, ...]
    old: int | None = None
    """Its number in the old text."""
    new: int | None = None


def lines(old: str, new: str, *, around: int | None = None) -> list[Line]:
    """The difference of two texts line by line; with `around` only so many kept lines stand about each change."""
    a, b = old.splitlines()[:LONGEST], new.splitlines()[:LONGEST]
    found: list[Line] = []
    for what, a1, a2, b1, b2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if what == "equal":
            found += [
                Line("kept", (Part(a[at]),), at + 1, b1 + at - a1 + 1)
                for at in range(a1, a2)
            ]  # fmt: skip
            continue
        paired = [_words(one, other) for one, other in zip(a[a1:a2], b[b1:b2], strict=False)]
        gone = [one for one, _ in paired] + [(Part(text, True),) for text in a[a1 + len(paired) : a2]]
        come = [other for _, other in paired] + [(Part(text, True),) for text in b[b1 + len(paired) : b2]]
        found += [Line("gone", parts, old=a1 + at + 1) for at, parts in enumerate(gone)]
        found += [Line("come", parts, new=b1 + at + 1) for at, parts in enumerate(come)]
    return found if around is None else list(_near(found, around))


def paired(found: Sequence[Line]) -> list[tuple[Line | None, Line | None]]:
    """The lines of a difference side by side: what went beside what came in its place."""
    rows: list[tuple[Line | None, Line | None]] = []
    gone, come = list[Line](), list[Line]()
    for one in [*found, None]:
        if one is not None and one.kind in ("gone", "come"):
            (gone if one.kind == "gone" else come).append(one)
            continue
        rows += zip_longest(gone, come)
        gone, come = [], []
        if one is not None:
            rows.append((one, one))
    return rows


def _words(old: str, new: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """A line that became another, with the words that changed; lines with little in common are changed whole."""
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    match = difflib.SequenceMatcher(None, a, b, autojunk=False)
    if len(a) > WIDEST or len(b) > WIDEST or match.quick_ratio() < 0.3 or match.ratio() < 0.3:
        return (Part(old, True),), (Part(new, True),)
    one, other = list[Part](), list[Part]()
    for what, a1, a2, b1, b2 in match.get_opcodes():
        if a1 < a2:
            one.append(Part("".join(a[a1:a2]), what != "equal"))
        if b1 < b2:
            other.append(Part("".join(b[b1:b2]), what != "equal"))
    return tuple(one), tuple(other)


def _near(found: Sequence[Line], around: int) -> Iterator[Line]:
    """The changed lines with what stands about them."""
    near = {
        at + step for at, one in enumerate(found) if one.kind != "kept" for step in range(-around, around + 1)
    }  # fmt: skip
    left = 0
    for at, one in enumerate(found):
        if at in near:
            if left:
                yield _more(left)
            left = 0
            yield one
        else:
            left += 1
    if left:
        yield _more(left)


def _more(count: int) -> Line:
    return Line("more", (Part(f"{count} line{'s' * (count != 1)} as before"),))


@dataclass(frozen=True, slots=True)
class Setting:
    """A key that two configs have otherwise."""

    key: str
    """With dots: `play.episodes`."""
    a: str | None
    """As JSON; none where the config has it not."""
    b: str | None


def settings(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Setting]:
    """The keys that differ, in order."""
    one, other = dict(_flat(a, "")), dict(_flat(b, ""))
    return [
        Setting(key, one.get(key), other.get(key))
        for key in sorted({*one, *other})
        if one.get(key) != other.get(key)
    ]  # fmt: skip


def _flat(config: Mapping[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", json.dumps(value, ensure_ascii=False)
