"""Programs that a model wrote, before anything rests on them.

    source ─► answers on inputs, twice: other hash seed, other order ─► pairs it gives, or why it has no truth
           ─► mutants, made inside the sandbox                       ─► what its tests must refuse

A model's program is believed for what it does, never for what it was meant to do. It must
give the same answers under two hash seeds and in whichever order it is asked, and give plain
values of one kind. The inputs are its author's and the program's own, odd ones among them.
"""

from collections.abc import Sequence
from typing import Any, Literal

from noria.evaluators import steps
from noria.evaluators.domain import Parameters
from noria.evaluators.executed import SEEDS
from noria.evaluators.sandbox.job import Answer, Call, Job, Limits, exact, parse
from noria.evaluators.sandbox.runner import Runner
from noria.evaluators.sandbox.tiers import INSIDE
from noria.identity import stream
from noria.types import Json

Kind = Literal["int", "list", "text", "bool"]
"""What a program takes or gives: an integer, a list of integers, a text, true or false."""

Value = bool | int | str | tuple[int, ...]

SOURCE_LIMIT = 400
"""Longest program, in characters, that a model may write here."""

INPUTS = 20
"""Inputs a program is tried on besides its author's."""

LIMITS = Limits(seconds=2.0)

MUTANTS = 12
"""Mutants that are tried, at most."""

SHOWN_VALUE = 120
"""Longest value, in characters of JSON, that a program may give."""

TEXTS = (
    "", "a", "Hello world", "noria turns", "AbC", "level", "one two three", "  spaced  ", "12 apples", "Tea!",
    "banana", "Zebra crossing", "x" * 12, "the end", "Python", "a b a b", "UPPER", "no", "e", "rain or shine",
)  # fmt: skip

_MUTATOR = (INSIDE / "mutate.py").read_text(encoding="utf-8")


class Pair(Parameters):
    """An argument, and what the program gives for it."""

    x: Value
    y: Value


def defined(head: str, body: Sequence[str]) -> str:
    """The source of a function from its head and the lines of its body, each given without the first indent."""
    return "\n".join([f"def {head}:", *(f"    {line}" for line in body)])


def lines(most: int) -> Json:
    """The schema of the lines of a body: a list, for a small model does not write line breaks inside a string."""
    line = {"type": "string", "minLength": 3, "maxLength": 72}
    return {"type": "array", "items": line, "minItems": 1, "maxItems": most}


def plain(value: Value) -> Any:
    """A value as JSON has it."""
    return list(value) if isinstance(value, tuple) else value


def kind(value: Any) -> Kind | None:
    """The kind of a JSON value; none where it is of none."""
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case str():
            return "text"
        case list() if all(type(one) is int for one in value):
            return "list"
    return None


def schema(of: Kind, size: int = 0) -> Json:
    """The schema of a value; a list has `size` items, or up to 4 where that is 0."""
    number = {"type": "integer", "minimum": -99, "maximum": 99}
    match of:
        case "int":
            return number
        case "list":
            return {"type": "array", "items": number, "minItems": size, "maxItems": size or 4}
        case "text":
            return {"type": "string", "maxLength": 24}
        case "bool":
            return {"type": "boolean"}


def inputs(taken: Kind) -> list[Any]:
    """What every program of a kind is tried on, the odd ones first."""
    if taken == "text":
        return list(TEXTS)
    assert taken != "bool"
    return list(steps.inputs(taken, stream("written", taken), INPUTS))


async def answers(runner: Runner, source: str, asked: Sequence[Any], *, twice: bool = True) -> tuple[list[Answer], str]:
    """What the function f of a source gives for each input, and the level it ran under.

    Asked twice, an answer that differs under another hash seed and another order of the inputs is a fault.

    Raises:
        SandboxError: the program could not be run, or not isolated enough.
    """
    calls = tuple(Call("f", (x,)) for x in asked)
    first = await runner.run(Job(source, calls, seed=SEEDS[0], limits=LIMITS))
    if not twice:
        return list(first.answers), first.level
    second = await runner.run(Job(source, calls[::-1], seed=SEEDS[1], limits=LIMITS))
    if first.status != "finished":
        return [Answer(None, first.why or first.status)] * len(asked), first.level
    found = [
        one if one.value == other.value else Answer(None, "it differs from run to run")
        for one, other in zip(first.answers, second.answers[::-1], strict=True)
    ]
    return found, first.level


async def pairs(runner: Runner, source: str, asked: Sequence[Any], given: Kind | None = None) -> list[tuple[Any, Any]]:
    """Inputs and what a program gives for them; inputs that it fails on are left out.

    Raises:
        ValueError: it is too long, does not run, differs from run to run, or gives values of no kind or of several.
        SandboxError: it could not be run, or not isolated enough.
    """
    if len(source) > SOURCE_LIMIT:
        raise ValueError(f"the program has {len(source)} characters, {SOURCE_LIMIT} are allowed")
    found, _ = await answers(runner, source, asked)
    if unsteady := next((one for one in found if one.fault == "it differs from run to run"), None):
        raise ValueError(f"the program is not deterministic: {unsteady.fault}")
    given_back = [(x, parse(one.value)) for x, one in zip(asked, found, strict=True) if one.value is not None]
    if not given_back:
        raise ValueError(f"the program gives nothing: {found[0].fault if found else 'it was not asked'}")
    kinds = {kind(y) for _, y in given_back}
    if len(kinds) > 1 or None in kinds or (given is not None and kinds != {given}):
        wanted = given or "one of int, list, text, bool"
        raise ValueError(f"the program gives {', '.join(sorted(str(one) for one in kinds))}, not {wanted}")
    if any(len(exact(y)) > SHOWN_VALUE for _, y in given_back):
        raise ValueError(f"the program gives a value of more than {SHOWN_VALUE} characters")
    if len({exact(y) for _, y in given_back}) == 1:
        raise ValueError("the program gives the same for every input")
    if all(exact(x) == exact(y) for x, y in given_back):
        raise ValueError("the program gives its input back")
    return given_back


async def mutants(runner: Runner, source: str) -> list[str]:
    """Sources one edit away, made inside the sandbox; nothing of the source is run.

    Raises:
        ValueError: the source cannot be read as Python.
    """
    ran = await runner.run(Job(_MUTATOR, (Call("mutants", (source, MUTANTS)),), limits=LIMITS))
    value = ran.answers[0].value
    found = parse(value) if value is not None else None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ValueError(f"the program cannot be read: {ran.why}")
    return found


async def holds(runner: Runner, source: str, asked: Sequence[tuple[Any, ...]], seed: int = SEEDS[0]) -> list[bool]:
    """Whether the function `holds` of a source says exactly true of each tuple of arguments; what fails says no."""
    calls = tuple(Call("holds", one) for one in asked)
    ran = await runner.run(Job(source, calls, seed=seed, limits=LIMITS))
    return [ran.status == "finished" and one.value == "true" for one in ran.answers]
