"""Text operations: a small language over short lists of words.

    words ─► op ─► op … ─► words, a word, or a number

    level 1  one operation, three words      level 3  two operations, four words
    level 2  one operation, four or five     level 4  three operations, five words

The answer is the resulting words separated by a comma, or the word, or the number.
"""

import random
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice, permutations
from typing import ClassVar

from pydantic import Field

from noria.evaluators.domain import Domain, Parameters, Reading, choose, drawn, proposal
from noria.evaluators.lexicon import WORDS
from noria.evaluators.phrasing import RESPONSE_LIMIT, fold, named, numbers, pick, words
from noria.evaluators.sandbox.runner import Runner
from noria.types import Check, Grounding, Json

JOIN = "_then_"
"""What stands between the operations in a skill's name."""

SIZES = {1: (3,), 2: (4, 5), 3: (4,), 4: (5,)}
"""Words of a list by level."""

ONE = ("reverse", "sort", "uppercase", "count", "last", "hyphen", "dedupe", "longer")
TWO = (
    "reverse_then_uppercase",
    "sort_then_hyphen",
    "dedupe_then_count",
    "longer_then_count",
    "sort_then_last",
    "reverse_then_hyphen",
)
THREE = (
    "dedupe_then_sort_then_hyphen",
    "reverse_then_uppercase_then_hyphen",
    "sort_then_reverse_then_last",
    "dedupe_then_reverse_then_uppercase",
)

CLAUSES: dict[str, tuple[str, ...]] = {
    "reverse": ("reverse their order", "put them in reverse order", "list them backwards"),
    "sort": ("sort them alphabetically", "put them in alphabetical order", "order them from A to Z"),
    "uppercase": ("write them in capital letters", "write them in uppercase", "put them in all capitals"),
    "count": ("count them", "say how many there are", "give the number of words"),
    "last": ("give the last one", "name the last word", "give only the last word"),
    "hyphen": ("join them with hyphens", "link them with hyphens", "connect them with hyphens"),
    "dedupe": ("remove repeated words", "drop the duplicates", "keep each word once"),
    "longer": (
        "keep only words longer than four letters",
        "keep the words with more than four letters",
        "remove words of four letters or fewer",
    ),
}
FRAMES = (
    "Take these words and {then}: {words}.",
    "Here are some words: {words}. Now {then}.", "Words: {words}. Please {then}.",
    "With the words {words}, {then}.", "Given {words}: {then}.", "Read this list: {words}. Then {then}.",
    "Look at these words: {words}. Your task: {then}.", "From the list {words}, do this: {then}.",
)  # fmt: skip
SIGNS = {
    "reverse": (r"\brevers\w*", r"\bbackwards?\b"),
    "sort": (r"\bsort\w*", r"\balphabet\w*", r"\ba to z\b"),
    "uppercase": (r"\bcapital\w*", r"\bupper ?case\b"),
    "count": (r"\bcount\w*", r"\bhow many\b", r"\bnumber of\b"),
    "last": (r"\blast\b", r"\bfinal\b"),
    "hyphen": (r"\bhyphen\w*", r"\bdash\w*"),
    "dedupe": (r"\bduplicat\w*", r"\brepeat\w*", r"\beach word once\b", r"\bunique\b"),
    "longer": (r"\b(?:four|4) letters\b", r"\blonger\b"),
}
TURNS_ORDER = re.compile(
    r"\bbefore\b|\bafter\b(?! (?:that|this)\b)|(?<!words )(?<!(?:word|only|just|than) )\bonce (?!(?:and|then|in)\b)\w"
)
"""Words by which what is named first may come second; "each word once" and "after that" are none."""

LONG = 4
"""`longer` keeps words of more letters than this."""


LISTED, ITEM = 6, r"[\w-]{1,40}"
"""Parts that an answer has at most, and what each of them is."""

ORDERS = 120
"""Orders of a list that are given at once: more than a response is long."""


class Point(Parameters):
    """A list of words and the operations on it."""

    skill: str = Field(pattern=r"^[a-z_]+$")
    words: tuple[str, ...] = Field(min_length=3, max_length=6)


