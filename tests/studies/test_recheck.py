"""The second reading agrees with verifiers that are right, is silent in doubt, and finds planted faults."""

import ast
import asyncio
import importlib
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.errors import SessionError
from noria.evaluators import steps
from noria.evaluators.domain import Domain, Parameters
from noria.evaluators.registry import domain
from noria.evaluators.sandbox.job import exact, parse
from noria.evaluators.weaknesses import sound, weaknesses
from noria.identity import stream
from noria.studies import recheck as package
from noria.studies.recheck import Ruling, recheck, units
from noria.types import Grounding, Task
from tests import build

READ = ("arithmetic", "text_ops", "units", "constraints", "deduction")
LEVELS = (1, 2, 3)
DRAWN = 60
SILENT = 0.02
"""Share of programs' wordings that may be left open."""

ODD = (
    "", " ", "\n", "\ud800", "8\udfff", "\x00\x1b[0m", "x" * 10_000_000, "[" * 4000, "9" * 4000, "[" + "9" * 3990 + "]",
    "١٢٣", "²", "½", "- " * 1900, '{"a": NaN}', "1e309", "=" * 3000, "0 × " * 900, "1 ÷ 0 m = 1 m", "\u2028" * 99,
    "'" * 3999, "**" * 1999, ", " * 1999, "minus " * 600, "-" * 3999 + "8", "8" + " " * 3990, ". " * 1999, "İ" * 2000,
)  # fmt: skip


def tasks(name: str, level: int, count: int = DRAWN) -> list[tuple[Domain, Parameters, Task]]:
    kind, found = domain(name).at(level), []
    for number in range(count):
        rng = stream("recheck", name, level, number)
        point = kind.sample(level, rng)
        found.append((kind, point, asked(kind, point, level, kind.phrase(point, rng))))
    return found


def asked(kind: Domain, point: Parameters, level: int, instruction: str) -> Task:
    parameters = point.model_dump(mode="json")
    return build.task(
        instruction, domain=kind.name, skill=parameters["skill"], level=level, parameters=parameters,
        grounding=kind.ground(point),
    )  # fmt: skip


def passes(task: Task, response: str) -> bool:
    checks = asyncio.run(domain(task.domain).check(task.grounding, response, build.RUNNER))
    return all(check.passed for check in checks)


def altered(task: Task, **facts: object) -> Task:
    grounding = Grounding(verifier="x@1", facts={**task.grounding.facts, **facts}, signature=task.grounding.signature)
    return task.model_copy(update={"grounding": grounding})


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", READ)
def test_right_answers_are_ruled_right_and_wrong_ones_wrong(name: str, level: int) -> None:
    rulings = Counter[bool | None]()
    for kind, point, task in tasks(name, level):
        rng = stream("answers", task.instruction)
        if task.skill == "program":
            assert recheck(task, kind.truth(point, rng)).right is None
            continue
        for expected, response in ((True, kind.truth(point, rng)), (False, kind.wrong(point, rng))):
            ruling = recheck(task, response)
            assert ruling.right in (expected, None), (task.instruction, response, ruling)
            rulings[ruling.right] += 1
    assert rulings[None] <= SILENT * rulings.total(), rulings


@pytest.mark.parametrize("name", READ)
def test_a_response_however_odd_raises_nothing_and_is_never_right(name: str) -> None:
    for level in LEVELS:
        for _, _, task in tasks(name, level, 8):
            assert [response[:20] for response in ODD if recheck(task, response).right] == []
            assert not recheck(task, task.instruction).right


TEXTS = st.one_of(
    st.text(),
    st.text(alphabet=st.characters(codec=None)),
    st.text(alphabet="0123456789 -−–=.,:+×[]()'\"*%\n"),
    st.lists(st.sampled_from(["8", "12", "-3", "[1,2]", "=", "is", "m", "3000 m", "tea", "-", "The end.", "\n"])).map(
        " ".join
    ),
)


@pytest.mark.parametrize("name", READ)
def test_any_text_is_ruled_as_the_verifier_rules_or_left_open(name: str) -> None:
    drawn = [
        task for level in LEVELS for _, _, task in tasks(name, level, 12) if task.skill not in ("program", "input")
    ]

    @settings(deadline=None, max_examples=400)
    @given(st.sampled_from(drawn), TEXTS)
    def look(task: Task, response: str) -> None:
        ruling = recheck(task, response)
        assert ruling.right in (None, passes(task, response))

    look()


