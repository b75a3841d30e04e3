"""Whether a text keeps a rule: counted anew, and left open where counting can be done in two ways.

    lines · sentences · words · cases · a word in it, or not · JSON · titled parts · a text at all

Each takes the stripped response and what the rule names, and gives true, false or none.
"""

import json
import re
import unicodedata
from collections.abc import Callable

from noria.studies.recheck.ruling import among

COUNTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
"""Counts that may be spelled."""

SPEECH = among(
    "a an and as at in no not of on or that the this to with your write about short text tell me describe say something"
    " explain give note few words word exactly bullet bullets point points each starting start starts sentence"
    " sentences most more than using use only lowercase letters all capital uppercase includes include without avoids"
    " avoid ending ends end json object keys two sections titled one three four five six seven eight nine ten"
)
"""Words in which rules are given: no topic, and nobody's own."""

_OPEN = re.compile(r"\.\.|…|[.!?][\"'’”)\]*_]|\b(?:e\.g|i\.e|etc|mr|mrs|dr|st|vs|no|[a-z])\.\s", re.IGNORECASE)


def _count(told: str) -> int:
    return int(told) if told.isdecimal() else COUNTS.index(told.lower())


def _bullets(text: str, told: str) -> bool | None:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) != _count(told) or not all(re.match(r"-\s+\S", line) for line in lines):
        return False
    return all(len(line.split()) > 2 for line in lines) or None


def _sentences(text: str, told: str) -> bool | None:
    parts = [part for part in re.split(r"(?<=[.!?])\s+", text) if re.search(r"\w", part)]
    if _OPEN.search(text) or re.search(r"[^.!?\s]\s*\n", text):
        return None
    return bool(re.search(r"[.!?]$", text)) and len(parts) == _count(told)


def _short(text: str, told: str) -> bool | None:
    counts = (len(text.split()), len(re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text)))
    kept = {count <= _count(told) for count in counts}
    return kept.pop() if len(kept) == 1 else None


def _case(other: Callable[[str], bool], categories: tuple[str, ...]) -> Callable[[str], bool | None]:
    def kept(text: str) -> bool | None:
        flags, kinds = any(map(other, text)), any(unicodedata.category(letter) in categories for letter in text)
        return not flags if flags == kinds else None

    return kept


def _includes(text: str, word: str) -> bool | None:
    found = re.findall(rf"(.?)(?<![^\W\d_]){re.escape(word.lower())}(?![^\W\d_])(.?)", text.lower(), re.DOTALL)
    if found and all({"'", "’", "_"} & set(one) or "".join(one).strip().isalnum() for one in found):
        return None
    return bool(found)


def _avoids(text: str, word: str) -> bool | None:
    included = _includes(text, word)
    return None if included is None else not included


def _json(text: str, *keys: str) -> bool | None:
    try:
        pairs = json.loads(text, object_pairs_hook=lambda found: found)
    except (ValueError, RecursionError):
        return None if text.startswith("```") else False
    if not isinstance(pairs, list) or not pairs or not all(isinstance(one, tuple) for one in pairs):
        return False
    if sorted(key for key, _ in pairs) != sorted(keys):
        return None if set(keys) < {key for key, _ in pairs} else False
    return all(isinstance(value, str) and len(value.split()) > 1 for _, value in pairs) or None


def _sections(text: str, first: str, second: str) -> bool | None:
    wanted = [title.rstrip(":") for title in (first, second)]
    either = "|".join(map(re.escape, wanted))
    found = list(re.finditer(rf"(?m)^[ \t]*({either}):", text))
    if {one[1] for one in found} != set(wanted):
        return None if re.search(rf"(?m)^\W*(?:{either})\W*$|[*#_]\s*(?:{either})", text) else False
    bodies = [
        text[one.end() : end] for one, end in zip(found, [*[one.start() for one in found[1:]], None], strict=True)
    ]
    if len(found) > 2 or text[: found[0].start()].strip() or re.search(r"(?m)^\s*\w+:", "\n".join(bodies)):
        return None
    return [one[1] for one in found] == wanted and all(map(str.strip, bodies))


def named(topic: str, text: str) -> bool | None:
    """Whether a text names each word of a topic, in the singular or the plural; none where it names some."""
    stems = [re.sub(r"(?:ies|(?<=o)es|(?<=[^s])s)$", "", word) for word in topic.split() if word != "the"]
    found = {re.search(rf"(?<![^\W\d_]){re.escape(stem)}", text.lower()) is not None for stem in stems}
    return found.pop() if len(found) == 1 else None


def own(instruction: str, text: str) -> bool | None:
    """Whether a text brings words of its own and does not go round in circles."""
    said = re.findall(r"[^\W\d_]+", text.lower())
    brought = set(said) - set(re.findall(r"[^\W\d_]+", instruction.lower()))
    if not brought or len(set(said)) < 0.25 * len(said):
        return False
    return (len([one for one in brought - SPEECH if len(one) > 1]) >= 3 and len(set(said)) >= 0.5 * len(said)) or None


KEPT: dict[str, Callable[..., bool | None]] = {
    "bullets": _bullets, "sentences": _sentences, "short": _short, "include": _includes, "avoid": _avoids,
    "json": _json, "sections": _sections, "lowercase": _case(str.isupper, ("Lu", "Lt")),
    "uppercase": _case(str.islower, ("Ll",)),
}  # fmt: skip