class TextOps(Domain):
    """List and string operations."""

    name: ClassVar[str] = "text_ops"
    version: ClassVar[int] = 2
    about: ClassVar[str] = "An operation on a short list of words."
    levels: ClassVar[tuple[int, ...]] = (1, 2, 3, 4)
    parameters = Point
    answer_tokens: ClassVar[int] = 24
    unique: ClassVar[bool] = True

    def skills(self, level: int) -> tuple[str, ...]:
        """One operation, two, or three."""
        return {1: ONE, 2: ONE, 3: TWO, 4: THREE}[level]

    def window(self, level: int, rng: random.Random, *, weak: tuple[str, ...] = (), topic: str = "") -> Json:
        """A skill, a subject, and a few words for each place of the list."""
        skill, subject = choose(self, level, rng, weak), rng.choice(sorted(WORDS))
        size = rng.choice(SIZES[level])
        lexicon = WORDS[subject]
        # Where duplicates are to be removed, the places share so few words that some must repeat.
        share = (
            [lexicon[: size - 1]] * size if skill.startswith("dedupe") else [lexicon[at::size] for at in range(size)]
        )
        return {"skill": skill, "subject": subject, "words": [list(part) for part in share]}

    def schema(self, level: int, window: Json) -> Json:
        """The skill, one word a place, the wording."""
        places = [{"type": "string", "enum": part} for part in window["words"]]
        size = len(places)
        listed = {"type": "array", "prefixItems": places, "items": False, "minItems": size, "maxItems": size}
        return proposal({"skill": {"const": window["skill"]}, "words": listed})

    def sample(self, level: int, rng: random.Random, window: Json | None = None) -> Point:
        """Words drawn from the window, or from anywhere in a subject; drawn again while they change nothing."""

        def draw() -> Point:
            dealt = window or self.window(level, rng)
            if window or dealt["skill"].startswith("dedupe"):
                words = [rng.choice(part) for part in dealt["words"]]
            else:
                words = rng.sample(WORDS[dealt["subject"]], len(dealt["words"]))
            return Point(skill=dealt["skill"], words=tuple(words))

        return drawn(self, draw)

    def ground(self, parameters: Parameters) -> Grounding:
        """The result, by running the operations."""
        assert isinstance(parameters, Point)
        steps, listed = parameters.skill.split(JOIN), list(parameters.words)
        if unknown := [step for step in steps if step not in CLAUSES]:
            raise ValueError(f"unknown operation {unknown[0]!r}")
        if "dedupe" not in steps and len(set(listed)) < len(listed):
            raise ValueError("a word repeats where nothing removes it")
        for step in steps:
            changed = run(step, listed)
            if changed == listed:
                raise ValueError(f"{step} changes nothing")
            if not changed:
                raise ValueError(f"{step} leaves nothing")
            listed = changed
        answer = ", ".join(listed)
        return Grounding(
            verifier=self.verifier,
            facts={"answer": answer},
            signature=f"{parameters.skill}:{','.join(parameters.words)}",
        )

    def phrase(self, parameters: Parameters, rng: random.Random) -> str:
        """A frame around one clause an operation."""
        assert isinstance(parameters, Point)
        then = ", then ".join(rng.choice(CLAUSES[step]) for step in parameters.skill.split(JOIN))
        return pick(FRAMES, rng, then=then, words=", ".join(parameters.words))

    def says(self, parameters: Parameters, instruction: str) -> Check:
        """The words in their order, side by side, and the operations in theirs, and no other of either kind."""
        assert isinstance(parameters, Point)
        said, wanted = words(instruction), list(parameters.words)
        if not any(said[at : at + len(wanted)] == wanted for at in range(len(said))):
            return Check.of("wording", False, f"does not list {', '.join(wanted)}")
        if (listed := [word for word in said if word in LIST_WORDS]) != wanted:
            return Check.of("wording", False, f"lists {', '.join(listed)}, not {', '.join(wanted)}")
        text = instruction.lower().replace(", ".join(wanted), "")
        steps = parameters.skill.split(JOIN)
        operations = sorted(named(text, SIGNS), key=lambda step: _place(text, step))
        evidence = f"says {', '.join(operations) or 'no operation'}; the parameters say {', '.join(steps)}"
        if len(steps) > 1 and operations == steps and (turn := TURNS_ORDER.search(_unclaused(text))):
            return Check.of("wording", False, f"{turn[0]!r} may turn the order of {', '.join(steps)}")
        return Check.of("wording", operations == steps, evidence)

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        """The response against the result, the form of the list aside."""
        answer = grounding.facts["answer"]
        if len(response) > RESPONSE_LIMIT:
            return (Check.of("answer", False, f"the response has {len(response)} characters"),)
        found = tidy(response)
        return (Check.of("answer", found == answer, f"expected {answer!r}, found {found[:120]!r}"),)

    def formed(self, grounding: Grounding, response: str) -> bool:
        """Whether it is a short list of single words, a word or a number, and no sentence."""
        parts = tidy(response[:RESPONSE_LIMIT]).split(", ")
        single = all(re.fullmatch(ITEM, one) for one in parts)
        return len(response) <= RESPONSE_LIMIT and 0 < len(parts) <= LISTED and single

    def truth(self, parameters: Parameters, rng: random.Random) -> str:
        """The result."""
        return str(self.ground(parameters).facts["answer"])

    def wrong(self, parameters: Parameters, rng: random.Random) -> str:
        """The words unchanged, one of them lost, or a count off by one."""
        assert isinstance(parameters, Point)
        answer = self.truth(parameters, rng)
        if answer.isdigit():
            return str(int(answer) + rng.choice((-1, 1)))
        wrongs = [", ".join(parameters.words), answer + "s", answer[::-1], ", ".join(answer.split(", ")[1:])]
        return rng.choice([text for text in wrongs if tidy(text) != answer])

    def leaks(self, grounding: Grounding, instruction: str) -> str:
        """The answer's words once more beside the list, however they are joined; or the number."""
        answer = str(grounding.facts["answer"])
        listed = grounding.signature.partition(":")[2].split(",")
        if answer.isdigit():
            return answer if float(answer) in numbers(_beside(instruction, listed)) else ""
        rest, wanted = words(_beside(instruction, listed)), words(answer)
        # One word of the list may well be said once more; only where it is presented is it an answer.
        if len(wanted) == 1 and not re.search(PRESENTED.replace("{answer}", re.escape(answer)), instruction, re.I):
            return ""
        return answer if any(rest[at : at + len(wanted)] == wanted for at in range(len(rest))) else ""

    def readings(self, parameters: Parameters, instruction: str) -> Iterator[Reading]:
        """Operations in the order they are named, and operations that only sound like those meant."""
        assert isinstance(parameters, Point)
        listed, steps = list(parameters.words), parameters.skill.split(JOIN)
        text = _beside(instruction.lower(), listed)
        named_at = {step: _place(text, step) for step in steps}
        turned = sorted(steps, key=lambda step: named_at[step])
        if turned != steps and not re.search(r"\b(?:after|once|before)\b", text):
            yield Reading(", then ".join(turned), ", ".join(_run(turned, listed)))
        text = _unclaused(text)
        for step, pattern, says, does in SOUNDS_LIKE:
            if step in steps and re.search(pattern, text):
                yield Reading(says, ", ".join(does(listed)))

    def shortcuts(self, instruction: str) -> dict[str, str]:
        """The list as it stands, and every order of it at once."""
        listed = [word for word in words(instruction) if word in LIST_WORDS][:5]
        orders = (part for size in range(len(listed), 0, -1) for part in permutations(listed, size))
        joined = [form for one in islice(orders, ORDERS) for form in (", ".join(one), "-".join(one))]
        every = ["1, 2, 3, 4, 5", *joined[:60], *(one.upper() for one in joined[:60]), *joined[60:]]
        return {"copies the list": ", ".join(listed), "gives every order": "; ".join(every)[: RESPONSE_LIMIT - 1]}


