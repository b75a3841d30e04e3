"""Code: a Python function written from words, and judged by what it does.

    level 1  one step      level 2  two steps      level 3  three steps
    level 4  whatever the generator writes, with tests of its own (see `code_written.py`)

A task is a small program (see `steps.py`) told in words; a response is the function `f` that
does it, with or without a fence around it. It is run in the sandbox on inputs that were
chosen so that every program one edit away gives itself away on one of them; the expected
values stay outside. Whatever a response says besides does not count.
"""

import random
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, lru_cache
from itertools import combinations, product
from typing import ClassVar

from pydantic import Field

from noria.evaluators import steps as small
from noria.evaluators.aloud import shown_source, steps_heard
from noria.evaluators.domain import Domain, Parameters, Reading, choose, proposal
from noria.evaluators.executed import Case, check_cases
from noria.evaluators.phrasing import RESPONSE_LIMIT, numbers, pick
from noria.evaluators.sandbox.job import Limits
from noria.evaluators.sandbox.runner import Runner
from noria.evaluators.steps import Kind
from noria.identity import stream
from noria.types import Check, Grounding, Json

SKILLS: dict[int, dict[str, tuple[Kind, Kind]]] = {
    level: {f"number_{level}": ("int", "int"), f"list_{level}": ("list", "list"), f"total_{level}": ("list", "int")}
    for level in (1, 2, 3)
}
"""What programs of a level take and give, by skill; a level is the number of steps."""

TAKEN = {"int": "an integer x", "list": "a list x of integers", "text": "a text x"}

FRAMES = (
    "Write a Python function f(x) that takes {taken} and {does}.",
    "Write f(x) in Python. It takes {taken} and {does}.",
    "Define a Python function f(x): given {taken}, it {does}.",
    "Give the Python code of a function f(x) that takes {taken}, {does} and returns the result.",
    "In Python, write def f(x) that takes {taken} and {does}.",
    'Complete this Python function:\n\ndef f(x):\n    """Takes {taken} and {does}."""',
    "Implement f(x) in Python: it takes {taken} and {does}.",
    "Code a function f(x) in Python which takes {taken} and {does}.",
)
CASES = 10
"""Inputs a function is run on, at least."""

LIMITS = Limits(seconds=2.0)

CHOICES = 3
"""Alternatives a window leaves open for each step."""

SAME = "class Same:\n    def __eq__(self, other):\n        return True\n\n\ndef f(x):\n    return Same()"
"""A function whose value equals everything."""

BARE = {
    "gives its input back": "def f(x):\n    return x",
    "gives 0": "def f(x):\n    return 0",
    "gives an empty list": "def f(x):\n    return []",
    "only fails": "def f(x):\n    raise ValueError(x)",
}
"""Functions that do nothing; no task asks for one of them."""

_FENCE = re.compile(r"```[ \t]*(?:python|py)?[ \t]*\n(.*?)(?:\n```|\Z)", re.DOTALL | re.IGNORECASE)

_BEGINS = re.compile(r"(?:def|class|import|from)\s+\w|@\w")
_SENTENCE = re.compile(r"[A-Z][\w'’]*[,:]?[ \t]+[A-Za-z`]|[-*•>][ \t]|\*\*|\d+\.[ \t]|```")
"""How a line of prose begins: no line of code of a small function does."""


class Point(Parameters):
    """The steps of a program."""

    skill: str = Field(pattern=r"^[a-z]+_[1-9]$")
    steps: tuple[str, ...] = Field(min_length=1, max_length=4)


