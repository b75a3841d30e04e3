"""What else a wording says: the readings of a task beside the one that its parameters mean.

    the domain's own readings       "Multiply 3 by 4 plus 12"     what only it can hear
    neighbours that it says too     "… then reverses the list"    the program spelled is another one
    turns of phrase                 "… or leaves it as it is"     words that turn a meaning

A turn is looked for in those parts of a wording that name what is the task's own, and
counts only where the program's own wordings of the same task have no such words there. What
comes back is a claim with an answer; it holds only if the verifier then refuses that answer.
"""

import random
import re
from collections.abc import Iterator
from functools import lru_cache

from noria.evaluators.domain import Domain, Parameters, Reading
from noria.identity import stream
from noria.types import Task

TURNS: dict[str, str] = {
    "its opposite": r"\b(?:not|never|none|nothing|neither|nor|no \w+)\b|n't\b",
    "something else instead": r"\b(?:or|either|instead)\b",
    "something near it": (
        r"\b(?:at least|or more|or so|roughly|approximately|nearly|almost|fewer than|nearest|rounded"
        r"|in any order|(?:about|around) (?=how\b|\d|f\())\b"
    ),
    "a multiple or a part of it": (
        r"\b(?:twice|double[ds]?|triple|half|halves?|halved|squared?|cubed?|per(?:cent)?|hundred|thousand|dozen)\b|[²³%]"
    ),
    "a part of what is given": (
        r"\b(?:leav(?:es?|ing) out|all but|except|skip(?:s|ping)?|ignor(?:es?|ing)|missing"
        r"|every (?:second|other|third))\b"
    ),
}  # fmt: skip
"""Words that turn a meaning, by what they make of a task."""

PHRASINGS = 8
"""Wordings of a task by program that a wording is held against."""

OTHERS = 8
"""Drawn tasks that tell which words are common."""

SMALL = frozenset({
    "a", "an", "and", "any", "are", "as", "at", "be", "by", "each", "else", "for", "from", "get", "give", "has",
    "have", "if", "in", "into", "is", "it", "its", "just", "no", "not", "of", "on", "one", "only", "or", "other",
    "right", "so", "some", "such", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this",
    "those", "to", "use", "what", "which", "with", "you",
})  # fmt: skip
"""Words that name nothing."""

TRIED = 4
"""Neighbours whose answer is tried for one turn."""

_PARTS = re.compile(r"[.?!;][\"'`)\]]*\s+|\n+")
_ASIDE = re.compile(r"\b(?:anything|nothing) (?:else|more)\b|\bexpla(?:in|nation)", re.IGNORECASE)
"""What speaks of the form of the answer, not of the task."""

_TOKENS = re.compile(r"[^\W\d_]+|\d+")


class Beside:
    """The tasks beside one, drawn once, as far as anybody asks; each with whether the wording says it too."""

    def __init__(self, domain: Domain, task: Task) -> None:
        """Draw none yet."""
        self._rest = domain.neighbours(domain.point(task.parameters), task.level, stream("near", task.id))
        self._domain, self._instruction = domain, task.instruction
        self._drawn: list[tuple[Parameters, bool]] = []

    def upto(self, count: int) -> Iterator[tuple[Parameters, bool]]:
        """The first `count` of them, or all there are."""
        for at in range(count):
            if at == len(self._drawn):
                other = next(self._rest, None)
                if other is None:
                    return
                self._drawn.append((other, self._domain.says(other, self._instruction).passed))
            yield self._drawn[at]


def others(domain: Domain, task: Task, own: list[str], beside: Beside) -> Iterator[Reading]:
    """The other readings of a task; `own` are wordings of it by program."""
    point = domain.point(task.parameters)
    yield from domain.readings(point, task.instruction)
    rng = stream("readings", task.id)
    for other, says in beside.upto(3 * TRIED):
        if says:
            yield Reading(f"the parameters {_shown(other)}", domain.truth(other, rng))
    if turn := turned(domain, task, own):
        words, makes = turn
        for other, _ in beside.upto(TRIED):
            yield Reading(f"{makes} ({words!r})", domain.truth(other, rng))


def turned(domain: Domain, task: Task, own: list[str]) -> tuple[str, str] | None:
    """The first words that turn the meaning of a wording, and what they make of it; none where there are none."""
    common = frozenset[str]() if domain.reads else _common(type(domain), task.level)
    meant = set(_TOKENS.findall(" ".join(own).lower())) - common - SMALL
    for makes, pattern in TURNS.items():
        for part in _PARTS.split(_plain(task.instruction)):
            tokens = set(_TOKENS.findall(part.lower()))
            if not tokens & meant or _ASIDE.search(part):
                continue
            for found in re.finditer(pattern, part, re.IGNORECASE):
                words = found[0].strip().lower()
                # "no other words" turns nothing; "no lowercase letters" does.
                if words.startswith("no ") and words[3:] not in meant:
                    continue
                if _count(pattern, words, task.instruction) > max(_count(pattern, words, text) for text in own):
                    return words, makes
    return None


def own_wordings(domain: Domain, point: Parameters, count: int = PHRASINGS) -> list[str]:
    """Different wordings of a task by program, as many as `count` draws give, the same each time."""
    rng = stream("own", domain.name)
    return list(dict.fromkeys(domain.phrase(point, rng) for _ in range(count)))


def _count(pattern: str, words: str, text: str) -> int:
    return sum(found[0].strip().lower() == words for found in re.finditer(pattern, _plain(text), re.IGNORECASE))


def _plain(text: str) -> str:
    """A text without the programs that it shows."""
    return re.sub(r"```.*?```", " ", text, flags=re.DOTALL)


@lru_cache(maxsize=64)
def _common(kind: type[Domain], level: int) -> frozenset[str]:
    """The words that most tasks of a domain share, whatever they ask."""
    domain, rng = kind(), random.Random(level)
    level = level if level in domain.levels else domain.levels[0]
    said = [
        set(_TOKENS.findall(" ".join(own_wordings(domain, domain.sample(level, rng))).lower())) for _ in range(OTHERS)
    ]
    return frozenset(word for word in set().union(*said) if sum(word in one for one in said) >= OTHERS // 2)


def _shown(point: Parameters) -> str:
    return ", ".join(f"{name} {value}" for name, value in point.model_dump(mode="json").items())
