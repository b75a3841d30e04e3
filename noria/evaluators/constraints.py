"""Constraints: mechanical instruction following, in the manner of IFEval (arXiv 2311.07911).

    kinds: bullets · sentences · lowercase · uppercase · include · avoid · ending · json · sections · short

    level 1  one kind      level 2  two      level 3  three that go together
    level 4  whatever rule the generator writes, with functions that check it (see `constraints_written.py`)

A program can tell whether each constraint holds, not whether the text is good. What it can
do is refuse what is no text at all: a response must name its topic, bring words of its own
that stand in no instruction, and not repeat itself, so that an echo, an empty list or a
loop of words never passes.
"""

import json
import random
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

from pydantic import Field

from noria.evaluators.domain import Domain, Parameters, Reading, choose, proposal
from noria.evaluators.lexicon import TOPICS
from noria.evaluators.phrasing import NUMBER_WORDS, RESPONSE_LIMIT, numbers, pick, stands, words
from noria.evaluators.sandbox.runner import Runner
from noria.types import Check, Grounding, Json

AND = "_and_"
"""What stands between the kinds in a skill's name."""

SKILLS: dict[int, tuple[str, ...]] = {
    1: ("bullets", "sentences", "lowercase", "uppercase", "include", "avoid", "ending", "json", "sections", "short"),
    2: (
        "bullets_and_lowercase", "bullets_and_include", "sentences_and_ending", "sentences_and_include",
        "lowercase_and_ending", "avoid_and_short", "uppercase_and_short", "sections_and_include",
    ),
    3: (
        "bullets_and_lowercase_and_include", "sentences_and_lowercase_and_ending",
        "sentences_and_include_and_ending", "bullets_and_include_and_avoid",
    ),
}  # fmt: skip
COUNTED = ("bullets", "sentences", "short")
REQUIRED = ("fresh", "useful", "quiet", "daily", "simple", "bright", "local", "warm")
FORBIDDEN = ("very", "good", "nice", "really", "thing", "great")
ENDINGS = ("That is all.", "The end.", "Thank you.", "See you soon.")
KEYS = ("name", "use", "place", "reason")
TITLES = ("Intro", "Facts", "Tips", "Summary")

CLAUSES: dict[str, tuple[str, ...]] = {
    "bullets": ("as exactly {n} bullet points, each starting with '- '", "in exactly {n} bullets that start with '- '"),
    "sentences": ("in exactly {n} sentences", "with exactly {n} sentences"),
    "short": ("in at most {n} words", "with no more than {n} words"),
    "lowercase": ("using only lowercase letters", "all in lowercase"),
    "uppercase": ("using only capital letters", "all in uppercase"),
    "include": ("using the word '{word}'", "that includes the word '{word}'"),
    "avoid": ("without the word '{avoid}'", "that avoids the word '{avoid}'"),
    "ending": ("ending with '{ending}'", "that ends with '{ending}'"),
    "json": ("as a JSON object with the keys {keys}", "as JSON with exactly the keys {keys}"),
    "sections": ("in two sections titled '{first}:' and '{second}:'", "with two sections, '{first}:' and '{second}:'"),
}
MARKS = "-" if all("- " in clause for clause in CLAUSES["bullets"]) else "-*•"
"""What a bullet may start with: where every wording asks for a dash, nothing else does."""

FRAMES = (
    "Write about {topic} {how}.", "Write a short text about {topic} {how}.", "Tell me about {topic} {how}.",
    "Describe {topic} {how}.", "Say something about {topic} {how}.", "Explain {topic} {how}.",
    "Give a short note on {topic} {how}.", "Write a few words about {topic} {how}.",
)  # fmt: skip
SIGNS = {
    "bullets": r"\bbullet",
    "sentences": r"\bsentences?\b",
    "short": r"\b(?:at most|no more than|up to|fewer than)\b.*\bwords\b",
    "lowercase": r"\b(?:lower ?case|small letters)\b", "uppercase": r"\b(?:upper ?case|capital)",
    "include": r"\b(?:us(?:e|es|ing) the word|includ\w+)\b", "avoid": r"\b(?:without|avoid\w*|do not use|don't use)\b",
    "ending": r"\bend(?:s|ing)?\b", "json": r"\bjson\b", "sections": r"\bsections?\b",
}  # fmt: skip

