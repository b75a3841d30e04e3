"""Deduction: the three ways to reason about a program, each judged by running it.

    output    program, input    ─► what it returns          (deduction)
    input     program, output   ─► an input that gives it   (abduction)
    program   inputs, outputs   ─► the program              (induction; held-out pairs decide)

After Absolute Zero (arXiv 2505.03335). The programs are those of `steps.py`: deterministic
by construction, so that every answer is one; a level is the number of steps, and at level 4
the generator writes the program itself (see `deduction_written.py`). An input is tried and a
program is run in the sandbox; what is only predicted is compared.
"""

import random
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, ClassVar, Literal

from noria.evaluators import steps as small
from noria.evaluators.aloud import shown_source
from noria.evaluators.arithmetic import final_integer
from noria.evaluators.code import BARE, CASES, LIMITS, SAME, SKILLS, chosen, code_of, idle, places
from noria.evaluators.domain import Domain, Parameters, Reading, choose, drawn, proposal
from noria.evaluators.executed import Case, check_cases
from noria.evaluators.phrasing import RESPONSE_LIMIT, numbers
from noria.evaluators.sandbox.job import exact, parse
from noria.evaluators.sandbox.runner import Runner
from noria.identity import stream
from noria.types import Check, Grounding, Json

Skill = Literal["output", "input", "program"]

FRAMES: dict[str, tuple[str, ...]] = {
    "output": (
        "What does f({x}) return?\n\n{source}", "Read this program and give the value of f({x}).\n\n{source}",
        "{source}\n\nWhat is f({x})?", "Work out f({x}) for this program.\n\n{source}",
        "{source}\n\nGive what f({x}) returns.", "Which value does f({x}) have here?\n\n{source}",
        "Run this in your head: what is f({x})?\n\n{source}", "{source}\n\nSay what f({x}) gives.",
    ),
    "input": (
        "Give an x for which f(x) returns {y}.\n\n{source}", "{source}\n\nFor which x does f(x) return {y}?",
        "Find an input x so that f(x) is {y}.\n\n{source}", "{source}\n\nName an x that makes f(x) equal to {y}.",
        "Which x gives {y}?\n\n{source}", "{source}\n\nGive an x with f(x) = {y}.",
        "This program returned {y}. Give an x it may have been called with.\n\n{source}",
        "{source}\n\nWrite a value of x for which the result is {y}.",
    ),
    "program": (
        "Write a Python function f(x) so that {pairs}.", "Find the rule and write f(x) in Python: {pairs}.",
        "Give the Python code of f(x) that fits these examples: {pairs}.", "In Python, define f(x) such that {pairs}.",
        "These are examples of f(x): {pairs}. Write f(x) in Python.", "Write f(x) in Python, given that {pairs}.",
        "Which Python function f(x) gives {pairs}? Write it.", "Examples: {pairs}. Write the Python function f(x).",
    ),
}  # fmt: skip

SHOWN = 3
"""Pairs, at least, that a student sees of a program it has to find."""

DEEPEST = 20
"""Most numbers of a list that is an answer."""

_VALUE = re.compile(r"\[[-\d,\s]*\]|(?<![\w.\[])-?\d+")
"""A list or a number as a text shows it."""

_SHOWN = re.compile(r"f\((-?\d+|\[[-\d,]*\])\) = (-?\d+|\[[-\d,]*\])")

_LIST = re.compile(r"\[[^\[\]]*\]")


class Point(Parameters):
    """A program, what is asked of it, and an input."""

    skill: Skill
    steps: tuple[str, ...]
    x: int | tuple[int, ...] | None = None

    @property
    def value(self) -> small.Value:
        """The input as a program takes it.

        Raises:
            ValueError: there is none, or it is of the other type.
        """
        taken, _ = small.types(self.steps)
        if self.x is None or isinstance(self.x, int) != (taken == "int"):
            raise ValueError(f"the program takes {taken}, and x is {self.x!r}")
        return self.x if isinstance(self.x, int) else list(self.x)


