"""Extraction: whether an answer is a span of a passage, and whether a question asks for that span.

Answers are compared as SQuAD compares them (Rajpurkar et al., 2016, arXiv 1606.05250): lower case,
without punctuation and articles; right is what is then the same, and the F1 of the tokens
stands in the evidence. A question is read for what a program can tell: that it does not give the
answer away, that it is about the passage, and about no other sentence of it more than about the one
that the answer stands in. That it asks for this answer shows itself only when somebody who sees
question and passage alone gives it (round-trip consistency: Alberti et al., 2019, arXiv 1906.05416).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from noria.types import Check

ARTICLES = frozenset({"a", "an", "the"})

WORDS = (4, 40)
"""Words of a question, fewest and most."""

ABOUT = 2
"""Content words that a question must share with its passage."""

SHARED = 0.5
"""Share of its content words that they must be."""

_ASKS = re.compile(
    r"\b(?:what|which|who|whom|whose|when|where|why|how|name|give|list|find|complete|fill)\b", re.IGNORECASE
)
_TURNS = re.compile(r"\b(?:not|never|no|none|except|without|nobody|nothing)\b", re.IGNORECASE)
_SAID = """
a about above according across after again against all almost along already also although always among an and another
any anything are around as at be became because become becomes been before behind being below beside besides between
beyond both but by called came can come comes could did do does each either else enough ever every everything few find
first following for from give goes gone had has have here how if in instead into is it its itself just kept kind last
least less like made make makes many may mean means more most much must name never no nobody none nor not nothing now
of off often on once one only or other others out over own passage phrase rather same say says seen sentence should
since so some something still such text than that the their them themselves then there these they this though through
thus till to too toward type under unless until up upon use used very want wants was well went were what whatever when
where whether which while who whole whom whose why will with within without word words would yet you your
"""
_HOLLOW = frozenset(_SAID.split())
"""Words that a question is not about."""


def tokens(text: str) -> list[str]:
    """The tokens of an answer: lower case, without punctuation and articles."""
    plain = unicodedata.normalize("NFKC", text).lower()
    # A mark between digits is part of the number; any other parts words or is nothing.
    plain = re.sub(r"(?<=\d)[,](?=\d{3}\b)", "", plain)
    plain = re.sub(r"(?<!\d)[.]|[.](?!\d)|[^\w\s.%]", lambda found: "" if found[0] in "'’`" else " ", plain)
    return [one for one in plain.split() if one not in ARTICLES]


def f1(found: str, expected: str) -> float:
    """The F1 of two answers' tokens, from 0 to 1."""
    one, two = Counter(tokens(found)), Counter(tokens(expected))
    both = sum((one & two).values())
    return 2 * both / (one.total() + two.total()) if both else 0.0


def times(span: str, text: str) -> int:
    """How often a span's tokens stand in a text, one after the other."""
    wanted, said = tokens(span), tokens(text)
    return sum(said[at : at + len(wanted)] == wanted for at in range(len(said) - len(wanted) + 1)) if wanted else 0


def extracted(response: str, answer: str) -> Check:
    """The check of a response against the span."""
    right = bool(tokens(response)) and tokens(response) == tokens(answer)
    evidence = f"expected {answer!r}, found {response[:120]!r} (token F1 {f1(response[:4000], answer):.2f})"
    return Check.of("span", right, evidence)


def asks(question: str, span: str, sentence: str, passage: Sequence[str]) -> str:
    """Why a question in free words cannot ask for a span of a passage's sentence; empty where it may."""
    low, high = WORDS
    size = len(question.split())
    if not low <= size <= high:
        return f"has {size} words, {low} to {high} are allowed"
    if not question.rstrip("\"'” ").endswith("?") or not _ASKS.search(question):
        return "asks no question"
    if times(span, question):
        return f"gives the answer {span!r} away"
    mine = content(question)
    every = set().union(*map(content, passage))
    shared = mine & every
    if len(shared) < ABOUT or len(shared) < SHARED * len(mine):
        return f"is not about the passage: {', '.join(sorted(mine - every)[:4]) or 'it names nothing'}"
    here = len(mine & content(sentence))
    if not here or any(len(mine & content(one)) >= here for one in passage if one != sentence):
        return "is no less about another sentence than about the one the answer stands in"
    if (turn := _TURNS.search(question)) and not re.search(rf"\b{re.escape(turn[0])}\b", sentence, re.IGNORECASE):
        return f"turns what the sentence says: {turn[0]!r}"
    return ""


def content(text: str) -> set[str]:
    """The words that carry a text, without their endings."""
    return {_stem(word) for word in re.findall(r"[^\W_]+", text.lower()) if word not in _HOLLOW}


def _stem(word: str) -> str:
    ends = (
        end for end in ("ing", "ies", "ed", "es", "s", "y", "e") if word.endswith(end) and len(word) - len(end) >= 3
    )
    return word.removesuffix(next(ends, ""))
