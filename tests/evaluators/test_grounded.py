"""The domain `grounded` on passages of the repository's own documentation: one answer each, and no way around it."""

import json
from pathlib import Path
from typing import Any

import pytest

from noria.config.methods.grounded import Documents
from noria.evaluators import form
from noria.evaluators.arithmetic import Arithmetic
from noria.evaluators.audit import cheats
from noria.evaluators.extraction import extracted, f1, tokens
from noria.evaluators.grounded import Grounded, Point
from noria.evaluators.probes import shortcuts
from noria.evaluators.registry import domains
from noria.evaluators.screening import Screen
from noria.graphs.documents import sieved
from noria.identity import passage_bucket, stream
from noria.training.examine import draw
from noria.types import Seed
from tests import build

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (
    "The mill at Kerr was built in 1820 by a farmer. Its wheel turns eleven times a minute when the river is high. "
    "A sluice is a gate that holds the water back. The keeper called Anna Lowe oils the hinges every spring."
)
MILL = Seed(id="seed-mill", kind="passage", text=TEXT, place="mill.txt, line 1")


@pytest.fixture(scope="module")
def docs() -> Grounded:
    rules = Documents(paths=(DOCS / "training.md", DOCS / "verification.md", DOCS / "concepts.md"))
    found = sieved(rules, Screen(()))
    return Grounded(found.passages)


@pytest.mark.parametrize("level", [1, 2, 3])
async def test_every_question_of_the_program_has_the_span_as_its_only_answer(docs: Grounded, level: int) -> None:
    rng, asked = stream("grounded", level), set()
    for _ in range(150):
        point = docs.sample(level, rng)
        grounding, instruction = docs.ground(point), docs.phrase(point, rng)
        passage = docs.passages[point.passage]
        assert point.span in grounding.facts["sentence"]
        assert grounding.facts["sentence"] in passage.text
        assert grounding.facts["place"] == passage.place
        assert docs.says(point, instruction).passed
        assert form.check(instruction, longest=docs.longest).passed, instruction
        assert not docs.leaks(grounding, instruction)
        for response, right in ((docs.truth(point, rng), True), (docs.wrong(point, rng), False), (passage.text, False)):
            checks = await docs.check(grounding, response, build.RUNNER)
            assert all(one.passed for one in checks) is right, (instruction, response)
        asked.add(grounding.signature)
    assert len(asked) > 25
    held, shown = await cheats(docs, level, build.RUNNER, "grounded")
    assert held == 0
    assert shown > 40


def proposed(skill: str, span: str, question: str) -> tuple[Point, str]:
    domain = Grounded([MILL])
    reply = json.dumps({"skill": skill, "passage": MILL.id, "span": span, "instruction": question})
    point, wording = domain.read(reply)
    assert isinstance(point, Point)
    return point, domain.worded(point, wording)


@pytest.mark.parametrize(
    ("span", "question", "why"),
    [
        ("1820", "In which year was the mill at Kerr built?", ""),
        ("1820", "When did a farmer build the mill?", ""),
        ("1820", "Which mill at Kerr was built in 1820?", "gives the answer"),
        ("1820", "How often does the wheel turn in a minute?", "another sentence"),
        ("1820", "What is the capital of France today?", "not about the passage"),
        ("1820", "The mill at Kerr was built by a farmer.", "asks no question"),
        ("1820", "When was it?", "has 3 words"),
        ("1820", "When was the mill at Kerr not built?", "turns what the sentence says"),
    ],
)
def test_a_question_in_free_words_is_read_for_what_a_program_can_tell(span: str, question: str, why: str) -> None:
    point, instruction = proposed("number", span, question)
    found = Grounded([MILL]).says(point, instruction)
    assert found.passed is not bool(why), found.evidence
    assert why in found.evidence


@pytest.mark.parametrize(
    ("span", "why"),
    [
        ("oils the hinges", ""),
        ("oils every hinge", "does not stand in a sentence"),
        ("the", "a span has 2 to 8 words"),
        ("at Ker", "inside a word"),
        ("The mill at Kerr was built in 1820", "nearly its whole sentence"),
        ("farmer. Its wheel", "does not stand in a sentence"),
    ],
)
async def test_a_span_stands_in_the_passage_word_for_word(span: str, why: str) -> None:
    domain = Grounded([MILL])
    point = Point(skill="span", passage=MILL.id, span=span)
    if why:
        with pytest.raises(ValueError, match=why):
            await domain.establish(point, build.RUNNER)
    else:
        assert domain.ground(point).facts["sentence"].endswith("oils the hinges every spring.")


@pytest.mark.parametrize(
    ("response", "right"),
    [("Anna Lowe", True), ("the anna lowe.", True), ("“Anna Lowe”", True), ("Anna", False), ("Anna Lowe oils", False),
     ("", False), ("the", False)],
)  # fmt: skip
def test_a_response_is_matched_as_squad_matches_it(response: str, right: bool) -> None:
    found = extracted(response, "Anna Lowe")
    assert found.passed is right
    assert "expected 'Anna Lowe'" in found.evidence


def test_numbers_and_f1_are_read_as_people_read_them() -> None:
    assert tokens("1,024 rows") == ["1024", "rows"]
    assert tokens("3.5 %") != tokens("35 %")
    assert f1("the green gate", "a green door") == pytest.approx(0.5)


def test_a_passage_is_on_one_side_of_the_line_with_all_that_is_asked_of_it(docs: Grounded) -> None:
    rng = stream("sides")
    for _ in range(60):
        point = docs.sample(rng.choice(docs.levels), rng)
        assert docs.bucket(point) == passage_bucket(point.passage)
        assert passage_bucket(docs.window(2, rng)["passage"]) == "train"
    items = draw({"grounded": docs}, {"grounded": (1, 2, 3)}, 25, "exam", used=set())
    assert len(items) == 25
    assert {passage_bucket(task.parameters["passage"]) for task, _ in items} == {"gate"}


def test_the_schema_offers_spans_that_ground(docs: Grounded) -> None:
    rng = stream("schema")
    for level in (1, 2, 3):
        for _ in range(20):
            window = docs.window(level, rng)
            schema: Any = docs.schema(level, window)
            for span in schema["properties"]["span"]["enum"]:
                docs.ground(Point(skill=window["skill"], passage=window["passage"], span=span))


def test_to_give_the_only_number_of_a_passage_is_to_do_the_task_and_no_shortcut(docs: Grounded) -> None:
    shown = shortcuts(docs, "The wheel has 12 buckets. What number does the text give?")
    assert "gives the numbers of the instruction" not in shown
    assert "12" not in shown.values()
    assert "gives the numbers of the instruction" in shortcuts(Arithmetic(), "What is 1 + 3?")


def test_the_domain_can_be_named_without_documents_and_says_what_it_lacks() -> None:
    found, _ = domains({"grounded": (1, 2)})
    with pytest.raises(Exception, match="no passage to ask about") as fault:
        found["grounded"].sample(1, stream("none"))
    assert "methods.documents.paths" in str(fault.value)
