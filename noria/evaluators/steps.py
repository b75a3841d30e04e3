"""Small programs as steps: what a domain about programs can word, write, run and mutate.

    ("keep_even", "sum") ─┬─► words    keeps the even numbers, then adds them all up
                          ├─► source   def f(x): …          (what a student reads or writes)
                          ├─► apply    the value, by our own code, without running any source
                          └─► mutants  every program one step away

A program takes an integer or a list of integers and gives one or the other. A step with a
number is written `add 3`. Truth comes from `apply`; that the written source gives the same
in the sandbox is tested, not assumed.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, Literal

Kind = Literal["int", "list"]
Value = int | list[int]

LARGEST = 10**18
"""Largest magnitude of a value that is an answer."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation: its types, its words, its line of source, and what it does."""

    takes: Kind
    gives: Kind
    words: tuple[str, ...]
    """Clauses that say it, each alone enough."""
    line: str
    does: Callable[[Any, int], Any]


STEPS: dict[str, Step] = {
    "add": Step("int", "int", ("adds {k}", "increases it by {k}"), "x + {k}", lambda x, k: x + k),
    "subtract": Step("int", "int", ("subtracts {k}", "lowers it by {k}"), "x - {k}", lambda x, k: x - k),
    "times": Step("int", "int", ("multiplies by {k}", "makes it {k} times as large"), "x * {k}", lambda x, k: x * k),
    "remainder": Step(
        "int",
        "int",
        ("takes the remainder after division by {k}", "takes it modulo {k}"),
        "x % {k}",
        lambda x, k: x % k,
    ),
    "absolute": Step("int", "int", ("takes the absolute value", "drops its sign"), "abs(x)", lambda x, k: abs(x)),
    "square": Step("int", "int", ("squares the number", "multiplies it by itself"), "x * x", lambda x, k: x * x),
    "keep_even": Step(
        "list",
        "list",
        ("keeps the even numbers", "drops the odd numbers"),
        "[n for n in x if n % 2 == 0]",
        lambda x, k: [n for n in x if not n % 2],
    ),
    "keep_odd": Step(
        "list",
        "list",
        ("keeps the odd numbers", "drops the even numbers"),
        "[n for n in x if n % 2 == 1]",
        lambda x, k: [n for n in x if n % 2],
    ),
    "keep_above": Step(
        "list",
        "list",
        ("keeps the numbers above {k}", "drops the numbers up to {k}"),
        "[n for n in x if n > {k}]",
        lambda x, k: [n for n in x if n > k],
    ),
    "add_each": Step(
        "list",
        "list",
        ("adds {k} to each number", "increases each number by {k}"),
        "[n + {k} for n in x]",
        lambda x, k: [n + k for n in x],
    ),
    "times_each": Step(
        "list",
        "list",
        ("multiplies each number by {k}", "makes each number {k} times as large"),
        "[n * {k} for n in x]",
        lambda x, k: [n * k for n in x],
    ),
    "reverse": Step(
        "list", "list", ("reverses the list", "puts the list in reverse order"), "x[::-1]", lambda x, k: x[::-1]
    ),
    "sort": Step(
        "list", "list", ("sorts the list", "puts the list in ascending order"), "sorted(x)", lambda x, k: sorted(x)
    ),
    "unique": Step(
        "list",
        "list",
        ("keeps each number once", "drops repeated numbers"),
        "list(dict.fromkeys(x))",
        lambda x, k: list(dict.fromkeys(x)),
    ),
    "sum": Step("list", "int", ("adds the numbers up", "takes their sum"), "sum(x)", lambda x, k: sum(x)),
    "count": Step("list", "int", ("counts the numbers", "takes the length of the list"), "len(x)", lambda x, k: len(x)),
    "largest": Step(
        "list",
        "int",
        ("takes the largest number, or 0", "takes the maximum, or 0"),
        "max(x, default=0)",
        lambda x, k: max(x, default=0),
    ),
    "smallest": Step(
        "list",
        "int",
        ("takes the smallest number, or 0", "takes the minimum, or 0"),
        "min(x, default=0)",
        lambda x, k: min(x, default=0),
    ),
}

NUMBERS = range(2, 10)
"""What may stand behind a step that needs a number."""


def needs_number(name: str) -> bool:
    """Whether a step is written with a number."""
    return "{k}" in STEPS[name].line


def split(step: str) -> tuple[str, int]:
    """Name and number of a step; 0 where it has none.

    Raises:
        ValueError: it is no step.
    """
    name, _, number = step.partition(" ")
    if name not in STEPS or needs_number(name) != bool(number) or (number and not number.isdecimal()):
        raise ValueError(f"{step!r} is no step")
    return name, int(number or 0)


def types(steps: Sequence[str]) -> tuple[Kind, Kind]:
    """What a program takes and gives.

    Raises:
        ValueError: there is no step, one is unknown, or one does not take what the step before gives.
    """
    parts = [STEPS[split(step)[0]] for step in steps]
    if not parts:
        raise ValueError("a program needs a step")
    for before, after in pairwise(parts):
        if before.gives != after.takes:
            raise ValueError(f"a step takes {after.takes} and is given {before.gives}")
    return parts[0].takes, parts[-1].gives