def _place(text: str, step: str) -> int:
    """Where a text first names an operation; its end where it does not."""
    found = [match.start() for pattern in SIGNS[step] if (match := re.search(pattern, text))]
    return min(found, default=len(text))


def _unclaused(text: str) -> str:
    """A text in lower case without the clauses that are the program's own."""
    for clause in sorted((one for part in CLAUSES.values() for one in part), key=len, reverse=True):
        text = text.replace(clause.lower(), " ")
    return text


def _beside(instruction: str, listed: list[str]) -> str:
    """An instruction without its list, once."""
    text, plain = instruction.lower(), ", ".join(listed).lower()
    # Joined as the program joins it, and its first word said nowhere else, it is found without a pattern of its own.
    if listed and text.isascii() and text.count(listed[0].lower()) == 1 and (at := text.find(plain)) >= 0:
        return f"{instruction[:at]}|{instruction[at + len(plain) :]}"
    return re.sub(r"\W+".join(map(re.escape, listed)), "|", instruction, count=1, flags=re.IGNORECASE)


def _run(steps: list[str], listed: list[str]) -> list[str]:
    for step in steps:
        listed = run(step, listed)
    return listed


def _each(does: Callable[[str], str]) -> Callable[[list[str]], list[str]]:
    return lambda listed: [does(word) for word in listed]


