"""What a program can ask of a passage: spans that stand in it once, and questions that only they answer.

    sentence ─┬─ its only number, its only term, its only name ─► "Which number stands in the sentence that begins …?"
              ├─ a word of weight                             ─► "… the ____ turns …": which word fills the blank?
              ├─ X is a …                                     ─► which term does the text define as "a …"?
              └─ a phrase, as RAKE finds them                 ─► which words fill the blank?

No part of speech is known here and no entity: a span is what stands alone of its kind in its
sentence and once in the passage, so that the question has one answer whatever it means. That is
what a tiny student can learn reading on, and what a generator's own questions are mixed with.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from noria.evaluators.extraction import content, times, tokens
from noria.evaluators.foreign import foreign, spelled
from noria.prose import sentences
from noria.types import Seed

Skill = Literal["number", "term", "name", "blank", "definition", "span"]

SKILLS: dict[int, tuple[Skill, ...]] = {1: ("number", "term", "name"), 2: ("blank", "definition"), 3: ("span",)}

SIZES = (6, 45)
"""Words of a sentence that is asked about."""

BLANK = "____"

AROUND = 9
"""Words shown on each side of a blank."""

SPAN = (2, 8)
"""Words of a span that answers a question."""

LONGEST = 80
"""Characters of a span at most."""

KINDS = {"number": "number", "term": "term or quoted word", "name": "name"}
LOCATED = (
    'Which {kind} stands in the sentence that {where} "{some}"?',
    'The sentence that {where} "{some}" holds a {kind}. Which one?',
    'What {kind} is given in the sentence that {where} "{some}"?',
)
BLANKED = (
    'Which {many} of the text fill the blank: "{some}"?',
    'Fill the blank as the text does: "{some}". Which {many} belong there?',
    'In the text, what stands in place of the blank in "{some}"?',
)
DEFINED = (
    'What does the text say is "{some}"?',
    'Which term does the text explain as "{some}"?',
    'According to the text, what is "{some}"?',
)

_PATTERNS: dict[str, re.Pattern[str]] = {
    "number": re.compile(r"(?<![\w.,/:`-])\d[\d,]*(?:\.\d+)?(?: ?%)?(?![\w/`:-]|[.,]\d)"),
    "term": re.compile(r"`([^`\n]{2,40})`|[“\"]([^”\"\n]{3,40})[”\"]"),
    "name": re.compile(r"(?<=[a-z,;] )([A-Z][\w’'-]+(?: [A-Z][\w’'-]+){0,3})"),
}
_DEFINES = re.compile(
    r"^(?:An? |The )?(?P<term>[A-Za-z][\w’'`-]*(?: [\w’'`-]+){0,2}?) (?:is|are|means) "
    r"(?P<said>(?:an?|the|one|any|every|what|how|who) .{15,140}?)"
    r"[.;:,(]?(?=$|[.;:(]|, )"
)
_SAID = """
it this that there these those they he she we you what which here one each every all both who so if not
"""
_NOTHING = frozenset(_SAID.split())
"""Words that name nothing that could be defined."""
_WORD = re.compile(r"(?<![\w`<-])[A-Za-z][a-z]{4,}(?![\w`>-])")


@dataclass(frozen=True, slots=True)
class Fact:
    """A span that a question can ask for."""

    skill: Skill
    span: str
    sentence: str
    question: tuple[str, ...]
    """The program's wordings of the question."""


