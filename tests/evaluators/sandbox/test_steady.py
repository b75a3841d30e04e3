"""Steady programs: what is called so can neither hash nor order by hashes, and plain ones are called so."""

import asyncio
import builtins
import random
from collections.abc import Iterator
from copy import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.evaluators.executed import Case, check_cases
from noria.evaluators.registry import domain
from noria.evaluators.sandbox.inside.steady import BUILTINS, METHODS, steady
from noria.evaluators.sandbox.job import Call, Job
from noria.evaluators.sandbox.runner import Sandbox
from noria.evaluators.sandbox.tiers import STRENGTH, choose
from tests.evaluators.sandbox.honest import HONEST

SEEING = (
    "def f(x): return hash(x)",
    "def f(x): return list({*x})",
    "def f(x): return [one for one in {c for c in x}]",
    "def f(x): return list(set(x))",
    "def f(x): return list(frozenset(x))",
    "def f(x): return list(dict.fromkeys(x).keys() & dict.fromkeys(x))",
    "def f(x): return list(dict.fromkeys(x).items() - {})",
    "def f(x): return x.__hash__()",
    "def f(x): return '{0.__class__}'.format(x)",
    "def f(x): return __builtins__['set'](x)",
    "g = set\ndef f(x): return list(g(x))",
    "set = set\ndef f(x): return list(set(x))",
    "def f(x, s=frozenset): return list(s(x))",
    "def f(x): return getattr(x, '__ha' + 'sh__')()",
    "def f(x): return eval('ha' + 'sh(x)')",
    "def f(x): return vars()['x']",
    "def f(x): return type(x)",
    "import math\ndef f(x): return x",
    "from math import *\ndef f(x): return x",
    "class A: pass\ndef f(x): return x",
    "def f(x):\n    global __builtins__\n    return x",
    "def f(x):\n    global set\n    return x",
    "def f(x):\n    for hash in x: pass\n    return x",
    "def f(x):\n    try:\n        return x\n    except Exception as hash:\n        return hash",
    "def f(x):\n    g = (n for n in x)\n    return g.gi_frame.f_builtins['set'](x)",
    "def f(x):\n    match x:\n        case int(__class__=c): return c\n",
    "async def f(x): return x",
    "def f(x):\n    with x: return x",
    "def f(x: set): return x",
    "def f(*hash): return hash",
    "def f(x): return f.__globals__",
    "def f(:",
    "x = " + "(" * 5000,
    "x = " + "-" * 9000 + "1",
    "# " + "x" * 20_000,
    "\0",
)  # fmt: skip
"""Programs that see a hash, or might."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    box = Sandbox(choose(STRENGTH[0]), workers=1)
    yield box
    box.close()


@pytest.mark.parametrize("source", SEEING)
def test_what_might_see_a_hash_is_not_steady(source: str) -> None:
    assert not steady(source)


def test_no_builtin_that_is_allowed_makes_a_set_or_a_hash() -> None:
    assert set(dir(builtins)) >= BUILTINS
    assert not BUILTINS & {
        "set", "frozenset", "hash", "id", "vars", "globals", "locals", "dir", "getattr", "setattr", "type", "object",
        "eval", "exec", "compile", "open", "input", "super", "memoryview", "bytes", "bytearray", "format",
        "BaseException", "classmethod", "staticmethod", "property", "breakpoint", "help",
    }  # fmt: skip


def test_no_method_that_is_allowed_gives_a_set_a_view_with_set_operations_or_another_object_s_parts() -> None:
    for value in ("ab", [1], {"a": 1}, (1,), 1, 1.5):
        for name in METHODS & set(dir(value)):
            made = getattr(copy(value), name)
            try:
                given_back = made() if callable(made) else made
            except TypeError:
                continue
            assert not hasattr(given_back, "__and__") or isinstance(given_back, int), name
    assert not any(name.startswith("_") for name in METHODS)


def test_programs_of_the_domain_code_are_steady() -> None:
    kind, rng = domain("code"), random.Random(5)
    for number in range(100):
        assert steady(kind.truth(kind.sample(kind.levels[number % len(kind.levels)], rng), rng))


@settings(max_examples=60, deadline=None)
@given(source=st.sampled_from([one for one in HONEST if steady(one)]), number=st.integers(-(10**6), 10**6))
def test_steady_programs_give_the_same_under_every_seed(source: str, number: int, sandbox: Sandbox) -> None:
    job = [Job(source, (Call("f", (number,)),), seed=seed) for seed in (0, 1)]
    ran = [sandbox.run_now(one) for one in job]
    assert ran[0].steady
    assert ran[0].answers == ran[1].answers


def test_a_program_cannot_call_itself_steady(sandbox: Sandbox) -> None:
    lie = "import os\nos.write(3, b'LS')\ndef f(x):\n    os.write(3, b'S')\n    return x + 1\n"
    ran = sandbox.run_now(Job(lie, (Call("f", (1,)),)))
    assert not ran.steady


def test_a_steady_program_runs_once_and_any_other_twice(sandbox: Sandbox) -> None:
    cases = [Case((1,), 2)]
    once = asyncio.run(check_cases(sandbox, "def f(x): return x + 1", "f", cases))
    twice = asyncio.run(check_cases(sandbox, "def f(x): return x + len({0})", "f", cases))
    assert (once.passed, twice.passed) == (True, True)
    assert "no hash seed can matter" in once.evidence
    assert "2 hash seeds" in twice.evidence