PRESENTED = r"(?:[:=(>\"'`\n]|\b(?:is|be|get|like)) *{answer}\b"
"""How a text presents a word as an answer."""

_LETTERS = r"(?<!capital )(?<!four )(?<!4 )\bletters?\b"
"""Letters, where neither capitals nor a length is meant."""

SOUNDS_LIKE: tuple[tuple[str, str, str, Callable[[list[str]], list[str]]], ...] = (
    ("reverse", r"\brevers\w+ (?:(?:all|each|every|of|these|the|those|letters) )*(?:words?|letters?|\|)",
     "each word spelled backwards", _each(lambda word: word[::-1])),
    ("reverse", r"\b(?:each|every)\b[^.;,]*\bbackwards?\b|\bspell\w*|" + _LETTERS,
     "each word spelled backwards", _each(lambda word: word[::-1])),
    ("sort", r"\b(?:length|long|longest|short|shortest|size)\b", "by length", lambda listed: sorted(listed, key=len)),
    ("sort", r"\b(?:z to a|descending|last to first|opposite|(?:reverse|backward\w*) alphabet\w*)\b",
     "from Z to A", lambda listed: sorted(listed, reverse=True)),
    ("sort", r"\b(?:its|the|their|each) letters\b|\bletters of\b",
     "the letters of each word", _each(lambda word: "".join(sorted(word)))),
    ("uppercase", r"\b(?:first|last|initial|start|second|every other)\b|\bat the end\b|\btitle case\b",
     "a capital at one place", _each(str.capitalize)),
    ("count", r"\b(?:characters|vowels|syllables)\b|" + _LETTERS,
     "the letters", lambda listed: [str(sum(map(len, listed)))]),
    ("count", r"\bwords? (?:that )?(?:have|has|with|contain\w*|start\w*|begin\w*|end\w*)\b(?! this)",
     "some of the words only", lambda listed: [str(len(listed) - 1)]),
    ("last", _LETTERS, "the last letter of each word", _each(lambda word: word[-1])),
    ("last", r"\b(?:but|except|before|without)\b[^.;]*\blast\b|\blast (?:two|three|few)\b",
     "other words than the last one", lambda listed: listed[:-1]),
    ("hyphen", _LETTERS, "hyphens between the letters", _each("-".join)),
    ("hyphen", r"\b(?:before|after|in front of) (?:each|every)\b",
     "a hyphen at each word", _each(lambda word: f"-{word}")),
    ("dedupe", r"\bwords (?:that|which) (?:repeat|are repeated|occur twice|are duplicate\w*)\b(?! only once)",
     "the repeated words only", lambda listed: [word for word in dict.fromkeys(listed) if listed.count(word) > 1]),
    ("longer", r"\b(?:remove|drop|delete|leave out|not keep|not give)\b[^.;|]*\b(?:longer|more than)\b",
     "without the long words", lambda listed: [word for word in listed if len(word) <= LONG]),
)  # fmt: skip
"""Operation, a pattern in what stands beside the list, and what it may be heard to ask instead."""


FRAME_WORDS = {
    word for text in (*FRAMES, *(clause for part in CLAUSES.values() for clause in part)) for word in words(text)
}

LIST_WORDS = frozenset(word for part in WORDS.values() for word in part) - FRAME_WORDS
"""Words that stand in a list and in no frame."""


def run(step: str, listed: list[str]) -> list[str]:
    """One operation on a list; a word or a number comes back as a list of one."""
    match step:
        case "reverse":
            return listed[::-1]
        case "sort":
            return sorted(listed)
        case "uppercase":
            return [word.upper() for word in listed]
        case "count":
            return [str(len(listed))]
        case "last":
            return listed[-1:]
        case "hyphen":
            return ["-".join(listed)]
        case "dedupe":
            return list(dict.fromkeys(listed))
        case _:
            return [word for word in listed if len(word) > LONG]


@lru_cache(maxsize=256)
def tidy(response: str) -> str:
    """A response as words separated by a comma and a space: line breaks and bullets are form, case is not."""
    lines = [re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", line) for line in response.strip().splitlines()]
    text = ", ".join(fold(line).rstrip(",") for line in lines if line.strip())
    return re.sub(r"\s*,\s*", ", ", re.sub(r"\s+", " ", fold(text)))
