"""Small programs: their words, their source and their value say the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.evaluators import steps
from noria.evaluators.code import SKILLS, code_of, idle, places
from noria.evaluators.sandbox.job import Call, Job, exact
from noria.identity import stream
from tests import build

PROGRAMS = st.sampled_from(
    [chain for level in (1, 2, 3) for kinds in SKILLS[level].values() for chain in steps.chains(*kinds, level)]
).map(lambda chain: tuple(f"{name} 7" if steps.needs_number(name) else name for name in chain))


@settings(max_examples=120, deadline=None)
@given(program=PROGRAMS, seed=st.integers(0, 10**6))
async def test_the_source_does_in_the_sandbox_what_the_steps_do_here(program: tuple[str, ...], seed: int) -> None:
    taken, _ = steps.types(program)
    values = steps.inputs(taken, stream("steps", seed), 8)
    ran = await build.RUNNER.run(Job(steps.source(program), tuple(Call("f", (value,)) for value in values)))
    assert [one.value for one in ran.answers] == [exact(steps.apply(program, value)) for value in values]


@given(program=PROGRAMS)
def test_the_inputs_chosen_give_every_neighbour_away(program: tuple[str, ...]) -> None:
    rng = stream("telling", *program)
    chosen = steps.telling(program, rng, 4)
    wide = steps.inputs(steps.types(program)[0], stream("wide", *program), 150)
    for mutant in steps.mutants(program):
        steps.types(mutant)
        if not steps.differ(program, mutant, chosen):
            # What no chosen input tells apart, hardly any input does.
            assert sum(steps.differ(program, mutant, [value]) for value in wide) <= 0.05 * len(wide), mutant


@given(program=PROGRAMS, seed=st.integers(0, 1000))
def test_its_words_say_a_program_and_no_neighbour(program: tuple[str, ...], seed: int) -> None:
    text = steps.words(program, stream("words", seed))
    assert steps.said(program, text) == ""
    longer = (*program, "add 5") if steps.types(program)[1] == "int" else (*program, "reverse")
    if steps.said(longer, text) == "":
        # A longer program is said by the words of a shorter one only where its last step stands there already.
        assert any(clause in text for clause in steps.clauses(longer[-1]))


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ((), "needs a step"),
        (("add",), "no step"),
        (("add x",), "no step"),
        (("sort 3",), "no step"),
        (("dance",), "no step"),
        (("sum", "sort"), "takes list and is given int"),
    ],
)
def test_what_is_no_program_is_refused(program: tuple[str, ...], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        steps.types(program)


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (("times_each 8", "keep_odd", "count"), "the same for every input"),
        (("reverse", "sort"), "'reverse' changes nothing"),
        (("absolute", "square"), "'absolute' changes nothing"),
        (("reverse", "reverse"), "'reverse', 'reverse' changes nothing"),
        (("sum", "add 2"), ""),
    ],
)
def test_a_program_of_which_a_part_does_nothing_is_noticed(program: tuple[str, ...], why: str) -> None:
    assert why in idle(program)
    assert bool(why) == bool(idle(program))


def test_a_window_leaves_only_programs_open() -> None:
    for level, skills in SKILLS.items():
        for kinds in skills.values():
            for turn in range(5):
                alternatives = places(*kinds, level, stream("places", level, turn))
                assert len(alternatives) == level
                assert all(part for part in alternatives)


@pytest.mark.parametrize(
    ("response", "source"),
    [
        ("def f(x):\n    return x", "def f(x):\n    return x"),
        ("Sure!\n```python\ndef f(x):\n    return x\n```\nIt works.", "def f(x):\n    return x"),
        ("```\nx = 1\n```\n```py\ndef f(x): return x\n```", "def f(x): return x"),
        ("```python\ndef f(x):\n    return x", "def f(x):\n    return x"),
        ("  none  ", "none"),
        (
            "Sure, here it is:\n\ndef f(x):\n    return x\n\nThis function gives x back.\nf(3) = 3",
            "def f(x):\n    return x",
        ),
        ("import math\n\ndef f(x):\n    return x\n\n- It takes `x`.", "import math\n\ndef f(x):\n    return x"),
        ("def f(x):\n    return x\nwhile True: pass", "def f(x):\n    return x\nwhile True: pass"),
        ("@cache\ndef f(x):\n    return x\nX = 5\n**Done**", "@cache\ndef f(x):\n    return x\nX = 5"),
    ],
)
def test_the_source_is_found_in_a_response(response: str, source: str) -> None:
    assert code_of(response) == source
