"""Texts taken apart for reading: two drafts word by word, a prompt at its fences, a long text at its end."""

import json
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from math import exp
from typing import Any, Literal

from noria.fence import LETTERS
from noria.types import Turn
from noria.viewer.log.naming import short

COMPARED = 1500
"""Words of each draft that are compared: the time grows with their square."""

WHOLE = 20_000
"""Characters of one text that a page carries; the JSON has the rest."""

FOLDED = 700
"""Characters from which a prompt is folded."""

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_NAMED = re.compile(r"\b((?:sample|episode)-[0-9a-f]{16})\b")
_FENCE = re.compile(rf"(</?data-[a-z]{{{LETTERS}}}>)")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text."""

    kind: Literal["same", "gone", "new", "said", "fence", "data", "sample", "episode"]
    text: str


def difference(before: str, after: str) -> list[Part]:
    """What became of a draft, word by word: `same`, `gone` and `new` in reading order; empty where it is too long."""
    old, new = _WORDS.findall(before[: WHOLE + 1]), _WORDS.findall(after[: WHOLE + 1])
    if max(len(old), len(new)) > COMPARED or max(len(before), len(after)) > WHOLE:
        return []
    found: list[Part] = []
    for what, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            found.append(Part("same", "".join(old[i:j])))
            continue
        found += [Part("gone", "".join(old[i:j]))] * (i < j) + [Part("new", "".join(new[k:m]))] * (k < m)
    return found


def parted(content: str) -> list[Part]:
    """A prompt at its fences: what was `said`, the `fence` itself, and the `data` between two that belong together."""
    pieces = _FENCE.split(content)
    found: list[Part] = []
    closing = ""
    for at, piece in enumerate(pieces):
        if at % 2:
            found.append(Part("fence", piece))
            if not closing and (end := piece.replace("<", "</", 1)) in pieces[at + 1 :]:
                closing = end
            elif piece == closing:
                closing = ""
        elif piece:
            found.append(Part("data" if closing else "said", piece))
    return found


def pointed(text: str) -> list[Part]:
    """A sentence of a program at the ids in it: what is `said`, and each `sample` and `episode` that it names."""
    kinds: dict[str, Literal["sample", "episode"]] = {"sample": "sample", "episode": "episode"}
    pieces = _NAMED.split(text)
    return [
        Part(kinds[piece.partition("-")[0]] if at % 2 else "said", piece) for at, piece in enumerate(pieces) if piece
    ]


def excerpt(text: str, long: int) -> str:
    """The beginning of a text, with an ellipsis where it goes on."""
    return text if len(text) <= long else f"{text[:long].rstrip()}…"


@dataclass(frozen=True, slots=True)
class Chance:
    """What a model gave one of the choices that it had."""

    choice: str
    logprob: float
    share: float
    """Its probability among the choices, in percent."""


def chances(turn: Turn) -> list[Chance]:
    """The choices of a turn with their probabilities, most first; none where none was asked for."""
    if turn.logprobs.keys() <= {"nats", "tokens"}:
        return []
    weights = {choice: exp(min(logprob, 0.0)) for choice, logprob in turn.logprobs.items()}
    total = sum(weights.values()) or 1.0
    found = [Chance(one, turn.logprobs[one], 100 * weight / total) for one, weight in weights.items()]
    return sorted(found, key=lambda one: -one.share)


def written(value: Any) -> str:
    """A JSON value as a person reads it, on one line."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(", ", ": "))


READERS = {
    "short": short, "excerpt": excerpt, "pointed": pointed, "parted": parted, "difference": difference,
    "chances": chances, "written": written, "folded": FOLDED, "whole": WHOLE,
}  # fmt: skip
"""What the templates of the log read texts with."""