class Code(Domain):
    """Functions over integers and lists of them."""

    name: ClassVar[str] = "code"
    about: ClassVar[str] = "A Python function f(x) over whole numbers or a list of them."
    levels: ClassVar[tuple[int, ...]] = (1, 2, 3)
    further: ClassVar[tuple[int, ...]] = (4,)
    parameters = Point
    answer_tokens: ClassVar[int] = 80
    unique: ClassVar[bool] = False
    executes: ClassVar[bool] = True

    def at(self, level: int) -> Domain:
        """Level 4 is a family of its own."""
        from noria.evaluators.code_written import WrittenCode  # it is built on this module

        return WrittenCode() if level in self.further else self

    def skills(self, level: int) -> tuple[str, ...]:
        """A number to a number, a list to a list, a list to a number."""
        return tuple(SKILLS[level])

    def window(self, level: int, rng: random.Random, *, weak: tuple[str, ...] = (), topic: str = "") -> Json:
        """A skill, and a few alternatives for each step."""
        skill = choose(self, level, rng, weak)
        return {"skill": skill, "places": places(*SKILLS[level][skill], level, rng)}

    def schema(self, level: int, window: Json) -> Json:
        """The skill, one alternative a step, the wording."""
        return proposal({"skill": {"const": window["skill"]}, "steps": chosen(window["places"])})

    def sample(self, level: int, rng: random.Random, window: Json | None = None) -> Point:
        """Steps of the window; drawn again while one of them changes nothing."""
        while True:
            dealt = window or self.window(level, rng)
            drawn = tuple(rng.choice(alternatives) for alternatives in dealt["places"])
            point = Point(skill=dealt["skill"], steps=drawn)
            if not idle(point.steps):
                return point

    def ground(self, parameters: Parameters) -> Grounding:
        """Inputs that tell the program from its neighbours, and what it gives for them."""
        assert isinstance(parameters, Point)
        if why := idle(parameters.steps):
            raise ValueError(why)
        taken, given = small.types(parameters.steps)
        if (taken, given) not in {kinds for part in SKILLS.values() for kinds in part.values()}:
            raise ValueError(f"a program of {taken} to {given} has no place here")
        tried = small.telling(parameters.steps, stream("cases", *parameters.steps), CASES)
        cases = [[value, small.apply(parameters.steps, value)] for value in tried]
        facts = {"steps": list(parameters.steps), "cases": cases}
        return Grounding(verifier=self.verifier, facts=facts, signature=" > ".join(parameters.steps))

    def phrase(self, parameters: Parameters, rng: random.Random) -> str:
        """A frame around one clause a step."""
        assert isinstance(parameters, Point)
        taken, _ = small.types(parameters.steps)
        return pick(FRAMES, rng, taken=TAKEN[taken], does=small.words(parameters.steps, rng))

    def says(self, parameters: Parameters, instruction: str) -> Check:
        """The function's name, what it takes, each step in its order, and no other number."""
        assert isinstance(parameters, Point)
        taken, _ = small.types(parameters.steps)
        text = instruction.lower()
        if not re.search(r"\bf\s*\(x\)", text):
            return Check.of("wording", False, "does not name f(x)")
        if ("list" in text) != (taken == "list"):
            return Check.of("wording", False, f"does not say that x is {TAKEN[taken]}")
        if lost := small.said(parameters.steps, instruction):
            return Check.of("wording", False, f"does not say {small.clauses(lost)[0]!r} in its place")
        if len(heard := steps_heard(instruction)) > len(parameters.steps):
            return Check.of("wording", False, f"names {len(heard)} steps: {', '.join(heard)}")
        return _counted(parameters.steps, text)

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        """The function run on every case."""
        if len(response) > RESPONSE_LIMIT:
            return (Check.of("cases", False, f"the response has {len(response)} characters"),)
        cases = [Case((value,), expected) for value, expected in grounding.facts["cases"]]
        return (await check_cases(runner, code_of(response), "f", cases, limits=LIMITS),)

    def truth(self, parameters: Parameters, rng: random.Random) -> str:
        """The function."""
        assert isinstance(parameters, Point)
        return small.source(parameters.steps)

    def wrong(self, parameters: Parameters, rng: random.Random) -> str:
        """A neighbour that differs, a constant, what equals everything, what prints, or no code."""
        assert isinstance(parameters, Point)
        tried = small.inputs(small.types(parameters.steps)[0], stream("wrong", *parameters.steps), 60)
        others = [one for one in small.mutants(parameters.steps) if small.differ(parameters.steps, one, tried)]
        right = small.source(parameters.steps)
        value = small.apply(parameters.steps, tried[0])
        fixed = (
            f"def f(x):\n    return {value!r}", SAME, right.replace("return x", "print(x)"),
            right.replace("return x", "return (x,)"), right.replace("def f(", "def g("), right.replace(":", "", 1),
            "The function takes x and gives the result.", "import sys\nsys.exit(0)",
        )  # fmt: skip
        return small.source(rng.choice(others)) if rng.random() < 0.7 else rng.choice(fixed)

    def neighbours(self, parameters: Parameters, level: int, rng: random.Random) -> Iterator[Parameters]:
        """Programs one edit away that do something else."""
        assert isinstance(parameters, Point)
        tried = small.inputs(small.types(parameters.steps)[0], rng, 40)
        for steps in small.mutants(parameters.steps):
            if not idle(steps) and small.differ(parameters.steps, steps, tried):
                yield parameters.model_copy(update={"steps": steps})

    def readings(self, parameters: Parameters, instruction: str) -> Iterator[Reading]:
        """The program that the wording spells step by step, where it is another one."""
        assert isinstance(parameters, Point)
        steps = steps_heard(instruction)
        with suppress(ValueError):
            taken, _ = small.types(steps)
            tried = small.inputs(taken, random.Random(0), 40)
            if taken == small.types(parameters.steps)[0] and small.differ(parameters.steps, steps, tried):
                yield Reading(" > ".join(steps), small.source(steps))

    def leaks(self, grounding: Grounding, instruction: str) -> str:
        """The line of its first step, however it is bracketed and whatever its variable is called."""
        return shown_source(grounding.facts["steps"], instruction)

    def shortcuts(self, instruction: str) -> dict[str, str]:
        """Functions that do nothing."""
        return BARE