class Deduction(Domain):
    """Reasoning forwards, backwards and from examples about small programs."""

    name: ClassVar[str] = "deduction"
    version: ClassVar[int] = 2
    about: ClassVar[str] = "A question about a short Python program f(x): its output, an input, or the program itself."
    levels: ClassVar[tuple[int, ...]] = (1, 2, 3)
    further: ClassVar[tuple[int, ...]] = (4,)
    parameters = Point
    answer_tokens: ClassVar[int] = 80
    unique: ClassVar[bool] = False
    executes: ClassVar[bool] = True

    def at(self, level: int) -> Domain:
        """Level 4 is a family of its own."""
        from noria.evaluators.deduction_written import WrittenDeduction  # it is built on this module

        return WrittenDeduction() if level in self.further else self

    def single(self, grounding: Grounding) -> bool:
        """A program has one output; inputs that give it, and programs that fit, there may be many."""
        return bool(grounding.facts["skill"] == "output")

    def skills(self, level: int) -> tuple[str, ...]:
        """The three ways, at every level."""
        return ("output", "input", "program")

    def window(self, level: int, rng: random.Random, *, weak: tuple[str, ...] = (), topic: str = "") -> Json:
        """A way, alternatives for each step, and what x may be."""
        skill = choose(self, level, rng, weak)
        taken, given = rng.choice(list(SKILLS[level].values()))
        size = rng.choice((3, 4)) if taken == "list" else 0
        return {"skill": skill, "places": places(taken, given, level, rng), "size": size}

    def schema(self, level: int, window: Json) -> Json:
        """The way, one alternative a step, the input where one is needed, the wording."""
        fields: Json = {"skill": {"const": window["skill"]}, "steps": chosen(window["places"])}
        if window["skill"] != "program":
            size = window["size"]
            number = {"type": "integer", "minimum": 0, "maximum": 30}
            listed = {"type": "array", "items": number, "minItems": size, "maxItems": size}
            fields["x"] = listed if size else number
        return proposal(fields)

    def sample(self, level: int, rng: random.Random, window: Json | None = None) -> Parameters:
        """Steps and an input of the window; drawn again while there is no truth in them."""

        def draw() -> Point:
            dealt = window or self.window(level, rng)
            x: Any = None
            if dealt["skill"] != "program":
                numbers = tuple(rng.randint(0, 30) for _ in range(dealt["size"] or 1))
                x = numbers if dealt["size"] else numbers[0]
            steps = tuple(rng.choice(alternatives) for alternatives in dealt["places"])
            return Point(skill=dealt["skill"], steps=steps, x=x)

        return drawn(self, draw)

    def ground(self, parameters: Parameters) -> Grounding:
        """The output, by our own reading of the steps; for a program to be found, pairs shown and held out."""
        assert isinstance(parameters, Point)
        if why := idle(parameters.steps):
            raise ValueError(why)
        taken, given = small.types(parameters.steps)
        facts: Json = {"skill": parameters.skill, "steps": list(parameters.steps), "takes": taken, "gives": given}
        facts["source"] = small.source(parameters.steps)
        if parameters.skill == "program":
            shown, held_out = _told(parameters.steps)
            tried = [*shown, *(value for value in held_out if value not in shown)]
            facts["cases"] = [[value, small.apply(parameters.steps, value)] for value in tried]
            facts["shown"] = len(shown)
            signature = " > ".join(parameters.steps)
        else:
            value = parameters.value
            result = small.apply(parameters.steps, value)
            if result == value:
                raise ValueError("the program gives its input back")
            if parameters.skill == "input" and _gives_itself(parameters.steps, result):
                raise ValueError("the output, which is shown, is an input that gives it")
            facts |= {"x": value, "y": result}
            signature = f"{' > '.join(parameters.steps)}: {exact(value)}"
        return Grounding(verifier=self.verifier, facts=facts, signature=f"{parameters.skill}: {signature}")

    def phrase(self, parameters: Parameters, rng: random.Random) -> str:
        """A frame around the program, or around the pairs that are shown."""
        facts = self.ground(parameters).facts
        filled = {
            "source": f"```python\n{facts['source']}\n```",
            "x": exact(facts.get("x")),
            "y": exact(facts.get("y")),
            "pairs": _pairs(facts),
        }
        text = rng.choice(FRAMES[facts["skill"]])
        for name, value in filled.items():
            text = text.replace("{" + name + "}", value)
        return text

    def says(self, parameters: Parameters, instruction: str) -> Check:
        """The program letter by letter and what is asked of it; or the pairs, and no other number."""
        facts = self.ground(parameters).facts
        if facts["skill"] == "program":
            needed = _pairs(facts)
            rest = instruction.replace(needed, "")
            held = needed in instruction and "python" in rest.lower() and "f(x)" in rest and not numbers(rest)
            return Check.of("wording", held, f"must show {needed} and ask for f(x) in Python")
        code = facts["source"]
        if code not in instruction:
            return Check.of("wording", False, "does not show the program as it is")
        rest = instruction.replace(code, "").replace("```python", "").replace("```", "")
        wanted = f"f({exact(facts['x'])})" if facts["skill"] == "output" else exact(facts["y"])
        asked = wanted in rest and (facts["skill"] == "output" or re.search(r"\bx\b", rest) is not None)
        expected = numbers(wanted)
        return Check.of(
            "wording",
            asked and numbers(rest) == expected,
            f"must ask for {'the value of ' if facts['skill'] == 'output' else 'an x that gives '}{wanted}",
        )

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        """An output is compared, an input is tried, a program is run on shown and held-out pairs."""
        facts = grounding.facts
        if len(response) > RESPONSE_LIMIT:
            return (Check.of("answer", False, f"the response has {len(response)} characters"),)
        if facts["skill"] == "program":
            cases = [Case((value,), expected) for value, expected in facts["cases"]]
            return (await check_cases(runner, code_of(response), "f", cases, limits=LIMITS),)
        if facts["skill"] == "output":
            found, why = answered(response, facts["gives"])
            if found is None:
                return (Check.of("answer", False, f"expected {exact(facts['y'])}, {why}"),)
            evidence = f"expected {exact(facts['y'])}, found {exact(found)}"
            return (Check.of("answer", exact(found) == exact(facts["y"]), evidence),)
        found, why = answered(response, facts["takes"])
        if found is None:
            return (Check.of("answer", False, f"expected an x, {why}"),)
        return (await check_cases(runner, facts["source"], "f", [Case((found,), facts["y"])]),)

    def formed(self, grounding: Grounding, response: str) -> bool:
        """Whether it ends in a value of the kind that is asked for, or shows a program."""
        facts = grounding.facts
        if len(response) > RESPONSE_LIMIT or facts["skill"] == "program":
            return len(response) <= RESPONSE_LIMIT and "def f(" in response
        return answered(response, facts["gives" if facts["skill"] == "output" else "takes"])[0] is not None

    def truth(self, parameters: Parameters, rng: random.Random) -> str:
        """The output, the input that was dealt, or the program."""
        facts = self.ground(parameters).facts
        if facts["skill"] == "program":
            return str(facts["source"])
        return exact(facts["y" if facts["skill"] == "output" else "x"])

    def wrong(self, parameters: Parameters, rng: random.Random) -> str:
        """What a neighbour of the program gives; a neighbour, or what only looks like one."""
        assert isinstance(parameters, Point)
        facts = self.ground(parameters).facts
        if parameters.skill == "program":
            tried = small.inputs(small.types(parameters.steps)[0], stream("wrong", *parameters.steps), 60)
            others = [one for one in small.mutants(parameters.steps) if small.differ(parameters.steps, one, tried)]
            if rng.random() < 0.3:
                return rng.choice((SAME, table(facts["cases"][: facts["shown"]])))
            return small.source(rng.choice(others))
        if parameters.skill == "output":
            given = {exact(small.apply(other, facts["x"])) for other in small.mutants(parameters.steps)}
            wrongs = given - {exact(facts["y"])}
            return rng.choice(sorted(wrongs) or ["none"])
        wrongs = {
            exact(value)
            for value in small.inputs(small.types(parameters.steps)[0], rng, 20)
            if small.apply(parameters.steps, value) != facts["y"]
        }
        return rng.choice(sorted(wrongs) or ["none"])

    def leaks(self, grounding: Grounding, instruction: str) -> str:
        """The program that is to be found, in Python or in words; the output; an input that gives it."""
        facts, steps = grounding.facts, grounding.facts["steps"]
        if facts["skill"] == "program":
            return shown_source(steps, instruction) or ("" if small.said(steps, instruction) else " > ".join(steps))
        rest = instruction.replace(facts["source"], "")
        given = f"f({exact(facts['x'])})" if facts["skill"] == "output" else exact(facts["y"])
        for text in _VALUE.findall(rest.replace(given, "", 1)):
            with suppress(ValueError, TypeError, AttributeError):
                value = parse(text)
                if (value if facts["skill"] == "output" else small.apply(steps, value)) == facts["y"]:
                    return str(text)
        return ""

    def neighbours(self, parameters: Parameters, level: int, rng: random.Random) -> Iterator[Parameters]:
        """Programs one edit away; or the same program with another input and another output."""
        assert isinstance(parameters, Point)
        if parameters.skill == "program":
            tried = small.inputs(small.types(parameters.steps)[0], rng, 40)
            for steps in small.mutants(parameters.steps):
                if not idle(steps) and small.differ(parameters.steps, steps, tried):
                    yield parameters.model_copy(update={"steps": steps})
            return
        for value in small.inputs(small.types(parameters.steps)[0], rng, 20):
            if small.apply(parameters.steps, value) != small.apply(parameters.steps, parameters.value):
                x = tuple(value) if isinstance(value, list) else value
                point = parameters.model_copy(update={"x": x})
                with suppress(ValueError):
                    self.ground(point)
                    yield point

    def readings(self, parameters: Parameters, instruction: str) -> Iterator[Reading]:
        """Another program that fits the pairs shown; the program run twice, or in the other order."""
        assert isinstance(parameters, Point)
        facts, steps = self.ground(parameters).facts, parameters.steps
        if parameters.skill == "program":
            told = [(value, y) for value, y in facts["cases"] if f"f({exact(value)}) = {exact(y)}" in instruction]
            cases = [value for value, _ in facts["cases"]]
            for other in small.mutants(steps):
                if all(small.apply(other, value) == y for value, y in told) and small.differ(steps, other, cases):
                    yield Reading(" > ".join(other), small.source(other))
            return
        rest = instruction.replace(facts["source"], "").lower()
        turned = {
            "f(f": (*steps, *steps),
            "order": steps[::-1] if re.search(r"\b(?:opposite|reverse|other) order\b", rest) else steps,
        }
        for sign, other in turned.items():
            with suppress(ValueError, TypeError):
                small.types(other)
                if sign in rest and parameters.skill == "output":
                    yield Reading(" > ".join(other), exact(small.apply(other, parameters.value)))
        if "f(f" in rest and parameters.skill == "input":
            for value in small.inputs(small.types(steps)[0], random.Random(0), 20):
                if small.apply(steps, value) != facts["y"]:
                    yield Reading("the program run twice", exact(value))

    def shortcuts(self, instruction: str) -> dict[str, str]:
        """For a program that is to be found, functions that do nothing, and a table of what is shown."""
        if "    return x" in instruction:
            return {}
        shown = [(parse(x), parse(y)) for x, y in _SHOWN.findall(instruction)]
        return {**BARE, "knows only what is shown": table(shown)}


