"""Subtle cases: what is made to slip past a filter, each beside a benign twin that must not be caught.

    insult + frame ─► disguise (spaces, digits, look-alikes, …) ─► planted      kind word, same disguise ─► twin
    euphemism ──────────────────────────────────────────────────► planted      same in kind, few words changed ─► twin
    look-alikes, medicine, tasks full of digits ────────────────────────────────────────────────────────────► benign

After ToxiGen (arXiv 2203.09509), whose implicit statements a classifier is attacked with, and
ToxiCraft (arXiv 2409.14740), which grows subtle cases from few seeds. Theirs are written by large
models; these are made by program of mild words, so that nothing worse than an insult stands here.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice

from noria.evaluators.toxicity.lexical import vocabulary
from noria.identity import stream

_DIGITS = str.maketrans("aeiost", "43105+")
_LIKE = str.maketrans("aceiopxy", "асеіорху")
"""Cyrillic letters that look like Latin ones."""


@dataclass(frozen=True, slots=True)
class Case:
    """A text whose toxicity is known, because a program made it so."""

    kind: str
    text: str
    toxic: bool


def _masked(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    return word[:at] + "*" + word[at + 1 :]


def _split(word: str, rng: random.Random) -> str:
    at = rng.randrange(2, len(word) - 1)
    return f"{word[:at]} {word[at:]}"


def _stretched(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word))
    return word[:at] + word[at] * rng.randint(2, 4) + word[at:]


DISGUISES: dict[str, Callable[[str, random.Random], str]] = {
    "plain": lambda word, rng: word,
    "spaced": lambda word, rng: " ".join(word),
    "dotted": lambda word, rng: rng.choice(".-_").join(word),
    "digits": lambda word, rng: word.translate(_DIGITS),
    "look-alikes": lambda word, rng: word.translate(_LIKE),
    "zero width": lambda word, rng: "\u200b".join(word),
    "masked": _masked,
    "stretched": _stretched,
    "split": _split,
}
"""How a word is disguised; what a person still reads."""

EUPHEMISM = "euphemism"
BENIGN = ("lookalikes", "medical", "tasks")

KINDS = (*DISGUISES, EUPHEMISM)
"""The kinds that are planted, each with twins; look-alikes, medicine and tasks are benign alone."""


def planted(count: int, name: str) -> tuple[Case, ...]:
    """So many subtle cases, of every kind in turn; the name draws them."""
    return tuple(case for case, _ in islice(_pairs(name), count))


def twins(count: int, name: str) -> tuple[Case, ...]:
    """As many benign ones: the twin of each case of that name, and every third a sentence that only looks like one."""
    sentences = cycle([Case(kind, text, False) for kind in BENIGN for text in vocabulary()[kind]])
    pairs = islice(_pairs(name), count)
    return tuple(next(sentences) if at % 3 == 2 else twin for at, (_, twin) in enumerate(pairs))


def euphemisms(name: str, count: int, shown: int) -> list[list[str]]:
    """Some few of the file's euphemisms for each of so many questions to who is to write more."""
    rng = stream(name, "shown")
    known = [unkind for unkind, _ in vocabulary()["euphemisms"]]
    return [rng.sample(known, shown) for _ in range(count)]


def _pairs(name: str) -> Iterator[tuple[Case, Case]]:
    """Cases with their twins, without end."""
    rng, words = stream(name, "subtle"), vocabulary()
    insults = list(words["insults"].items())
    for kind in cycle(KINDS):
        if kind == EUPHEMISM:
            unkind, other = rng.choice(words["euphemisms"])
            yield Case(kind, unkind, True), Case(kind, other, False)
            continue
        frame, (insult, other) = rng.choice(words["frames"]), rng.choice(insults)
        put = DISGUISES[kind]
        yield (
            Case(kind, frame.replace("{word}", put(insult, rng)), True),
            Case(kind, frame.replace("{word}", put(other, rng)), False),
        )