@pytest.mark.parametrize("name", READ)
def test_any_text_with_a_right_answer_in_it_raises_nothing(name: str) -> None:
    drawn = [
        (task, kind.truth(point, stream("t", level))) for level in LEVELS for kind, point, task in tasks(name, level, 8)
    ]

    @settings(deadline=None, max_examples=200)
    @given(st.sampled_from(drawn), st.text(), st.text())
    def look(one: tuple[Task, str], before: str, after: str) -> None:
        assert isinstance(recheck(one[0], f"{before}{one[1]}{after}"), Ruling)

    look()


def planted(kind: Domain, point: Parameters, task: Task) -> tuple[Task, str] | None:
    """The task with a truth that is off by one, and a response that matches it."""
    facts = task.grounding.facts
    match kind.name:
        case "arithmetic":
            return altered(task, answer=facts["answer"] + 1), str(facts["answer"] + 1)
        case "text_ops":
            answer = str(facts["answer"])
            answer = str(int(answer) + 1) if answer.isdigit() else f"{answer}s"
            return altered(task, answer=answer), answer
        case "units":
            answer, (source, _, _) = str(int(facts["answer"]) + 1), task.parameters["pair"].partition(" ")
            return altered(task, answer=answer), f"From {facts['value']} {source} to {answer} {facts['unit']}"
        case "constraints" if task.skill.startswith(("bullets", "sentences")):
            other = point.model_copy(update={"count": facts["count"] % 3 + 2})
            return altered(task, count=facts["count"] % 3 + 2), kind.truth(other, stream("other", task.instruction))
        case "deduction" if task.skill == "output":
            value = [*facts["y"], 0] if isinstance(facts["y"], list) else facts["y"] + 1
            return altered(task, y=value), exact(value)
        case "deduction" if task.skill == "input":
            response = kind.wrong(point, stream("x", task.instruction))
            return altered(task, y=steps.apply(facts["steps"], parse(response))), response
    return None


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", READ)
def test_a_truth_that_is_off_by_one_is_found(name: str, level: int) -> None:
    found = [one for drawn in tasks(name, level) if (one := planted(*drawn))]
    assert len(found) >= 5
    for task, response in found:
        assert passes(task, response), (task.instruction, response)
        assert recheck(task, response).right is False, (task.instruction, response)


FAULTS = (
    ("units", "Convert 3 km to m.", {"answer": "3000", "unit": "m", "value": 3}, "3000 m", False),
    ("units", "Convert 3 minutes to seconds. Show the step.", {"answer": "180", "unit": "seconds", "value": 3},
     "3 mins = 180 secs", False),
    ("text_ops", "Given pear, fig, plum: reverse their order.", {"answer": "plum, fig, pear"},
     '"plum", "fig", "pear"', False),
)  # fmt: skip
"""Where the two differ and the words of the task show that the verifier is the one that is mistaken."""


@pytest.mark.parametrize(("name", "instruction", "facts", "response", "passed"), FAULTS)
def test_where_the_two_differ_the_words_show_who_is_mistaken(
    name: str, instruction: str, facts: dict[str, object], response: str, passed: bool
) -> None:
    task = build.task(instruction, domain=name, grounding=Grounding(verifier=f"{name}@2", facts=facts, signature=""))
    ruling = recheck(task, response)
    assert ruling.right is (not passed), ruling
    assert passes(task, response) is passed, "the verifier has been mended: this case belongs here no more"


MENDED = (
    ("arithmetic", "What is 3 + 5?", {"answer": 8}, ".8", False),
    ("arithmetic", "What is 3 + 5?", {"answer": 8}, "minus 8", False),
    ("arithmetic", "What is 3 minus 5?", {"answer": -2}, "The answer is minus 2.", True),
    ("deduction", "What does f(7) return?\n\n```python\ndef f(x):\n    return x + 1\n```",
     {"skill": "output", "gives": "int", "y": 8}, "It returns .8", False),
    ("units", "Convert 2 hours to seconds. Show the step.", {"answer": "7200", "unit": "seconds", "value": 2},
     "2 hours = 2 × 60 × 60 seconds = 7200 seconds", True),
    ("units", "Convert 3 km to cm. Show the step.", {"answer": "300000", "unit": "cm", "value": 3},
     "3 km = 3 × 1000 m = 3000 m = 300000 cm", True),
    ("units", "Convert 3 km to m. Show the step.", {"answer": "3000", "unit": "m", "value": 3}, "3 m = 3000 m", False),
    ("units", "Convert 3 km to m. Show the step.", {"answer": "3000", "unit": "m", "value": 3},
     "3 km = 5000 m = 3000 m", False),
    ("units", "Convert 16 kg to mg. Show the step.", {"answer": "16000000", "unit": "mg", "value": 16},
     "16 kg = 16 × 1000000 g = 16000000 mg", False),
    ("constraints", "Write about tea in exactly 2 bullets that start with '- '.", {"count": 2, "kinds": ["bullets"]},
     "* Many people enjoy tea daily.\n* Children often ask about tea.", False),
    ("constraints", "Write about tea as a JSON object with the keys 'name' and 'use'.",
     {"keys": ["name", "use"], "kinds": ["json"]},
     '{"name": "bad coffee", "name": "green tea leaf", "use": "people enjoy hot drinks daily"}', False),
    ("constraints", "Write about tea in two sections titled 'Intro:' and 'Tips:'.",
     {"titles": ["Intro", "Tips"], "kinds": ["sections"]},
     "Intro:\nTips: Many people enjoy tea with family.", False),
    ("constraints", "Describe volcanoes all in lowercase.", {"topic": "volcanoes", "kinds": ["lowercase"]},
     "a volcano can have a long history.", True),
)  # fmt: skip
"""Where the two differed until the verifier was mended, and what both say now."""


