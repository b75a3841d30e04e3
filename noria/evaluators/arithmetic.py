"""Arithmetic: integers, plus, minus and times, one step or two.

    level 1  one digit         level 3  three digits
    level 2  two digits        level 4  four digits, or two steps

A response is right if it ends in the answer and does not offer a second one: the number
alone, or after `=`, `is`, `equals`, `answer`; whatever stands before that is derivation. A
sign may be spoken (`minus 8`); digits behind a point are a part of a decimal, and no integer.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import permutations
from typing import ClassVar, Literal

from noria.evaluators.aloud import heard
from noria.evaluators.domain import Domain, Parameters, Reading, choose, proposal
from noria.evaluators.phrasing import NUMBER_WORDS, RESPONSE_LIMIT, named, numbers, pick, spelled, stands
from noria.evaluators.sandbox.runner import Runner
from noria.types import Check, Grounding, Json

Skill = Literal["add", "subtract", "multiply", "multiply_add", "add_subtract"]

SIGNS = {
    "add": (r"\+", r"\bplus\b", r"\badd(?:ed|ing|s)?\b", r"\bsum\b", r"\btotal\b", r"\baltogether\b"),
    "subtract": (
        r"\d\s*[-−–]\s*\d", r"\bminus\b", r"\bsubtract(?:ed|ing|s)?\b", r"\bdifference\b", r"\btake away\b",
        r"\bless\b", r"\bleft\b",
    ),
    "multiply": (r"[×*]", r"\d\s*x\s*\d", r"\btimes\b", r"\bmultipl\w+\b", r"\bproduct\b"),
}  # fmt: skip
STEPS = {"multiply_add": {"multiply", "add"}, "add_subtract": {"add", "subtract"}}

FRAMES: dict[str, tuple[str, ...]] = {
    "add": (
        "What is {a} + {b}?", "Add {a} and {b}.", "Calculate {a} plus {b}.", "Find the sum of {a} and {b}.",
        "How much is {a} + {b}?", "Work out {a} plus {b}.", "Give the total of {a} and {b}.", "Compute {a} + {b}.",
    ),
    "subtract": (
        "What is {a} - {b}?", "Subtract {b} from {a}.", "Calculate {a} minus {b}.", "How much is {a} minus {b}?",
        "Find {a} less {b}.", "Work out {a} - {b}.", "Take away {b} from {a}.", "Compute {a} - {b}.",
    ),
    "multiply": (
        "What is {a} × {b}?", "Multiply {a} by {b}.", "Calculate {a} times {b}.", "Find the product of {a} and {b}.",
        "How much is {a} times {b}?",
        "Work out {a} × {b}.", "What do you get from {a} times {b}?", "Compute {a} * {b}.",
    ),
    "multiply_add": (
        "What is {a} × {b} + {c}?", "Multiply {a} by {b}, then add {c}.", "Calculate {a} times {b} plus {c}.",
        "Work out {a} × {b} + {c}.", "Compute {a} * {b} + {c}.", "How much is {a} times {b}, plus {c}?",
        "Find {a} × {b} and add {c}.", "Give the product of {a} and {b}, plus {c}.",
    ),
    "add_subtract": (
        "What is {a} + {b} - {c}?", "Add {a} and {b}, then subtract {c}.", "Calculate {a} plus {b} minus {c}.",
        "Work out {a} + {b} - {c}.", "Compute {a} + {b} - {c}.", "How much is {a} plus {b}, minus {c}?",
        "Give the sum of {a} and {b}, minus {c}.", "Find {a} + {b}, minus {c}.",
    ),
}  # fmt: skip
ENDINGS = ("", " Answer with the number only.", " Reply with the number.")

RANGES: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((1, 3), (4, 6), (7, 9)),
    2: ((10, 29), (30, 49), (50, 69), (70, 99)),
    3: ((100, 299), (300, 499), (500, 699), (700, 999)),
    4: ((1000, 2999), (3000, 4999), (5000, 6999), (7000, 9999)),
}

_INTEGER = re.compile(r"[-−]?\d{1,3}(?:,\d{3})+(?!\d)|[-−]?\d+")
_LEAD = re.compile(
    r"(?:=|\b(?:is|equals|answer|result|gives|get|makes|total|sum|product|difference)\b)\W*$", re.IGNORECASE
)

_MINUS = re.compile(r"\b(?:minus|negative)[\s*`\"'(]+$", re.IGNORECASE)
"""A spoken sign, right before a number."""

_SPELLED = "|".join(NUMBER_WORDS)
_VALUED = re.compile(
    rf"(?:[\d)]|\b(?:{_SPELLED}|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand))[\s*`\"']*$",
    re.IGNORECASE | re.ASCII,
)
"""A value, spelled or not, behind which a sign is an operator."""

_SIGNED = re.compile(rf"(?:[-−–]|\b(?:minus|negative)\b)(\s*)(?=\d|(?:{_SPELLED})\b)")
"""What may be the sign of an operand; whether it is one, what stands before it tells."""

_OPERATOR = re.compile(r"(?:[-−–+×*(]|\b(?:plus|minus|times|by))\s*$")
"""What only a value may follow."""

_BACKWARDS = re.compile(r"\b(?:subtract|take away)\b[^.?]*\bfrom\b|\bless than\b", re.IGNORECASE)
"""Wordings that name what is taken away first."""


TOLD = re.compile(r"\b(?:away|more|fewer|each|spen[dt]s?|g[ai]ves?|sold|all|remains?|together)\b", re.IGNORECASE)
"""Words by which a story tells an operation without naming it."""


class Point(Parameters):
    """Two or three operands and what to do with them, left to right."""

    skill: Skill
    a: int
    b: int
    c: int | None = None


class Arithmetic(Domain):
    """Integers, + − ×."""

    name: ClassVar[str] = "arithmetic"
    version: ClassVar[int] = 2
    about: ClassVar[str] = "A calculation with whole numbers."
    levels: ClassVar[tuple[int, ...]] = (1, 2, 3, 4)
    parameters = Point
    answer_tokens: ClassVar[int] = 12
    unique: ClassVar[bool] = True

    def skills(self, level: int) -> tuple[str, ...]:
        """One step below level 4, two steps as well there."""
        return ("add", "subtract", "multiply") + (("multiply_add", "add_subtract") if level == 4 else ())

    def window(self, level: int, rng: random.Random, *, weak: tuple[str, ...] = (), topic: str = "") -> Json:
        """A skill and a range for each operand."""
        skill = choose(self, level, rng, weak)
        if skill in STEPS:
            return {"skill": skill, "a": [2, 9], "b": [2, 9], "c": list(rng.choice(RANGES[2]))}
        b = RANGES[1] if skill == "multiply" and level > 1 else RANGES[level]
        return {"skill": skill, "a": list(rng.choice(RANGES[level])), "b": list(rng.choice(b))}

    def schema(self, level: int, window: Json) -> Json:
        """The skill, the operands in their ranges, the wording."""
        operands = {
            name: {"type": "integer", "minimum": window[name][0], "maximum": window[name][1]}
            for name in "abc"
            if name in window
        }
        return proposal({"skill": {"const": window["skill"]}, **operands})

    def sample(self, level: int, rng: random.Random, window: Json | None = None) -> Point:
        """Operands anywhere in the window."""
        window = window or self.window(level, rng)
        values = {name: rng.randint(*window[name]) for name in "abc" if name in window}
        return Point(skill=window["skill"], **values)

    def ground(self, parameters: Parameters) -> Grounding:
        """The answer, by arithmetic."""
        assert isinstance(parameters, Point)
        answer = solve(parameters)
        operands = [parameters.a, parameters.b]
        if parameters.skill in ("add", "multiply", "multiply_add", "add_subtract"):
            operands.sort()
        parts = [parameters.skill, *operands, *([parameters.c] if parameters.c is not None else [])]
        return Grounding(verifier=self.verifier, facts={"answer": answer}, signature=":".join(map(str, parts)))

    def phrase(self, parameters: Parameters, rng: random.Random) -> str:
        """One of eight frames and three endings."""
        assert isinstance(parameters, Point)
        text = pick(FRAMES[parameters.skill], rng, a=parameters.a, b=parameters.b, c=parameters.c)
        return text + rng.choice(ENDINGS)

    def says(self, parameters: Parameters, instruction: str) -> Check:
        """The operands in order and without a sign, the operations, and nothing else of either kind."""
        assert isinstance(parameters, Point)
        if sign := negated(instruction):
            return Check.of("wording", False, f"{sign!r} may be heard as a negative operand, and none is negative")
        wanted = [float(n) for n in (parameters.a, parameters.b, parameters.c) if n is not None]
        found = numbers(instruction)
        if parameters.skill == "subtract" and _BACKWARDS.search(instruction):
            wanted.reverse()
        ordered = found == wanted or (parameters.skill in ("add", "multiply") and sorted(found) == sorted(wanted))
        if not ordered:
            return Check.of("wording", False, f"names {[f'{n:g}' for n in found]}, not {[f'{n:g}' for n in wanted]}")
        if parameters.a < parameters.b and re.search(r"\bdifference\b", instruction, re.IGNORECASE):
            return Check.of("wording", False, "a difference has no sign, and the answer is negative")
        operations = named(instruction, SIGNS)
        expected = STEPS.get(parameters.skill, {parameters.skill})
        evidence = (
            f"says {', '.join(sorted(operations)) or 'no operation'}; the parameters say {', '.join(sorted(expected))}"
        )
        return Check.of("wording", operations == expected, evidence)

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        """The final number against the answer."""
        answer = grounding.facts["answer"]
        found, why = final_integer(response)
        if found is None:
            return (Check.of("answer", False, f"expected {answer}, {why}"),)
        return (Check.of("answer", found == answer, f"expected {answer}, found {found}"),)

    def formed(self, grounding: Grounding, response: str) -> bool:
        """Whether it ends in one number."""
        return final_integer(response)[0] is not None

    def truth(self, parameters: Parameters, rng: random.Random) -> str:
        """The number."""
        assert isinstance(parameters, Point)
        return str(solve(parameters))

    def wrong(self, parameters: Parameters, rng: random.Random) -> str:
        """Off by one or ten, or the digits reversed."""
        assert isinstance(parameters, Point)
        right = solve(parameters)
        turned = int(str(abs(right))[::-1])
        wrongs = [right + 1, right - 1, right + 10, right - 10, *([turned] if turned != right else [])]
        return rng.choice(("{}", "The answer is {}.", "= {}")).format(rng.choice(wrongs))

    def leaks(self, grounding: Grounding, instruction: str) -> str:
        """The answer, in digits or spelled, beside the operands."""
        answer = int(grounding.facts["answer"])
        operands = Counter(float(one) for one in grounding.signature.split(":")[1:])
        if (Counter(numbers(instruction)) - operands)[float(abs(answer))]:
            return str(answer)
        said = spelled(abs(answer))
        return said if abs(answer) > 20 and stands(said, instruction.lower()) else ""

    def readings(self, parameters: Parameters, instruction: str) -> Iterator[Reading]:
        """The expression as it stands, by the rules of signs and brackets; and what no operation leaves open."""
        assert isinstance(parameters, Point)
        for expression, value in heard(instruction):
            yield Reading(expression, str(value))
        answer = solve(parameters)
        if answer < 0 and re.search(r"\b(?:difference|apart|distance|the sign)\b", instruction, re.IGNORECASE):
            yield Reading("the size of the difference", str(-answer))
        if not named(instruction, SIGNS) and not TOLD.search(instruction):
            a, b = parameters.a, parameters.b
            for says, value in (("a sum", a + b), ("a difference", a - b), ("a product", a * b)):
                if value != answer:
                    yield Reading(says, str(value))

    def shortcuts(self, instruction: str) -> dict[str, str]:
        """Every result at once."""
        found = [int(n) for n in numbers(instruction)][:3]
        results = set(found)
        for a, b, *rest in permutations(found):
            for one in (a + b, a - b, a * b):
                results |= {one, *(value for c in rest for value in (one + c, one - c, one * c))}
        return {"gives every result": ", ".join(map(str, sorted(results)))}


def solve(point: Point) -> int:
    """The value of the expression."""
    match point.skill:
        case "add":
            return point.a + point.b
        case "subtract":
            return point.a - point.b
        case "multiply":
            return point.a * point.b
    if point.c is None:
        raise ValueError(f"{point.skill} needs a third operand")
    return point.a * point.b + point.c if point.skill == "multiply_add" else point.a + point.b - point.c


@lru_cache(maxsize=256)  # the same wording is held against all tasks beside its own
def negated(instruction: str) -> str:
    """A sign in a wording by which an operand may be heard as a negative number, and that operand; empty where none."""
    text = re.sub(r"[`'\"]", "", instruction.lower())
    for found in _SIGNED.finditer(text):
        before, sign = text[: found.start()], found[0].strip()
        if sign == "negative":
            operator = False
        elif sign == "minus" or found[1]:
            # "the sum of 3 and 4, minus 2", "12 pens - 2 pens": there is a value before it to subtract from.
            operator = bool(numbers(before)) and not _OPERATOR.search(before)
        else:
            operator = bool(_VALUED.search(before) or re.search(r"\w$", before))
        if not operator:
            return text[found.start() : found.end() + 12].split(",")[0].strip()
    return ""


@lru_cache(maxsize=256)
def final_integer(response: str) -> tuple[int | None, str]:
    """The number a response ends in, or why it has no single one."""
    if len(response) > RESPONSE_LIMIT:
        return None, f"the response has {len(response)} characters"
    text = response.strip()
    found = list(_INTEGER.finditer(text))
    if not found:
        return None, "the response holds no number"
    last = found[-1]
    # A sign after a digit or a bracket is an operator, not part of the number.
    signed = last[0][0] in "-−" and (last.start() == 0 or not re.search(r"[\d)]\s*$", text[: last.start()]))
    digits = re.sub(r"[^\d]", "", last[0])
    if len(digits) > 30:
        return None, f"the number has {len(digits)} digits"
    if re.search(r"\w", text[last.end() :]):
        return None, "words follow the last number"
    start = last.start()
    if text[:start].endswith(".") and last[0][0].isdigit():
        return None, "the last number is the end of a decimal"
    if spoken := _MINUS.search(text, 0, start):
        if signed:
            return None, "the last number has two signs"
        if _VALUED.search(text, 0, spoken.start()):
            return None, "the response ends in a subtraction"
        start, signed = spoken.start(), True
    if len(found) > 1 and not _LEAD.search(text[:start]):
        return None, "several numbers, none marked as the answer"
    return (-int(digits) if signed else int(digits)), ""
