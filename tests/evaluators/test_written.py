"""What a model wrote counts only as far as it holds when it is run: programs, tests, functions and cases."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.evaluators import written
from noria.evaluators.code_written import STUBS, WrittenCode
from noria.evaluators.constraints_written import WrittenConstraints, vote
from noria.evaluators.deduction_written import WrittenDeduction
from noria.evaluators.domain import Domain, Parameters
from noria.identity import stream
from tests import build

DOUBLE = "return 2 * x + 1"
EXAMPLES = [{"x": 3, "y": 7}, {"x": 0, "y": 1}, {"x": -4, "y": -7}, {"x": 10, "y": 21}]
EXACT = "return y - x - x == 1"


def told(**changes: Any) -> Parameters:
    base = {
        "skill": "written_int_int", "does": "doubles x and adds one", "body": [DOUBLE],
        "examples": EXAMPLES, "properties": [[EXACT]],
    }  # fmt: skip
    return WrittenCode().point(base | changes)


def established(kind: Domain, point: Parameters) -> Any:
    return asyncio.run(kind.establish(point, build.RUNNER))


def passes(kind: Domain, point: Parameters, response: str) -> bool:
    checks = asyncio.run(kind.check(kind.ground(point), response, build.RUNNER))
    assert checks
    assert all(check.evidence for check in checks)
    return all(check.passed for check in checks)


@pytest.mark.parametrize("kind", [WrittenCode(), WrittenDeduction(), WrittenConstraints()], ids=lambda one: one.name)
def test_what_a_program_writes_as_an_example_stands_when_it_is_run(kind: Domain) -> None:
    rng = stream("stands", kind.name)
    for _ in range(25):
        point = kind.sample(4, rng)
        heard = established(kind, kind.point(point.proposed()))
        assert established(kind, heard) == heard
        assert kind.ground(heard).signature
        assert passes(kind, heard, kind.truth(heard, rng))
        assert not passes(kind, heard, kind.wrong(heard, rng))
        assert kind.says(heard, kind.phrase(heard, rng)).passed


def test_tests_that_hold_admit_every_program_that_is_right_and_no_other() -> None:
    kind, point = WrittenCode(), established(WrittenCode(), told())
    for right in ("def f(x):\n    return x + x + 1", "```python\ndef f(n):\n    n *= 2\n    n += 1\n    return n\n```"):
        assert passes(kind, point, right)
    table = "def f(x):\n    return {3: 7, 0: 1, -4: -7, 10: 21}[x]"
    for wrong in (*STUBS, table, "def f(x):\n    return 2 * x + 1.0", "def f(x):\n    return str(2 * x + 1)", "no"):
        assert not passes(kind, point, wrong), wrong
    instruction = kind.worded(point, "Write f(x) in Python that doubles x and adds one.")
    assert kind.says(point, instruction).passed
    assert "f(3) = 7 and f(0) = 1" in instruction
    assert kind.worded(point, instruction) == instruction
    assert not kind.says(point, kind.worded(point, f"Write f(x): it doubles x and adds one. {DOUBLE}")).passed


def test_an_example_that_its_own_program_denies_does_not_count() -> None:
    wrong = [*EXAMPLES[:3], {"x": 5, "y": 5}]
    assert len(established(WrittenCode(), told(examples=wrong)).examples) == 3
    with pytest.raises(ValueError, match="2 of 4 examples agree"):
        established(WrittenCode(), told(examples=[*EXAMPLES[:2], {"x": 5, "y": 5}, {"x": 6, "y": 5}]))


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("return True", "its properties refuse 0 of"),
        ("pass", "none of its properties holds"),
        ("assert True", "none of its properties holds"),
        ("return 1", "none of its properties holds"),
        ("return y == 2 * x", "none of its properties holds"),
        ("return type(y) is int", "its properties refuse"),
        ("try:\n    assert y == 0\nfinally:\n    return True", "its prop"),
        ("import random\nreturn random.random() < 0.7", "none of its properties holds"),
        ("return hash('a') % 2 == 0", "none of its properties holds"),
        ("raise SystemExit(0)", "none of its properties holds"),
        ("import os\nos._exit(0)", "none of its properties holds"),
        ("while True: pass", "none of its properties holds"),
        ("import sys\nreturn sys._getframe(1).f_locals['expected'] == y", "none of its"),
        (
            "class S:\n    def __eq__(self, o):\n        return True\nreturn S()",
            "none of its",
        ),
    ],
)
def test_a_test_that_tells_nothing_admits_nothing(test: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        established(WrittenCode(), told(properties=[test.splitlines()]))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("return hash(str(x)) % 7", "not deterministic"),
        ("import random\nreturn random.randrange(10**9)", "not deterministic"),
        ("f.seen = getattr(f, 'seen', 0) + 1\nreturn f.seen", "not deterministic"),
        ("import time\nreturn time.time_ns()", "not deterministic"),
        ("return 7", "the same for every input"),
        ("return x", "its input back"),
        ("return x / 2", "not int"),
        ("return [] if x else 1", "not int"),
        ("return open('/etc/passwd').read()", "gives nothing"),
        ("while True:\n    pass", "gives nothing"),
        ("def g(x):\n    return x", "not int"),
        ("return x +* 2", "gives nothing"),
        ("class Same:\n    def __eq__(self, other):\n        return True\nreturn Same()", "gives nothing"),
        ("return 10 ** 150 + x", "more than 120 characters"),
        ("if x not in (3, 0, -4):\n    raise KeyError\nreturn 2 * x + 1", "answers 2|answers 3"),
    ],
)
def test_a_program_without_a_truth_is_no_task(source: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        established(WrittenCode(), told(body=source.splitlines()))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import time\nreturn x", "holds 'import'"),
        ("return hash(str(x))", "not deterministic"),
        ("return x.__class__", "holds '__'"),
        ("return str(x)", "no integer and no list"),
        ("return 10 // x", "gives nothing for 0"),
    ],
)
def test_a_written_program_is_deterministic_and_can_be_read(source: str, why: str) -> None:
    point = WrittenDeduction().point({"skill": "written_output", "body": source.splitlines(), "x": 0})
    with pytest.raises(ValueError, match=why):
        established(WrittenDeduction(), point)


def test_the_truth_of_a_written_program_is_what_it_gives() -> None:
    kind = WrittenDeduction()
    source = "total = 0\nfor n in x:\n    total = total * 2 + n\nreturn total"
    output = established(kind, kind.point({"skill": "written_output", "body": source.splitlines(), "x": [1, 0, 1]}))
    assert kind.ground(output).facts["y"] == 5
    assert passes(kind, output, "5")
    assert not passes(kind, output, "4")
    assert not kind.model_written(kind.ground(output))
    backwards = established(kind, kind.point({"skill": "written_input", "body": source.splitlines(), "x": [1, 0, 1]}))
    assert passes(kind, backwards, "[5]")
    assert passes(kind, backwards, "[0, 2, 1]")
    assert not passes(kind, backwards, "[1, 1]")
    found = established(kind, kind.point({"skill": "written_program", "body": source.splitlines(), "x": [1, 0, 1]}))
    assert kind.model_written(kind.ground(found))
    horner = "def f(x):\n    return sum(n * 2 ** (len(x) - at - 1) for at, n in enumerate(x))"
    assert passes(kind, found, horner)
    assert not passes(kind, found, "def f(x):\n    return sum(x)")


@pytest.mark.parametrize("source", ["(" * 5000, "def f(:", "\x00", "x = 1\n" * 20_000, "def f(x):\n" + " " * 99_000])
def test_a_hostile_text_is_only_read_by_the_mutator_and_inside_the_sandbox(source: str) -> None:
    try:
        found = asyncio.run(written.mutants(build.RUNNER, source))
    except ValueError as fault:
        found = [str(fault)]
    assert all(one.startswith(("x = ", "the program cannot be read")) for one in found)


def test_mutants_are_programs_one_edit_away() -> None:
    body = "    if x > 3 and not x % 2:\n        return x + 1\n    return [n for n in x if n]"
    source = f'def f(x):\n    """Adds 1."""\n{body}'
    found = asyncio.run(written.mutants(build.RUNNER, source))
    assert len(found) == written.MUTANTS
    assert len(set(found)) == len(found)
    assert all(compile(one, "mutant", "exec") for one in found)
    assert not any(one == source for one in found)
    assert all('"""Adds 1."""' in one for one in found)


def ruled(**changes: Any) -> Parameters:
    base = {
        "skill": "written", "topic": "tea", "rule": "in at most five words",
        "functions": [
            ["return len(response.split()) <= 5"],
            ["return len(response.split()) < 6"],
            ["return len(response) < 10"],
        ],
        "cases": [
            {"response": "Tea is warm and kind.", "holds": True},
            {"response": "Tea is drunk by many people every day.", "holds": False},
            {"response": "Warm tea helps.", "holds": True},
            {"response": "One two three four five six", "holds": False},
        ],
    }  # fmt: skip
    return WrittenConstraints().point(base | changes)


def test_functions_and_cases_vote_each_other_in() -> None:
    kind, point = WrittenConstraints(), established(WrittenConstraints(), ruled())
    assert len(point.functions) == 2
    assert passes(kind, point, "Warm tea cheers cold people.")
    assert not passes(kind, point, "Warm tea cheers cold people every day.")
    assert not passes(kind, point, "tea")
    assert not passes(kind, point, "in at most five words")
    mislabelled = [*ruled().model_dump(mode="json")["cases"], {"response": "Tea. Tea. Tea.", "holds": False}]
    assert len(established(kind, ruled(cases=mislabelled)).cases) == 4
    program, meant = kind.to_tell(kind.ground(point))
    assert meant == "in at most five words"
    assert meant not in program


@pytest.mark.parametrize(
    ("functions", "why"),
    [
        (["return True"] * 3, "1 of 3 functions run"),
        (["return True", "return not False"], "not both"),
        (
            ["return hash(response) % 2 == 0", "return True"],
            "1 of 2",
        ),
        (["return None", "holds = 5"], "0 of 2 functions run"),
        (["return 1", "return 'True'"], "0 of 2 functions run"),
        (["import sys\nsys.exit(0)", "print('PASSED')"], "0 of 2 functions run"),
    ],
)
def test_functions_that_tell_nothing_are_not_voted_in(functions: list[str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        established(WrittenConstraints(), ruled(functions=[one.splitlines() for one in functions]))


@given(
    st.integers(1, 5).flatmap(
        lambda cases: st.tuples(
            st.lists(st.lists(st.booleans(), min_size=cases, max_size=cases), min_size=1, max_size=5),
            st.lists(st.booleans(), min_size=cases, max_size=cases),
        )
    )
)
def test_whoever_is_voted_in_agrees_with_every_case_that_is(drawn: tuple[list[list[bool | None]], list[bool]]) -> None:
    said = {f"function {at}": one for at, one in enumerate(drawn[0])}
    functions, cases = vote(said, drawn[1])
    for name in functions:
        assert all(said[name][at] is drawn[1][at] for at in cases)
    for at in cases:
        assert 2 * sum(one[at] is drawn[1][at] for one in said.values()) > len(said)
