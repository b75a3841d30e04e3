"""Contamination: whether a text is an item that is kept out of training, or nearly one.

    item ─► words ─┬─ the same words, in order              exact
                   ├─ a run of 13 words in common           n-gram     (Brown et al. 2020, appendix C)
                   ├─ near in meaning, the same numbers     near       (Yang et al. 2023, arXiv 2311.04850)
                   └─ the same task, as a program reads it  says

Words are compared, not characters: case, punctuation and spacing say nothing; signs of
arithmetic do. An item of 8 to 12 words is one run of its own length; a shorter one is too
common a run to mean anything, so it is found whole, or near.

Two tasks of one domain have their frame in common whatever they ask, and static vectors
know what a text is about, not what it asks. So an item that is worded as the domains word
their tasks (hardly a word of it is not theirs) is met whole, by no run and no nearness: there a
program must read the same parameters out of both (`Domain.says`). Runs and nearness judge
items in free words alone, and nearness only where the numbers are the same too.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from typing import Literal

import numpy
from numpy.typing import NDArray

from noria.evaluators.domain import Domain
from noria.identity import stream

Embed = Callable[[list[str]], NDArray[numpy.float32]]
"""Texts to unit vectors, one row a text."""

RUN, SHORTEST = 13, 8
"""Words of a run: the longest and the shortest that Brown et al. use."""

SHARED = 10
"""A run in more items than this points at none of them (Brown et al.)."""

NEAR = 0.65
"""Cosine from which two texts may be one item in other words; `bench/hygiene.py` says what it finds and misses."""

ALIKE = 0.4
"""Share of the content words of the poorer text that the other must hold too."""

DRAWN = 40
"""Tasks of each level that the domains' own words are learned from."""

STRANGE = 8
"""One word in so many may be strange to the domains in an item that is worded as they word theirs."""

LOOKED_AT = 16
"""The nearest items that are compared closely."""

_WORD = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?|[+*×/÷=<>%^]|-(?=\s*\d)")
_NUMERALS = "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
_NUMBER = {name: str(value) for value, name in enumerate(_NUMERALS)}
_COMMON = (
    "a an and are as at be been by can do does each for from give has have her his how i if in is it its many me much "
    "my name not of on or say she so some tell than that the their them then there these they this to us was we were "
    "what when where which who why will with would write you your he s following please all any"
)
_EMPTY = frozenset(_COMMON.split())

Says = Callable[[str], bool]
"""Whether a wording asks for the task that a program knows by its parameters."""


@dataclass(frozen=True, slots=True)
class Item:
    """A text that is kept out of training."""

    place: str
    """Where it stands: a benchmark's file and line, or the round of an exam."""
    text: str
    says: Says | None = None
    """Reads a text for the item's own parameters, where it has some: then nothing else tells other words of it."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """A text met an item."""

    how: Literal["exact", "n-gram", "near", "says"]
    item: Item
    shown: str
    """What they have in common."""

    def __str__(self) -> str:
        """The finding in words."""
        return f"{self.how}: {self.item.place} asks {self.item.text[:160]!r} ({self.shown})"


def words(text: str) -> list[str]:
    """The words, numbers and signs of a text, in order, in one form."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold().replace("−", "-"))


def own_words(domains: Iterable[Domain]) -> Set[str]:
    """The words that domains word their tasks in, numbers aside, learned from drawn tasks."""
    found: set[str] = set()
    for whole in domains:
        for level in whole.offered if not whole.reads else ():  # a document's words are nobody's frame
            kind, rng = whole.at(level), stream("own words", whole.name, level)
            for _ in range(DRAWN):
                found.update(words(kind.phrase(kind.sample(level, rng), rng)))
    return found


