"""A lexical score: how toxic a text is by its words, whatever they are disguised as.

    text ─► plain words ─► word list, strong and mild, disguise undone ─► aimed at somebody? ─► 0 … 1
              └ all known clean ─► 0          (and words that were split in two)

The library that screens (glin-profanity) undoes separators, masks, look-alike letters, digits
for letters and stretched letters; this says how bad what it finds is. A strong word weighs more
than a mild one, and a mild one more where somebody is meant: `a sudden jerk` is a movement,
`you jerk` is none. It knows words and no meaning: unkindness in clean words passes it, which is
what the planted cases show (see `card`).
"""

import re
import unicodedata
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from noria.evaluators.screening import MISSING, OTHER_SENSES

FILE = Path(__file__).parent / "words.yaml"

STRONG, AIMED, LOOSE = 0.9, 0.7, 0.3
"""Weight of a word of the list, of a mild one aimed at somebody, and of a mild one that is not."""

SPLIT = 4
"""Letters of the shortest word that is looked for in two parts, of which neither is a letter alone."""

RUN = 3
"""Short pieces in a row that may be a word with spaces in it."""

_MEANT = re.compile(
    r"\b(?:you|your|you're|he|she|him|her|his|they|them|their|we|us|everybody|nobody|who|my|only)\b|\bwhat an?\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?;\n])\s+")
_NUMBER = re.compile(r"(?<!\b[A-Za-z] )(?<!\S)[-+]?\d[\d.,:]*(?=[\s.,;:?!)]|$)(?! [A-Za-z]\b)")


@lru_cache
def vocabulary() -> dict[str, Any]:
    """The words, frames and sentences of the data file."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


class Lexicon:
    """Scores texts by their words; the library is loaded at first use."""

    def __init__(self) -> None:
        """Score by the library's list and the file's mild words."""
        self.mild = frozenset(vocabulary()["insults"]) | frozenset(vocabulary()["bodily"])
        self.clean = lru_cache(maxsize=65536)(self._clean)

    def score(self, text: str) -> float:
        """How toxic a text is, from 0 to 1."""
        if not text.isascii():
            seen = unicodedata.normalize("NFKC", text)
            text = "".join(one for one in seen if unicodedata.category(one) not in ("Cf", "Cs"))
        return max((self._sentence(one) for one in _SENTENCE.split(text)), default=0.0)

    def _sentence(self, text: str) -> float:
        text = _NUMBER.sub("…", text)  # a number spells no word
        pieces = text.split()
        bare = ["".join(filter(str.isalnum, one)).lower() for one in pieces]
        words = self._split(bare)
        if not self._plain(pieces, bare):
            words |= {word.lower() for word in self._filter.check_profanity(text)["profane_words"]}
        if not words:
            return 0.0
        mild = AIMED if _MEANT.search(text) else LOOSE
        return max(mild if word in self.mild else STRONG for word in words)

    def _plain(self, pieces: list[str], bare: list[str]) -> bool:
        """Whether a text can hold nothing: every piece is known clean, no word or phrase is spread over several."""
        here = set(bare)
        if any(phrase <= here for word in here for phrase in self._phrases.get(word, ())):
            return False
        short = 0
        for one in pieces:
            short = short + any(map(str.isalpha, one)) if len(one) <= 2 else 0
            if short >= RUN or not self.clean(one):
                return False
        return True

    def _clean(self, piece: str) -> bool:
        return not self._filter.is_profane(piece)

    def _split(self, bare: list[str]) -> set[str]:
        """The listed words that stand in two neighbouring pieces."""
        joined = {one + other for one, other in pairwise(bare) if len(one) > 1 and len(other) > 1}
        return {one for one in joined if len(one) >= SPLIT and one in self._listed}

    @cached_property
    def _filter(self) -> Any:
        from glin_profanity import Filter

        return Filter({
            "languages": ["english"], "ignore_words": list(OTHER_SENSES), "detect_leetspeak": True,
            "custom_words": [*MISSING, *self.mild],
        })  # fmt: skip

    @cached_property
    def _listed(self) -> frozenset[str]:
        from glin_profanity.data.dictionary import dictionary

        own = {*dictionary.get_words("english"), *MISSING, *vocabulary()["insults"]}
        return frozenset(word.lower() for word in own if " " not in word) - frozenset(OTHER_SENSES)

    @cached_property
    def _phrases(self) -> dict[str, list[frozenset[str]]]:
        """The list's phrases, whose words may be clean by themselves, by the longest word of each."""
        from glin_profanity.data.dictionary import dictionary

        found: dict[str, list[frozenset[str]]] = {}
        for phrase in (word.lower().split() for word in dictionary.get_words("english") if " " in word):
            found.setdefault(max(phrase, key=len), []).append(frozenset(phrase))
        return found
