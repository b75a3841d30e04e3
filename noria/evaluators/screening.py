"""Screening: secrets, personal data and toxic words in a text, by maintained libraries that need no network.

    key        glin-profanity's secret scanner: tokens of known issuers, PEM blocks, `api_key: …`;
               with two patterns of ours for what it lacks (a password in an address, `password = "…"`)
    toxic      glin-profanity's English word list, separators and stretched letters undone
    phone      phonenumbers: `+` numbers anywhere, national ones as the USA and Britain write them
    iban card  python-stdnum: checksum, country and length; a card's first digits too
    email      a pattern of ours, with `at` and `dot` spelled out

Tasks here are full of digits, hexadecimal and programs, so a false alarm costs more than a
miss of a vague kind: nothing is found by entropy or by a bare run of digits alone. A word
list knows words: a threat in clean words passes it. The evidence names the kind and where
it stands, and shows no more of a secret than its first two characters.

Prompts say mostly what others said before them, line for line; so of a text that a program put together
(`lined`) each line is read by itself, once, and known the next time. The marks of its fence, drawn anew
for every call, are no part of a line.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

from noria.config.hygiene import Kind
from noria.fence import settled

SHORTEST = 3
"""Characters of the shortest text that could hold anything."""

SHOWN = 2
"""Characters of a secret that the evidence shows."""

REGIONS = ("US", "GB")
"""Whose national way of writing a phone number is known; a number that begins with `+` needs none."""

LEAST = 9
"""Digits of the shortest national phone number that is believed."""

_NAME, _LABEL = r"\b[a-z0-9][\w.+-]{0,63}", r"[a-z0-9-]{1,63}"
_DOT = r" ?(?:\.|[\[({] ?(?:dot|\.) ?[\])}]| dot ) ?"
_EMAIL = re.compile(
    rf"{_NAME} ?(?:@|[\[({{] ?(?:at|@) ?[\])}}]) ?(?:{_LABEL}{_DOT}){{1,4}}[a-z]{{2,24}}\b", re.IGNORECASE
)
_SPELLED = re.compile(rf"{_NAME} at (?:{_LABEL}(?: dot |\.(?=[a-z0-9]))){{1,4}}(?P<end>[a-z]{{2,24}})\b", re.IGNORECASE)
_DOMAINS = (
    "com org net edu gov mil int info biz io ai dev app co me eu us uk de fr es it nl be ch at se no dk fi pl cz pt gr "
    "ie ru ua tr in cn jp kr br mx ca au nz za il sg hk tv xyz online site shop tech email"
)
_ENDS = frozenset(_DOMAINS.split())
_ASSIGNED = re.compile(
    r"\b\w*(?:password|passwd|pwd|secret|api_?key|token)\w*['\"]?\s*(?::=|[:=])\s*['\"][^'\"\s]{6,}['\"]", re.IGNORECASE
)
_CREDENTIALS = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/?#\[\]@]{1,64}:[^\s/?#\[\]@]{3,}@[\w.-]+", re.IGNORECASE)
KEYISH = re.compile(
    r"[^\s'\"]{12}|passw|pwd|secret|api_?key|token|://|ghcr\.io|-----BEGIN|eyJ", re.IGNORECASE
)  # fmt: skip
"""What stands in every text that holds a key: a run that long, or a word that one begins with."""
_IBAN = re.compile(r"\b[a-z]{2}\d{2}(?:[ -]?[a-z0-9]){11,30}\b", re.IGNORECASE)
_CARD = re.compile(r"(?<![\w.+-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)")
_ISSUER = re.compile(r"^(?:4\d{12}(?:\d{3})?(?:\d{3})?|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|6(?:011|5\d\d)\d{12})$")
_LONG_ENOUGH = re.compile(rf"(?:\d\W{{0,4}}){{{LEAST}}}")
_WRITTEN = re.compile(r"[\s().-]")

OTHER_SENSES = ("ass", "cock", "dick", "hoe", "nude", "spunk", "suck", "tit")
"""Words of the list that are animals, tools and names as well: they are left to stand."""

MISSING = ("dickhead", "gook", "n1gga", "n1gger", "wanker", "whore")
"""Words that the list lacks."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that may not be learned."""

    kind: Kind
    masked: str
    """Its first characters and its length; the thing itself is never repeated."""

    def __str__(self) -> str:
        """The finding in words."""
        return f"{self.kind}: {self.masked}"