class Kept:
    """The items that are kept out, so that a text is compared with a hundred thousand of them at once."""

    def __init__(self, items: Iterable[Item], embed: Embed | None = None, own: Set[str] = frozenset()) -> None:
        """Take items in; `embed` tells nearness, `own` are the words of the domains' tasks."""
        self.items: list[Item] = []
        self._exact: dict[str, int] = {}
        said: list[list[str]] = []
        for item in items:
            found = words(item.text)
            if found and " ".join(found) not in self._exact:
                self._exact[" ".join(found)] = len(said)
                self.items.append(item)
                said.append(found)
        self._framed = [
            item.says is not None or _framed(found, own) for item, found in zip(self.items, said, strict=True)
        ]
        self._runs, self._sizes = _runs(said, self._framed)
        self._said = [" ".join(found) for found in said]
        self._starts: dict[str, list[int]] = {}
        for at, found in enumerate(said):
            if self._framed[at] and len(found) >= SHORTEST:
                start = found[:RUN]
                self._sizes = sorted({*self._sizes, len(start)})
                self._starts.setdefault(" ".join(start), []).append(at)
        self._content = [content(found) for found in said]
        self._digits = [digits(found) for found in said]
        self._numbers = [numbers(found) for found in said]
        self._holding: dict[str, list[int]] = {}
        for at, held in enumerate(self._numbers):
            for number in held:
                self._holding.setdefault(number, []).append(at)
        self._plain = [at for at, own_digits in enumerate(self._digits) if not own_digits]
        self._embed = embed if self.items else None
        if self._embed is not None:
            self._vectors = self._embed([item.text for item in self.items])
            self._plainly = self._vectors[self._plain]

    def __len__(self) -> int:
        """How many different items there are."""
        return len(self.items)

    def met(self, text: str, says: Says | None = None, *, near: bool = True) -> Overlap | None:
        """The item that a text is, repeats a run of, or says in other words; none where there is none.

        `says` reads an item for the parameters of the text's own task; without `near` other words are not looked for.
        """
        found = words(text)
        if (at := self._exact.get(" ".join(found))) is not None:
            return Overlap("exact", self.items[at], "the same words")
        for size in self._sizes:
            for run in _of(found, size):
                if (at := self._runs.get(run)) is not None:
                    return Overlap("n-gram", self.items[at], f"{size} words in a row: {run!r}")
                for at in self._starts.get(run, ()):
                    if f" {self._said[at]} " in f" {' '.join(found)} ":
                        return Overlap("n-gram", self.items[at], "the whole item")
        return self._near(text, found, says) if near and self._embed is not None else None

    def _near(self, text: str, found: list[str], says: Says | None) -> Overlap | None:
        assert self._embed is not None
        own, held, mine = digits(found), numbers(found), content(found)
        # Only an item that holds each number of the text can ask the same; a text without one asks for none.
        fewest = min((self._holding.get(one, []) for one in own), key=len, default=None)
        places = self._plain if fewest is None else fewest
        if not places:
            return None
        likeness = (self._plainly if fewest is None else self._vectors[places]) @ self._embed([text])[0]
        best = numpy.argpartition(-likeness, min(LOOKED_AT, len(places)) - 1)[:LOOKED_AT]
        for place in best[numpy.argsort(-likeness[best])]:
            at, cosine = places[int(place)], float(likeness[place])
            if not (own <= self._numbers[at] and self._digits[at] <= held):
                continue
            item = self.items[at]
            if self._framed[at]:
                if (says is not None and says(item.text)) or (item.says is not None and item.says(text)):
                    return Overlap("says", item, "a program reads the same task in both")
                continue
            both = len(mine & self._content[at]) / max(1, min(len(mine), len(self._content[at])))
            if cosine >= NEAR and both >= ALIKE:
                return Overlap("near", item, f"cosine {cosine:.2f}, {both:.0%} of the words, the same numbers")
        return None


def _framed(found: list[str], own: Set[str]) -> bool:
    """Whether an item is worded as the domains word their tasks."""
    return sum(word not in own and not word[0].isdigit() for word in found) * STRANGE <= len(found)


def _runs(said: list[list[str]], framed: list[bool]) -> tuple[dict[str, int], list[int]]:
    """The runs that point at an item, and their lengths."""
    first: dict[str, int] = {}
    shared: Counter[str] = Counter()
    sizes: set[int] = set()
    for at, found in enumerate(said):
        size = min(RUN, len(found))
        if size < SHORTEST or framed[at]:
            continue
        sizes.add(size)
        for run in set(_of(found, size)):
            shared[run] += 1
            first.setdefault(run, at)
    return {run: at for run, at in first.items() if shared[run] <= SHARED}, sorted(sizes)


def _of(found: list[str], size: int) -> Iterator[str]:
    return (" ".join(found[at : at + size]) for at in range(len(found) - size + 1))


def content(found: list[str]) -> Set[str]:
    """The words that carry a text, without their endings."""
    return {_stem(word) for word in found if word[0].isalpha() and word not in _EMPTY and word not in _NUMBER}


def digits(found: list[str]) -> Set[str]:
    """The numbers of a text that are written in digits."""
    return {word for word in found if word[0].isdigit()}


def numbers(found: list[str]) -> Set[str]:
    """The numbers of a text, in digits or in words."""
    return {_NUMBER.get(word, word) for word in found if word[0].isdigit() or word in _NUMBER}


def _stem(word: str) -> str:
    ends = (end for end in ("ing", "ed", "es", "s") if word.endswith(end) and len(word) - len(end) >= 3)
    return word.removesuffix(next(ends, ""))