@pytest.mark.parametrize(("name", "instruction", "facts", "response", "passed"), MENDED)
def test_where_the_two_differed_they_agree(
    name: str, instruction: str, facts: dict[str, object], response: str, passed: bool
) -> None:
    facts = {"topic": "tea", **facts} if name == "constraints" else facts
    task = build.task(instruction, domain=name, grounding=Grounding(verifier=f"{name}@2", facts=facts, signature=""))
    assert (recheck(task, response).right, passes(task, response)) == (passed, passed)


def test_what_a_wording_may_mean_otherwise_is_left_open_and_what_is_sound_is_never_wrong() -> None:
    plain = {"What is -{a} + {b}?", "Count these words, then remove the duplicates: {words}.",
             "Convert {n} {to} to {from}. Show one line of work."}  # fmt: skip
    twofold = [one for one in weaknesses("recheck") if one.kind == "ambiguity" and one.task.domain in READ]
    assert len(twofold) > 60
    assert {one.form for one in twofold if recheck(one.task, one.response).right is not None} <= plain
    fine = [one for one in sound("recheck", 120) if one.task.domain in READ]
    assert [one.task.instruction for one in fine if recheck(one.task, one.response).right is False] == []


def test_what_it_does_not_read_is_left_open() -> None:
    for changes in ({"domain": "code"}, {"domain": "mine"}, {"level": 4}, {"level": 0}):
        assert recheck(build.task(**changes), "3").right is None
    for words in (
        "Whistle 1 and 2.",
        "What is twice 1 + 2?",
        "",
        "What is 1 / 2?",
        "Subtract 1 and 2.",
        "1 +",
        "( 1 + 2",
    ):
        assert recheck(build.task(words), "3").right is None
    hostile = "What is f(2)?\n\n```python\ndef f(x):\n    x = __import__('os').getpid()\n    return x\n```"
    assert recheck(build.task(hostile, domain="deduction"), "2").right is None
    large = "What is f(9)?\n\n```python\ndef f(x):\n" + "    x = x * x\n" * 60 + "    return x\n```"
    assert recheck(build.task(large, domain="deduction"), "9").right is None


def test_two_steps_are_read_in_the_order_they_are_said() -> None:
    for words, value in (
        ("Multiply 3 by 4, then add 5.", 17), ("Take away 3 from 10, then multiply by 2.", 14),
        ("What is 2 + 3 × 4?", 14),
        ("Give the product of 3 and 4, minus 5.", 7), ("Begin with 9, add 4, and then take away 2.", 11),
        ("Find the sum of seven and 1,000.", 1007), ("What is 2 × (3 + 4)?", 14), ("Calculate 9 minus 4 minus 2.", 3),
    ):  # fmt: skip
        assert recheck(build.task(words), f"{value}").right, words
        assert recheck(build.task(words), f"The answer is {value + 1}").right is False, words


def test_it_shares_no_code_with_the_verifiers() -> None:
    for path in Path(package.__path__[0]).glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 150, path
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert name.startswith(("noria.studies.recheck", "noria.types", "noria.errors")) or "noria" not in name


def test_without_pint_a_conversion_is_not_read_and_the_sentence_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pint", None)
    with pytest.raises(SessionError, match=r"needs pint, which is not installed\..*noria\[study\]"):
        importlib.reload(units).read("Convert 3 km to m.", "3000 m")