LINES = (
    "{T} can make a day better.", "Many people enjoy {t} with their family.", "You can learn about {t} at home.",
    "{T} have a long history.", "People talk about {t} in every country.", "Children often ask about {t}.",
    "There is always more to see in {t}.", "We think of {t} when the season changes.",
)  # fmt: skip
OWN_WORDS = 3
"""Distinct words a response must bring that stand in no instruction."""


PLACE = re.compile(
    r"\b(?:start|begin)\w* with (?:a|one|the)\b|\bat the (?:start|beginning)\b|\bfirst (?:line|word|letter|sentence)\b"
)
"""What says that a rule holds of one place."""


class Point(Parameters):
    """A topic and what the text about it must keep."""

    skill: str = Field(pattern=r"^[a-z_]+$")
    topic: str = Field(min_length=2, max_length=60)
    count: int | None = Field(default=None, ge=2, le=40)
    word: str | None = None
    avoid: str | None = None
    ending: str | None = None
    keys: tuple[str, ...] | None = None
    titles: tuple[str, ...] | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The constraints of the skill."""
        return tuple(self.skill.split(AND))


class Constraints(Domain):
    """Short texts under constraints a program can check."""

    name: ClassVar[str] = "constraints"
    version: ClassVar[int] = 2
    about: ClassVar[str] = "A short text about a topic that keeps mechanical rules."
    levels: ClassVar[tuple[int, ...]] = (1, 2, 3)
    further: ClassVar[tuple[int, ...]] = (4,)
    parameters = Point
    answer_tokens: ClassVar[int] = 56
    unique: ClassVar[bool] = False

    def at(self, level: int) -> Domain:
        """Level 4 is a family of its own."""
        from noria.evaluators.constraints_written import WrittenConstraints  # it is built on this module

        return WrittenConstraints() if level in self.further else self

    def skills(self, level: int) -> tuple[str, ...]:
        """Kinds that go together."""
        return SKILLS[level]

    def window(self, level: int, rng: random.Random, *, weak: tuple[str, ...] = (), topic: str = "") -> Json:
        """A skill and topics to choose from; the session's own topic where it has one."""
        skill = choose(self, level, rng, weak)
        return {"skill": skill, "topics": [topic.lower()] if topic else list(TOPICS[rng.choice(sorted(TOPICS))])}

    def schema(self, level: int, window: Json) -> Json:
        """The skill, the topic, what each kind needs, the wording."""
        fields: Json = {"skill": {"const": window["skill"]}, "topic": {"enum": window["topics"]}}
        for kind in window["skill"].split(AND):
            fields |= _field(kind)
        return proposal(fields)

    def sample(self, level: int, rng: random.Random, window: Json | None = None) -> Point:
        """One of each thing the kinds need."""
        dealt = window or self.window(level, rng)
        values: Json = {"skill": dealt["skill"], "topic": rng.choice(dealt["topics"])}
        for kind in dealt["skill"].split(AND):
            for name, schema in _field(kind).items():
                if schema.get("type") == "integer":
                    values[name] = rng.randint(schema["minimum"], schema["maximum"])
                elif schema.get("type") == "array":
                    values[name] = tuple(rng.choice(part["enum"]) for part in schema["prefixItems"])
                else:
                    values[name] = rng.choice(schema["enum"])
        return Point(**values)

    def ground(self, parameters: Parameters) -> Grounding:
        """The constraints themselves: whatever text keeps them is right."""
        assert isinstance(parameters, Point)
        for kind in parameters.kinds:
            if kind not in CLAUSES:
                raise ValueError(f"unknown constraint {kind!r}")
            if missing := [name for name in _field(kind) if getattr(parameters, name) is None]:
                raise ValueError(f"{kind} needs {missing[0]}")
        facts = {**parameters.model_dump(mode="json"), "kinds": list(parameters.kinds)}
        rest = [str(facts[name]) for name in ("count", "word", "avoid", "ending", "keys", "titles") if name in facts]
        return Grounding(
            verifier=self.verifier, facts=facts, signature=":".join([parameters.skill, parameters.topic, *rest])
        )

    def phrase(self, parameters: Parameters, rng: random.Random) -> str:
        """A frame around one clause a kind."""
        assert isinstance(parameters, Point)
        how = ", ".join(rng.choice(CLAUSES[kind]) for kind in parameters.kinds)
        first, second = parameters.titles or ("", "")
        quoted = " and ".join(f"'{key}'" for key in parameters.keys or ())
        return pick(
            FRAMES, rng, how=how, topic=parameters.topic, n=parameters.count, word=parameters.word,
            avoid=parameters.avoid, ending=parameters.ending, keys=quoted, first=first, second=second,
        ).replace(".'.", ".'")  # fmt: skip

    def says(self, parameters: Parameters, instruction: str) -> Check:
        """The topic, each kind with its number and words, and no other kind."""
        assert isinstance(parameters, Point)
        text = instruction.lower()
        words = (parameters.word, parameters.avoid, parameters.ending)
        needed = [parameters.topic, *filter(None, words), *(parameters.keys or ()), *(parameters.titles or ())]
        if lost := [word for word in needed if not stands(word.lower(), text)]:
            return Check.of("wording", False, f"does not say {lost[0]!r}")
        plain = text
        for word in needed:
            plain = plain.replace(word.lower(), " ")
        found = [n for n in numbers(plain) if n not in (1, 2) or n == parameters.count]
        if parameters.count is not None and found != [float(parameters.count)]:
            return Check.of("wording", False, f"names {[f'{n:g}' for n in found]}, not {parameters.count}")
        kinds = {kind for kind, sign in SIGNS.items() if re.search(sign, plain)}
        evidence = f"asks for {', '.join(sorted(kinds)) or 'nothing'}; the parameters for {', '.join(parameters.kinds)}"
        return Check.of("wording", kinds == set(parameters.kinds), evidence)

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        """Whether it is a text on the topic, then each constraint."""
        facts, text = grounding.facts, response.strip()
        if len(text) > RESPONSE_LIMIT:
            return (Check.of("substance", False, f"the response has {len(text)} characters"),)
        return (substance(facts, text), *(holds(kind, facts, text) for kind in facts["kinds"]))

    def truth(self, parameters: Parameters, rng: random.Random) -> str:
        """Plain sentences on the topic that keep every constraint."""
        assert isinstance(parameters, Point)
        return compose(parameters, rng)

    def wrong(self, parameters: Parameters, rng: random.Random) -> str:
        """A right text with one constraint broken."""
        assert isinstance(parameters, Point)
        text, kind = compose(parameters, rng), rng.choice(parameters.kinds)
        match kind:
            case "bullets" | "sentences":
                return text.replace("\n", " ").replace("- ", "") if kind == "bullets" else text + " Not this. Nor that."
            case "short":
                return text + " and so on" * ((parameters.count or 10) // 2)
            case "lowercase":
                return text.upper()
            case "uppercase":
                return text.lower()
            case "include":
                return re.sub(rf"\b{parameters.word}\b", "plain", text, flags=re.IGNORECASE)
            case "avoid":
                return f"{text} {parameters.avoid}"
            case "ending":
                return text + " And more"
            case "json":
                return text[:-1]
            case _:
                return text.replace(":", "")

    def free_text(self, parameters: Parameters) -> str:
        """The topic."""
        assert isinstance(parameters, Point)
        return parameters.topic

    def readings(self, parameters: Parameters, instruction: str) -> Iterator[Reading]:
        """A rule that may be heard of one place of the text only, and sections in either order."""
        assert isinstance(parameters, Point)
        rng = random.Random(0)
        text = re.sub(r"'[^']*'", "''", instruction.lower())
        kept = {"lowercase": compose(parameters, rng).capitalize(), "uppercase": compose(parameters, rng).capitalize()}
        kept["ending"] = f"{compose(parameters, rng)} {LINES[0].replace('{T}', parameters.topic.capitalize())}"
        for kind in kept.keys() & set(parameters.kinds):
            if PLACE.search(text):
                yield Reading(f"{kind} at one place only", kept[kind])
        if parameters.titles and re.search(r"\b(?:any|either|no particular) order\b", text):
            turned = parameters.model_copy(update={"titles": parameters.titles[::-1]})
            yield Reading("the sections in the other order", compose(turned, rng))

    def shortcuts(self, instruction: str) -> dict[str, str]:
        """The words of the instruction, shuffled by the alphabet."""
        return {"is a soup of its words": " ".join(sorted(set(words(instruction))))}


def _field(kind: str) -> Json:
    """What a kind needs, as schema properties."""
    match kind:
        case "bullets" | "sentences":
            return {"count": {"type": "integer", "minimum": 2, "maximum": 4}}
        case "short":
            return {"count": {"type": "integer", "minimum": 8, "maximum": 20}}
        case "include":
            return {"word": {"enum": list(REQUIRED)}}
        case "avoid":
            return {"avoid": {"enum": list(FORBIDDEN)}}
        case "ending":
            return {"ending": {"enum": list(ENDINGS)}}
        case "json":
            return {"keys": _pair(KEYS)}
        case "sections":
            return {"titles": _pair(TITLES)}
    return {}


def _pair(known: tuple[str, ...]) -> Json:
    """Two different words of four: one of each half."""
    halves = [{"type": "string", "enum": list(known[:2])}, {"type": "string", "enum": list(known[2:])}]
    return {"type": "array", "prefixItems": halves, "items": False, "minItems": 2, "maxItems": 2}


FRAME_WORDS = {
    word for text in (*FRAMES, *(clause for part in CLAUSES.values() for clause in part)) for word in words(text)
}


def substance(facts: Json, text: str) -> Check:
    """Whether a response is a text on its topic and no echo, shell or loop."""
    said = words(text)
    subject = [word for word in words(facts["topic"]) if word not in ("the", "a", "an", "of", "and")]
    if lost := [word for word in subject if not _named(word, said)]:
        return Check.of("substance", False, f"never names its topic {facts['topic']!r} ({lost[0]!r})")
    given = {*subject, *words(" ".join(map(str, facts.values())))}
    common = FRAME_WORDS, NUMBER_WORDS, given
    own = {word for word in said if len(word) > 1 and not any(word in part for part in common)}
    if len(own) < OWN_WORDS:
        return Check.of("substance", False, f"{len(own)} words of its own, {OWN_WORDS} are needed")
    if len(set(said)) < 0.4 * len(said):
        return Check.of("substance", False, f"repeats itself: {len(set(said))} words of {len(said)} are distinct")
    return Check.of("substance", True, f"{len(own)} words of its own")


NUMBERS = ((r"(\w{3}o|[sxz]|ch|sh)es$", r"\1"), (r"(?<=\w)ies$", "y"), (r"(?<=[^aeiou])y$", "ies"))
"""Endings of one number of a word and of the other, as in volcanoes, boxes, libraries and library; `toes` has its own
`e`, for `to` is no toe."""


def _named(word: str, said: list[str]) -> bool:
    """Whether words name a word of a topic: one that begins with it, or its other number where that is spelled anew."""
    stem = word[:-1] if word.endswith("s") and len(word) > 3 else word
    if any(one.startswith(stem) for one in said):
        return True
    other = next((re.sub(pattern, ending, word) for pattern, ending in NUMBERS if re.search(pattern, word)), word)
    return other in (one.removesuffix("'s") for one in said)


def holds(kind: str, facts: Json, text: str) -> Check:
    """Whether one constraint holds of a response."""
    match kind:
        case "bullets":
            lines = [line for line in text.splitlines() if line.strip()]
            right = [line for line in lines if re.match(rf"\s*[{MARKS}]\s+\S+(?:\s+\S+)+", line)]
            passed, found = len(lines) == len(right) == facts["count"], f"{len(right)} bullets in {len(lines)} lines"
        case "sentences":
            count = _sentences(text)
            whole = bool(re.search(r"[.!?][\"')]*$", text))
            passed, found = (
                whole and count == facts["count"],
                f"{count} sentences{'' if whole else ', the last one open'}",
            )
        case "short":
            count = len(text.split())
            passed, found = count <= facts["count"], f"{count} words"
        case "lowercase" | "uppercase":
            other = [letter for letter in text if (letter.isupper() if kind == "lowercase" else letter.islower())]
            passed, found = not other, f"{len(other)} letters of the other case"
        case "include":
            passed, found = facts["word"] in words(text), f"looked for {facts['word']!r}"
        case "avoid":
            passed, found = facts["avoid"] not in words(text), f"looked for {facts['avoid']!r}"
        case "ending":
            lower = facts["ending"].lower() if "lowercase" in facts["kinds"] else facts["ending"]
            passed, found = text.endswith(lower), f"ends with {text[-30:]!r}"
        case "json":
            passed, found = _json_with(facts["keys"], text)
        case _:
            passed, found = _titled(facts["titles"], text)
    wanted = next((facts[name] for name in _field(kind)), None) if kind in CLAUSES else None
    return Check.of(kind, passed, f"wanted {wanted}, {found}" if wanted is not None else found)


def _sentences(text: str) -> int:
    """How many sentences end in a text; in linear time, for a response may be one long line without an end."""
    parts = re.split(r"[.!?]+", text)
    return sum(bool(re.search(r"\w", part)) and (not after or after[0].isspace()) for part, after in pairwise(parts))


def _titled(titles: list[str], text: str) -> tuple[bool, str]:
    places = [re.search(rf"(?m)^\s*{re.escape(title)}:", text) for title in titles]
    starts, ends = [one.start() for one in places if one], [one.end() for one in places if one]
    if len(starts) < len(titles) or starts != sorted(starts):
        return False, f"{len(starts)} titled sections"
    filled = [bool(text[start:end].strip()) for start, end in zip(ends, [*starts[1:], len(text)], strict=True)]
    return all(filled), f"{sum(filled)} titled sections with a text"


def _json_with(keys: list[str], text: str) -> tuple[bool, str]:
    twice = list[str]()

    def read(pairs: list[tuple[str, object]]) -> dict[str, object]:
        said = [key for key, _ in pairs]
        twice.extend(key for key in said if said.count(key) > 1)
        return dict(pairs)

    try:
        found = json.loads(text, object_pairs_hook=read)
    except (ValueError, RecursionError):
        return False, "no JSON"
    if not isinstance(found, dict):
        return False, "no JSON object"
    if twice:
        return False, f"the key {twice[0][:40]!r} twice"
    filled = all(isinstance(value, str) and len(value.split()) > 1 for value in found.values())
    return sorted(found) == sorted(keys) and filled, f"keys {', '.join(sorted(map(str, found)))[:80]}"


def compose(point: Point, rng: random.Random) -> str:
    """A text that keeps the constraints of a point."""
    kinds, topic = point.kinds, point.topic
    lines = [line.replace("{t}", topic).replace("{T}", topic.capitalize()) for line in rng.sample(LINES, 5)]
    # The topics are plural or mass nouns; a verb that agrees with both keeps the sentence right.
    lines = [line.replace(" have a long", " can have a long") for line in lines]
    if "include" in kinds:
        lines[0] = rng.choice(
            (f"People like {topic} that feel {point.word}.", f"Some find {topic} {point.word} and kind.")
        )
    count = point.count if "sentences" in kinds or "bullets" in kinds else 2
    assert count is not None
    if "short" in kinds:
        lines[0], count = f"Many enjoy {topic} with family and friends.", 1
    if "json" in kinds:
        assert point.keys is not None
        return json.dumps({key: line.rstrip(".") for key, line in zip(point.keys, lines, strict=False)})
    if "sections" in kinds:
        assert point.titles is not None
        return "\n".join(f"{title}: {line}" for title, line in zip(point.titles, lines, strict=False))
    if "bullets" in kinds:
        text = "\n".join(f"- {line}" for line in lines[:count])
    elif "ending" in kinds:
        text = " ".join([*lines[: max(1, count - 1)], point.ending or ""])
    else:
        text = " ".join(lines[:count])
    if "lowercase" in kinds:
        return text.lower()
    return text.upper() if "uppercase" in kinds else text