def places(taken: Kind, given: Kind, length: int, rng: random.Random) -> list[list[str]]:
    """A few alternatives for each step of a program: steps of the same types, every choice of which is a program."""
    while True:
        chain = rng.choice(small.chains(taken, given, length))
        found = [_alternatives(name, CHOICES if length < 3 else 2, rng) for name in chain]
        if not any(idle(steps) for steps in product(*found)):
            return found


def _alternatives(name: str, count: int, rng: random.Random) -> list[str]:
    """A step and others of its types, with numbers drawn."""
    step = small.STEPS[name]
    alike = [one for one, other in small.STEPS.items() if (other.takes, other.gives) == (step.takes, step.gives)]
    names = [name, *rng.sample([one for one in alike if one != name], min(len(alike), count) - 1)]
    return [f"{one} {rng.choice(small.NUMBERS)}" if small.needs_number(one) else one for one in names]


def chosen(alternatives: list[list[str]]) -> Json:
    """The schema of one alternative a place."""
    size = len(alternatives)
    options = [{"type": "string", "enum": part} for part in alternatives]
    return {"type": "array", "prefixItems": options, "items": False, "minItems": size, "maxItems": size}


@lru_cache(maxsize=20_000)
def idle(steps: tuple[str, ...]) -> str:
    """Why some of a program does nothing, whatever the input; empty where each step does something.

    Raises:
        ValueError: the steps are no program.
    """
    tried = _tried(small.types(steps)[0])
    given = [small.apply(steps, value) for value in tried]
    if all(one == given[0] for one in given):
        return "the program gives the same for every input"
    for start, end in combinations(range(len(steps) + 1), 2):
        taken, gives = small.types(steps[start:end])
        if taken == gives:
            rest = steps[:start] + steps[end:]
            if [small.apply(rest, value) for value in tried] == given:
                return f"{', '.join(map(repr, steps[start:end]))} changes nothing"
    return ""


@cache
def _tried(taken: Kind) -> list[small.Value]:
    return small.inputs(taken, stream("idle"), 40)


def code_of(response: str) -> str:
    """The source in a response: its first fence that defines f, its first fence, or its lines of code.

    Without a fence, sentences before the first line of code and behind it do not count.
    """
    fences: list[str] = _FENCE.findall(response)
    if fences:
        return next((one for one in fences if "def f" in one), fences[0])
    lines = response.strip().splitlines()
    start = next((at for at, line in enumerate(lines) if _BEGINS.match(line)), None)
    if start is None:
        return response.strip()
    after = range(start + 1, len(lines))
    end = next((at for at in after if _SENTENCE.match(lines[at])), len(lines))
    return "\n".join(lines[start:end]).rstrip()


def _counted(steps: tuple[str, ...], text: str) -> Check:
    """Whether a text names the numbers of its steps and no other; small ones may be part of the clauses."""
    clauses = [next(clause for clause in small.clauses(step) if clause in text) for step in steps]
    wanted, found = sorted(n for clause in clauses for n in numbers(clause)), sorted(numbers(text))
    evidence = f"names {[f'{n:g}' for n in found]}; its steps name {[f'{n:g}' for n in wanted]}"
    return Check.of("wording", found == wanted, evidence)