class Screen:
    """Looks for the kinds it is told; the libraries are loaded at first use."""

    def __init__(self, kinds: Collection[Kind]) -> None:
        """Screen for these kinds."""
        self.kinds = frozenset(kinds)
        self.find = lru_cache(maxsize=4096)(self._find)
        """What stands in a text: each finding once, in a fixed order; the same text is looked at once."""
        self._line = lru_cache(maxsize=4096)(self._find)

    def _find(self, text: str, lined: bool = False) -> tuple[Finding, ...]:
        if not self.kinds or len(text.strip()) < SHORTEST:
            return ()
        if lined:
            lines = dict.fromkeys(settled(text).splitlines())
            return tuple(dict.fromkeys(chain.from_iterable(map(self._line, lines))))
        plain = text if text.isascii() else _plain(text)
        by_kind: dict[Kind, Callable[[str], Iterable[str]]] = {
            "key": self._keys,
            "email": _emails,
            "iban": _ibans,
            "card": _cards,
            "phone": _phones,
            "toxic": self._profanities,
        }
        found = (
            Finding(kind, _mask(one)) for kind, look in by_kind.items() if kind in self.kinds for one in look(plain)
        )
        return tuple(dict.fromkeys(found))

    def _keys(self, text: str) -> Iterator[str]:
        # That a text holds none, the patterns say in half the scanner's time, and most texts without them.
        if not KEYISH.search(text) or not any(one.search(text) for one in signs()):
            return
        scanner: Any = _scanner()
        for match in scanner.scan(text).matches:
            yield text[match.start_index : match.end_index]

    @cached_property
    def _words(self) -> "tuple[object, object]":
        """The word list, and the same one for texts that are ASCII: letters of other scripts need no undoing there."""
        from glin_profanity import Filter

        given = {"languages": ["english"], "ignore_words": list(OTHER_SENSES)}
        words = Filter({**given, "custom_words": list(MISSING)})
        ascii_alone = Filter({**given, "custom_words": sorted(words.words), "normalize_unicode": False})
        return _quicker(words), _quicker(ascii_alone)

    def _profanities(self, text: str) -> tuple[str, ...]:
        if not any(map(str.isalpha, text)):  # digits are a number here, whatever they may be read as
            return ()
        words = self._words[text.isascii()]
        result = words.check_profanity(text)  # type: ignore[attr-defined]
        return tuple(sorted(set(result["profane_words"])))


@lru_cache(maxsize=1)
def _scanner() -> object:
    from glin_profanity.scanners.patterns.secret_patterns import SecretPattern
    from glin_profanity.scanners.secrets import SecretsScanner

    more = [
        SecretPattern("OWN-1", "Password", _ASSIGNED, "high", "password"),
        SecretPattern("OWN-2", "Credentials in an address", _CREDENTIALS, "high", "credentials"),
    ]
    return SecretsScanner(custom_patterns=more)


@lru_cache(maxsize=1)
def signs() -> "tuple[re.Pattern[str], ...]":
    """The patterns of all keys, the library's and ours."""
    from glin_profanity.scanners.patterns.secret_patterns import SECRET_PATTERNS

    return (*(one.pattern for one in SECRET_PATTERNS), _ASSIGNED, _CREDENTIALS)


def _quicker(words: "object") -> "object":
    """A word list of the library that does not do twice what it did."""
    # Its one pattern of all phrases is tried at every letter, three times a text: most of what screening took.
    scanner = getattr(words, "_scanner", None)
    if (phrases := getattr(scanner, "_rest", None)) and (pattern := getattr(scanner, "_rest_any", None)):
        scanner._rest_any = _Phrases(pattern, phrases)  # type: ignore[union-attr]
    # The views of a plain text are mostly one and the same text.
    if scanner is not None and (candidate := getattr(scanner, "_has_candidate", None)):
        scanner._has_candidate = lru_cache(maxsize=8)(candidate)
    return words


class _Phrases:
    """A pattern of many phrases in lower case that is tried only on a text in which one of them stands."""

    def __init__(self, pattern: "re.Pattern[str]", phrases: Iterable[str]) -> None:
        self._pattern = pattern
        self._phrases = tuple({one.lower() for one in phrases})

    def search(self, text: str) -> "re.Match[str] | None":
        return self._pattern.search(text) if any(one in text for one in self._phrases) else None


def _plain(text: str) -> str:
    """A text in which compatible forms are one form, and what is invisible hides nothing."""
    return "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) not in ("Cf", "Cs"))


def _emails(text: str) -> Iterator[str]:
    if "@" in text or (any(one in text for one in "[({") and "at" in text.lower()):
        yield from (found[0] for found in _EMAIL.finditer(text))
    for found in _SPELLED.finditer(text) if " dot " in text.lower() else ():
        # "ann at example dot com" is an address; "look at it.me" and "at one dot" are none.
        if " dot " in found[0].lower() and found["end"].lower() in _ENDS:
            yield found[0]


def _ibans(text: str) -> Iterator[str]:
    from stdnum import iban

    for found in _IBAN.finditer(text):
        # What follows may be glued on by a space: the longest beginning that is one.
        parts = re.split(r"(?<=\w)(?=[ -])", found[0])
        for end in range(len(parts), 0, -1):
            if iban.is_valid("".join(parts[:end])):
                yield "".join(parts[:end])
                break


def _cards(text: str) -> Iterator[str]:
    from stdnum import luhn

    for found in _CARD.finditer(text):
        bare = re.sub(r"\D", "", found[0])
        if _ISSUER.match(bare) and luhn.is_valid(bare):
            yield found[0]


def _phones(text: str) -> Iterator[str]:
    import phonenumbers
    from phonenumbers import Leniency, PhoneNumberMatcher

    if sum(map(str.isdigit, text)) < 7:
        return
    if "+" in text:
        for match in PhoneNumberMatcher(text, None, leniency=Leniency.VALID):
            yield match.raw_string
    for region in REGIONS if _LONG_ENOUGH.search(text) else ():
        for match in PhoneNumberMatcher(text, region, leniency=Leniency.STRICT_GROUPING):
            # A bare run of digits is a number like any other; one that is written as a phone number is none.
            written = _WRITTEN.search(match.raw_string.strip())
            if written and len(phonenumbers.national_significant_number(match.number)) >= LEAST:
                yield match.raw_string


def _mask(secret: str) -> str:
    shown = secret.strip()
    return f"{shown[:SHOWN]}… ({len(shown)} characters)"
