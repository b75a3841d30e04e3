"""Foreign: what belongs in no task and in no answer, and so travels nowhere.

    orders        "Ignore all …", "say accept", "Judge: …", a verdict as JSON
    disguise      control tokens, fence look-alikes, role lines, invisible letters, mixed scripts
    codes         ZEBRA-7731, addresses, long runs of random letters: what a canary is made of

A wording that holds such a thing gives way to the program's, an answer that holds it fails,
and what a seat says freely is withheld. Which words are a task's *own* is said by who asks:
what they spell may stand. This reads signs and no meaning: an order in words that look like
none stays a sentence of the candidate, behind its fence, and no ruling it obtains admits anything.
"""

import re
import unicodedata
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from functools import lru_cache

from noria.evaluators.domain import Domain, Parameters
from noria.evaluators.readings import own_wordings
from noria.fence import ROLES, first_hidden
from noria.identity import canonical_json
from noria.types import Json

_JUDGED = r"(?:accept|reject)(?:ed|s|ing)?"
_SEATS = r"(?:judge|critic|adversary|verifier|grader|evaluator|reviewer|generator|solver)"
_RULES = r"(?:instructions?|rules?|prompts?|orders?|checks?|task|everything|above|previous|prior|earlier)"

_ORDERS = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        rf"\b(?:ignore|disregard)\b[^.?!\n]{{0,40}}\b(?:all|any|{_RULES})\b",
        rf"\b(?:forget|override|bypass|skip)\b[^.?!\n]{{0,30}}\b{_RULES}\b",
        rf"\b(?:say|answer|reply|respond|output|return|print|choose|vote|rule|write)\b"
        rf"\W{{0,3}}(?:with|only|just|it as)?\W{{0,3}}{_JUDGED}\b",
        r"\bsay\W{1,3}(?:first|second)\b\W*(?:[.!\n]|$)",
        rf"\b{_SEATS}\s*:",
        rf"\b{_SEATS}\s*,\s*(?:please|you|say|{_JUDGED})\b",
        rf"\b(?:ruling|verdict|judgement|judgment)\b\W+(?:(?:is|be|must|should)\W+)*{_JUDGED}\b",
        rf"\b{_JUDGED}\b(?:\W+{_JUDGED}\b)+",
        rf"\bplease\s+{_JUDGED}\b|\baccept (?:this|the|my) (?:answer|response|task|candidate|sample|one)\b",
        r"[\"'](?:ruling|verdict|accept(?:ed)?|passed|score|confidence|revise|faults|held)[\"']\s*:",
        r"\b(?:system|developer) (?:prompt|message|instruction|override)s?\b",
        r"\b(?:end|begin|start) of (?:the )?(?:data|prompt|instructions?|system)\b",
        r"\bnew instructions?\b|\byou are (?:now|no longer)\b",
    )
)  # fmt: skip
_DISGUISE = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        r"<[|｜]|[|｜]>|</?data-|</?(?:s|bos|eos|pad|unk|think|tool_call|start_of_turn|end_of_turn)>|\[/?INST\]|<</?SYS>>",
        rf"^\W*(?:{'|'.join(ROLES)})\s*:",
    )
)
_ADDRESS = re.compile(r"\bhttps?:\S*|\bwww\.\S+|\b[\w.+-]+@[\w-]+\.\w+|\b[\w-]+\.(?:com|org|net|io|dev|ai)\b", re.I)
_TOKEN = re.compile(r"[^\W_]+(?:[-_][^\W_]+)*")
_RUN = re.compile(r"[^\W\d_]+|\d+")
_MIXED = re.compile(
    r"[a-z][^\W\d_]*[\u0400-\u058f\u13a0-\u13ff]|[\u0400-\u058f\u13a0-\u13ff][^\W\d_]*[a-z]", re.IGNORECASE
)
_CASES = re.compile(r"[a-z0-9][A-Z]")
_JOINERS = re.compile(r"(?<=[A-Za-z])[\u200c\u200d]|[\u200c\u200d](?=[A-Za-z])")

PHRASINGS = 12
"""Phrasings of the program whose words are a task's own."""

LONGEST = 30
"""Letters and digits that a word has at most."""

_RULED = re.compile(rf"^(?:{_JUDGED}|{_SEATS}s?|verdicts?|rulings?|jailbreak)$")


def foreign(text: str, own: Set[str] = frozenset()) -> str:
    """What is foreign in a text, in a few words; empty where nothing is.

    `own` are the words (see `spelled`) that codes and addresses may be made of.
    """
    if shown := first_hidden(text):
        return f"holds the invisible character U+{ord(shown):04X}"
    if _JOINERS.search(text):
        return "hides a joiner among its letters"
    plain = unicodedata.normalize("NFKC", text)
    for what, patterns in (("pretends to be the frame", _DISGUISE), ("speaks to another seat", _ORDERS)):
        for pattern in patterns:
            if found := pattern.search(plain):
                return f"{what}: {' '.join(found[0].split())[:40]!r}"
    if (found := _ADDRESS.search(plain)) and not spelled(found[0]) <= own:
        return f"holds the address {found[0][:40]!r}"
    if found := _MIXED.search(plain):
        return f"mixes scripts in a word: {found[0][:40]!r}"
    for token in _TOKEN.findall(plain):
        if _code(token) and not spelled(token) <= own:
            return f"holds the code {token[:40]!r}"
    return ""


def talk(text: str, own: Set[str]) -> str:
    """A word of a text that names a seat or a ruling and is not the task's own; empty where there is none."""
    return next((word for word in sorted(spelled(text) - own) if _RULED.match(word)), "")


def own_words(domain: Domain, point: Parameters) -> Set[str]:
    """The words of a task: its parameters, and what the program's phrasings of them say."""
    return _own(_Said(domain, canonical_json(point.model_dump(mode="json")), point))


@dataclass(frozen=True, slots=True)
class _Said:
    """A task as far as its own words hang on it."""

    domain: Domain
    parameters: str
    point: Parameters = field(compare=False)


@lru_cache(maxsize=256)  # asked of one task by one seat after another
def _own(said: _Said) -> Set[str]:
    return spelled("\n".join((said.parameters, *own_wordings(said.domain, said.point, PHRASINGS))))


def smuggled(point: Parameters, domain: Domain, level: int, window: Json) -> str:
    """What is foreign in the free text of parameters, in a few words; what the window lists is nobody's wording."""
    listed = set(_texts(domain.schema(level, window)))
    texts = (text for text in _texts(point.model_dump(mode="json")) if text not in listed)
    return next((what for text in texts if (what := foreign(text))), "")


def _texts(value: object) -> Iterator[str]:
    """Every text of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def spelled(text: str) -> frozenset[str]:
    """The words and the numbers of a text, lower case, however they are joined."""
    if text.isascii():
        return frozenset(_RUN.findall(text.lower()))
    return frozenset(run.lower() for run in _RUN.findall(unicodedata.normalize("NFKC", text)))


def _code(token: str) -> bool:
    """Whether a token is no word and no number: letters and digits of both kinds, or a long random run."""
    letters, digits = sum(map(str.isalpha, token)), sum(map(str.isdigit, token))
    longest = max(len(part) for part in re.split(r"[-_]", token))
    random_case = len(_CASES.findall(token)) >= 4 and letters >= 12
    return (letters >= 3 and digits >= 3) or (longest > LONGEST and letters > 0) or random_case