class Passage:
    """A passage, and what can be asked of it."""

    def __init__(self, seed: Seed) -> None:
        """Take a passage of the session."""
        self.seed = seed
        self.id, self.text, self.place = seed.id, seed.text, seed.place

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """Its sentences, in order."""
        return tuple(sentences(self.text))

    @cached_property
    def _own(self) -> frozenset[str]:
        return spelled(self.text)

    @cached_property
    def _asked(self) -> tuple[str, ...]:
        low, high = SIZES
        return tuple(one for one in self.sentences if low <= len(one.split()) <= high and times(one, self.text) == 1)

    @cached_property
    def facts(self) -> dict[Skill, tuple[Fact, ...]]:
        """What stands alone of its kind, by skill."""
        alone, ways = self._alone, dict[Skill, Callable[[Skill, str], Iterator[Fact]]]()
        ways |= {"number": alone, "term": alone, "name": alone, "blank": self._words, "definition": self._defined}
        ways |= {"span": self._phrases}
        found: dict[Skill, tuple[Fact, ...]] = {}
        for skill, look in ways.items():
            if facts := tuple({fact.span: fact for one in self._asked for fact in look(skill, one)}.values()):
                found[skill] = facts
        return found

    def skills(self, level: int) -> tuple[Skill, ...]:
        """The skills of a level that it has something for."""
        return tuple(one for one in SKILLS[level] if one in self.facts)

    def fact(self, skill: Skill, span: str) -> Fact:
        """What a span is the answer of.

        Raises:
            ValueError: nothing can ask for it (the sentence says why).
        """
        if skill != "span":
            known = next((one for one in self.facts.get(skill, ()) if one.span == span), None)
            if known is None:
                raise ValueError(f"{span[:60]!r} is no {skill} that stands alone in a sentence of the passage")
            return known
        sentence = next((one for one in self.sentences if span in one), None)
        if sentence is None:
            raise ValueError(f"{span[:60]!r} does not stand in a sentence of the passage")
        size = len(span.split())
        if not SPAN[0] <= size <= SPAN[1] or len(span) > LONGEST or span != span.strip():
            raise ValueError(f"a span has {SPAN[0]} to {SPAN[1]} words and {LONGEST} characters, not {size} words")
        if not content(span):
            raise ValueError(f"{span!r} says nothing")
        at = sentence.index(span)
        if (at and sentence[at - 1].isalnum()) or sentence[at + len(span) :][:1].isalnum():
            raise ValueError(f"{span!r} begins or ends inside a word")
        if times(span, self.text) != 1:
            raise ValueError(f"{span!r} stands more than once in the passage")
        if len(sentence.split()) < size + 4:
            raise ValueError(f"{span!r} is nearly its whole sentence")
        return self._blank(skill, span, sentence, "words")

    def _alone(self, skill: Skill, sentence: str) -> Iterator[Fact]:
        found = [next(part for part in (*one.groups(), one[0]) if part) for one in _PATTERNS[skill].finditer(sentence)]
        if len(found) != 1 or times(found[0], self.text) != 1 or not tokens(found[0]) or foreign(found[0], self._own):
            return
        words = sentence.split()
        head, tail = " ".join(words[:5]).strip(",;:"), " ".join(words[-5:]).strip(".,;:!?")
        for where, some in (("begins", head), ("ends in", tail)):
            if '"' not in some and not times(found[0], some) and times(some, self.text) == 1:
                said = (one.replace("{kind}", KINDS[skill]).replace("{where}", where) for one in LOCATED)
                told = tuple(one.replace("{some}", some) for one in said)
                if not any(times(found[0], one) for one in told):
                    yield Fact(skill, found[0], sentence, told)
                return

    def _words(self, skill: Skill, sentence: str) -> Iterator[Fact]:
        for found in list(_WORD.finditer(sentence))[1:]:
            if content(found[0]) and times(found[0], self.text) == 1:
                with suppress(ValueError):
                    yield self._blank(skill, found[0], sentence, "word")

    def _phrases(self, skill: Skill, sentence: str) -> Iterator[Fact]:
        # Runs of words of weight, as RAKE takes them for keywords (Rose et al., 2010).
        for part in re.split(r"[^\w\s’'-]+", sentence):
            held: list[str] = []
            for word in [*part.split(), ""]:
                if word and content(word):
                    held.append(word)
                    continue
                if len(held) >= SPAN[0]:
                    with suppress(ValueError):
                        yield self.fact(skill, " ".join(held[:4]))
                held = []

    def _defined(self, skill: Skill, sentence: str) -> Iterator[Fact]:
        found = _DEFINES.match(sentence)
        if found is None or set(found["term"].lower().split()) & _NOTHING or not content(found["term"]):
            return
        term, said = found["term"].strip("`"), found["said"].strip()
        if '"' not in said and not times(term, said) and times(said, self.text) == 1:
            told = tuple(one.replace("{some}", said) for one in DEFINED)
            if not any(times(term, one) for one in told):
                yield Fact(skill, term, sentence, told)

    def _blank(self, skill: Skill, span: str, sentence: str, many: str) -> Fact:
        before, after = re.split(rf"(?<!\w){re.escape(span)}(?!\w)", sentence, maxsplit=1)
        left, right = before.split(" "), after.split(" ")
        shown = " ".join(left[-AROUND - 1 :]) + BLANK + " ".join(right[: AROUND + 1])
        shown = ("… " if len(left) > AROUND + 1 else "") + shown + (" …" if len(right) > AROUND + 1 else "")
        said = (one.replace("{many}", many).replace("fill the", "fills the" if many == "word" else "fill the")
                for one in BLANKED)  # fmt: skip
        said = (one.replace("belong", "belongs") if many == "word" else one for one in said)
        some = shown.rstrip(".").replace('"', "'")
        told = tuple(one for one in (frame.replace("{some}", some) for frame in said) if not times(span, one))
        if not told:
            raise ValueError(f"{span!r} stands in every way to ask for it")
        return Fact(skill, span, sentence, told)