def apply(steps: Sequence[str], value: Value) -> Value:
    """What a program gives.

    Raises:
        ValueError: a number grows too large.
    """
    for does, number in _compiled(tuple(steps)):
        value = does(value, number)
    if (max(map(abs, value), default=0) if isinstance(value, list) else abs(value)) > LARGEST:
        raise ValueError("a number grows too large")
    return value


@lru_cache(maxsize=4096)
def _compiled(steps: tuple[str, ...]) -> tuple[tuple[Callable[[Any, int], Any], int], ...]:
    return tuple((STEPS[name].does, number) for name, number in map(split, steps))


def clauses(step: str) -> tuple[str, ...]:
    """The clauses that say a step."""
    name, number = split(step)
    return tuple(clause.replace("{k}", str(number)) for clause in STEPS[name].words)


def words(steps: Sequence[str], rng: random.Random) -> str:
    """A program in words, a clause a step."""
    return ", then ".join(rng.choice(clauses(step)) for step in steps)


def said(steps: Sequence[str], text: str) -> str:
    """What of a program a text does not say: the first step whose clause is missing in its order, or empty."""
    rest = text.lower()
    for step in steps:
        found = sorted((rest.find(clause), clause) for clause in clauses(step) if clause in rest)
        if not found:
            return step
        place, clause = found[0]
        rest = rest[place + len(clause) :]
    return ""


def source(steps: Sequence[str], function: str = "f") -> str:
    """A program in Python."""
    lines = [f"def {function}(x):"]
    for name, number in (split(step) for step in steps):
        lines.append(f"    x = {STEPS[name].line.replace('{k}', str(number))}")
    return "\n".join([*lines, "    return x"])


def inputs(takes: Kind, rng: random.Random, count: int) -> list[Value]:
    """Arguments to try a program on: the odd ones first, then drawn ones, none twice."""
    edges: list[Value] = (
        [0, 1, -1, 7, -12, 100] if takes == "int" else [[], [-7, -3, -5], [-2, 5, 4, 5], [3, 3], [9, 8, 7, 1], [0]]
    )
    found = edges[:count]
    while len(found) < count:
        one: Value = rng.randint(-99, 99)
        if takes == "list":
            highest = rng.choice((-1, 20, 20, 20))  # a list below zero tells what a mixed one hides
            one = [rng.randint(-9, highest) for _ in range(rng.randint(2, 6))]
        if one not in found:
            found.append(one)
    return found


def mutants(steps: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Programs one edit away: a step replaced, its number changed, left out, or two of them exchanged."""
    for at, step in enumerate(steps):
        before, after = tuple(steps[:at]), tuple(steps[at + 1 :])
        name, number = split(step)
        others = [other for other in STEPS if other != name and _alike(other, name)]
        changed = [_written(other, number or 2) for other in others]
        if needs_number(name):
            changed += [f"{name} {number + 1}", f"{name} {number + 10}"]
        for other in changed:
            yield (*before, other, *after)
        if len(steps) > 1 and STEPS[name].takes == STEPS[name].gives:
            yield (*before, *after)
        if after:
            yield from _fitting((*before, after[0], step, *after[1:]))


def _alike(one: str, other: str) -> bool:
    return STEPS[one].takes == STEPS[other].takes and STEPS[one].gives == STEPS[other].gives


def _written(name: str, number: int) -> str:
    return f"{name} {number}" if needs_number(name) else name


def _fitting(steps: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    try:
        types(steps)
    except ValueError:
        return
    yield steps


def differ(one: Sequence[str], other: Sequence[str], tried: Sequence[Value]) -> bool:
    """Whether two programs give different values on some of the inputs tried."""
    return any(apply(one, value) != apply(other, value) for value in tried)


def telling(steps: Sequence[str], rng: random.Random, count: int) -> list[Value]:
    """At least `count` inputs on which no mutant that differs at all gives what the program gives throughout.

    Mutation analysis (DeMillo, Lipton, Sayward, 1978): inputs that every mutant passes tell nothing.
    """
    takes, _ = types(steps)
    wide = inputs(takes, rng, 120)
    chosen = wide[:count]
    # A bound moved by one shows on the value next to it alone.
    wide += [[n] for n in range(-15, 31)] if takes == "list" else list(range(-30, 61))
    for mutant in mutants(steps):
        if differ(steps, mutant, wide) and not differ(steps, mutant, chosen):
            chosen.append(next(value for value in wide if differ(steps, mutant, [value])))
    return chosen


@cache
def chains(takes: Kind, gives: Kind, length: int) -> tuple[tuple[str, ...], ...]:
    """Every sequence of step names of a length with these types, no name twice."""
    if length == 1:
        return tuple((name,) for name, step in STEPS.items() if (step.takes, step.gives) == (takes, gives))
    return tuple(
        (name, *rest)
        for name, step in STEPS.items()
        if step.takes == takes
        for rest in chains(step.gives, gives, length - 1)
        if name not in rest
    )