@lru_cache(maxsize=4096)
def _told(steps: tuple[str, ...]) -> tuple[list[small.Value], list[small.Value]]:
    """Inputs to show, which tell the program from its neighbours so that there is an answer, and to hold out."""
    shown = small.telling(steps, stream("shown", *steps), SHOWN)
    return shown, small.telling(steps, stream("cases", *steps), CASES)


def _gives_itself(steps: tuple[str, ...], value: small.Value) -> bool:
    taken, given = small.types(steps)
    return taken == given and small.apply(steps, value) == value


def _pairs(facts: Json) -> str:
    """The pairs that are shown."""
    shown = [f"f({exact(value)}) = {exact(result)}" for value, result in facts.get("cases", [])[: facts.get("shown")]]
    return ", ".join(shown[:-1]) + f" and {shown[-1]}" if shown else ""


def table(pairs: Sequence[Sequence[Any]]) -> str:
    """A program that knows the pairs it was shown, and nothing else."""
    known = {exact(value): result for value, result in pairs}
    return f"import json\n\n\ndef f(x):\n    return {known!r}[json.dumps(x, separators=(',', ':'))]"


def answered(response: str, kind: small.Kind) -> tuple[small.Value | None, str]:
    """The integer a response ends in, or its one list of integers; else why there is none."""
    if kind == "int":
        return final_integer(response)
    found = set(_LIST.findall(response))
    if len(found) != 1:
        return None, f"found {len(found)} lists"
    try:
        listed = parse(found.pop())
    except ValueError as fault:
        return None, f"the list cannot be read: {fault}"[:200]
    if len(listed) > DEEPEST or not all(type(one) is int for one in listed):
        return None, f"the list is not one of at most {DEEPEST} integers"
    return listed, ""
