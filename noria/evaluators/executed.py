"""What a program did against what it should have done: the one place where an answer of a sandbox counts.

    source, cases ─► run ─► each answer = the expected one, as exact JSON?
                      └─ and once more under another hash seed, unless no seed can matter to it

The comparison is made here, outside, on the text of exact JSON, in which `1`, `1.0`, `true`
and `"1"` are four values. A run must end by itself: what is right but hangs, crashes or
floods is refused, and so is what is right under one order of a set and wrong under another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from noria.evaluators.sandbox.job import Call, Job, Limits, exact
from noria.evaluators.sandbox.runner import Runner
from noria.types import Check

SEEDS = (0, 1)
"""Hash seeds a program is run under; the first is enough for one that is steady."""

SHOWN = 120
"""Characters of a value that evidence shows."""


@dataclass(frozen=True, slots=True)
class Case:
    """Arguments, and the value that a call with them must give."""

    arguments: tuple[Any, ...]
    expected: Any


async def check_cases(
    runner: Runner, source: str, function: str, cases: Sequence[Case], *, limits: Limits | None = None
) -> Check:
    """Whether a function of a source gives the expected value in every case.

    Raises:
        SandboxError: the program could not be run, or not isolated enough.
    """
    calls = tuple(Call(function, case.arguments) for case in cases)
    level = ""
    for seed in SEEDS:
        ran = await runner.run(Job(source, calls, seed=seed, limits=limits or Limits()))
        level = ran.level
        for case, answer in zip(cases, ran.answers, strict=True):
            wanted = exact(case.expected)
            if answer.value != wanted:
                asked = f"{function}({', '.join(_short(exact(one)) for one in case.arguments)})"
                found = answer.fault if answer.value is None else _short(answer.value)
                evidence = f"{asked}: expected {_short(wanted)}, found {found}"
                return Check.of("cases", False, evidence, sandbox=level)
        if ran.status != "finished":
            evidence = f"every answer is right, but the run did not end by itself: {ran.status}"
            return Check.of("cases", False, evidence, sandbox=level)
        if ran.steady:
            evidence = f"{len(cases)} cases; no hash seed can matter to the program"
            return Check.of("cases", bool(cases), evidence, sandbox=level)
    return Check.of("cases", bool(cases), f"{len(cases)} cases, each under {len(SEEDS)} hash seeds", sandbox=level)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
