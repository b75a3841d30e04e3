"""What holds of every domain: its own phrasings say its parameters, its truth passes, its wrong answers never do."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from noria.errors import ConfigError, ReplyError
from noria.evaluators import form
from noria.evaluators.domain import Domain
from noria.evaluators.forgeries import FORGED
from noria.evaluators.registry import DOMAINS, domain, domains
from noria.identity import canonical_json, stream
from noria.inference.puppet import filled
from tests import build

EACH = [(kind, level) for kind in DOMAINS for level in domain(kind).offered]
DRAWN = 400
WRONG = {"code": 2_000, "deduction": 2_000, "constraints": 4_000}
"""Planted wrong answers a verifier must refuse, over all levels of a domain whose checks are dear."""

MORE = 10_000
"""Those of every other domain."""

ODD = (
    "", " ", "\n\n", "0", "-0", "1e309", "NaN", "null", "[]", "{}", "\ud800", "\x00", "١٢٣", "²", "- " * 5000,
    "9" * 5000, '{"a": NaN}', "[" * 5000, "the answer is the answer", *FORGED.values(),
)  # fmt: skip


def passes(kind: Domain, grounding: object, response: str) -> bool:
    checks = asyncio.run(kind.check(grounding, response, build.RUNNER))  # type: ignore[arg-type]
    assert checks
    return all(check.passed for check in checks)


@pytest.mark.parametrize(("name", "level"), EACH)
def test_every_phrasing_says_its_parameters_and_every_truth_passes(name: str, level: int) -> None:
    kind, rng = domain(name).at(level), stream("test", name, level)

    async def look() -> None:
        for _ in range(DRAWN if level < 4 or not kind.family else DRAWN // 8):
            point = kind.sample(level, rng)
            instruction = kind.phrase(point, rng)
            said = kind.says(point, instruction)
            assert said.passed, (instruction, said.evidence)
            assert form.check(instruction).passed, instruction
            grounding = kind.ground(point)
            truth = kind.truth(point, rng)
            checks = await kind.check(grounding, truth, build.RUNNER)
            assert all(check.passed for check in checks), (instruction, truth, checks)
            assert not kind.leaks(grounding, instruction), instruction
            echo = await kind.check(grounding, instruction, build.RUNNER)
            assert not all(check.passed for check in echo), instruction

    asyncio.run(look())


@pytest.mark.parametrize("name", DOMAINS)
def test_thousands_of_planted_wrong_answers_are_refused(name: str) -> None:
    whole, rng = domain(name), stream("wrong", name)

    async def let_through() -> list[tuple[str, str]]:
        through = []
        for turn in range(WRONG.get(name, MORE)):
            level = whole.offered[turn % len(whole.offered)]
            kind = whole.at(level)
            point = kind.sample(level, rng)
            wrong = kind.wrong(point, rng)
            checks = await kind.check(kind.ground(point), wrong, build.RUNNER)
            if all(check.passed for check in checks):
                through.append((kind.phrase(point, rng), wrong))
        return through

    assert asyncio.run(let_through()) == []


@pytest.mark.parametrize("name", DOMAINS)
def test_an_odd_response_is_refused_and_never_raises(name: str) -> None:
    whole, rng = domain(name), stream("odd", name)
    for level in whole.offered:
        kind = whole.at(level)
        grounding = kind.ground(kind.sample(level, rng))
        for response in ODD:
            # A nought or an empty list may be right of a number or a program.
            if response not in ("0", "-0", "[]") or name not in ("arithmetic", "deduction"):
                assert not passes(kind, grounding, response), (name, level, response[:40])


@pytest.mark.parametrize("name", DOMAINS)
@settings(deadline=None)
@given(response=st.text(max_size=200))
def test_no_text_makes_a_verifier_raise(name: str, response: str) -> None:
    level = domain(name).offered[-1]
    kind = domain(name).at(level)
    grounding = kind.ground(kind.sample(level, stream("any", name)))
    for check in asyncio.run(kind.check(grounding, response, build.RUNNER)):
        assert 0 <= check.score <= 1
        assert check.evidence


@pytest.mark.parametrize(("name", "level"), EACH)
def test_whatever_the_schema_allows_is_a_proposal_that_can_be_read(name: str, level: int) -> None:
    kind, rng = domain(name).at(level), stream("schema", name, level)
    grounded = 0
    for _ in range(100):
        window = kind.window(level, rng, topic="old maps")
        reply = canonical_json(filled(kind.schema(level, window), rng))
        point, wording = kind.read(reply)
        assert kind.point(point.model_dump(mode="json")) == point
        assert wording
        try:
            assert kind.ground(point).signature
            grounded += 1
        except ValueError:
            pass
    # What a model writes has no truth before it was run.
    assert grounded > 60 or "ran" in kind.parameters.model_fields


@pytest.mark.parametrize("name", DOMAINS)
def test_a_wording_of_other_parameters_is_noticed(name: str) -> None:
    whole, rng = domain(name), stream("other", name)
    for level in whole.offered:
        kind = whole.at(level)
        for _ in range(100):
            one, other = kind.sample(level, rng), kind.sample(level, rng)
            if one != other and kind.ground(one).signature != kind.ground(other).signature:
                said = kind.says(one, kind.phrase(other, rng))
                assert not said.passed, (one, other, said.evidence)


@pytest.mark.parametrize("reply", ["", "no", "[]", "{}", '{"skill": "add"}', '{"instruction": 5}', "null"])
@pytest.mark.parametrize("name", DOMAINS)
def test_a_reply_that_is_no_proposal_is_an_error_of_the_reply(name: str, reply: str) -> None:
    with pytest.raises(ReplyError):
        domain(name).read(reply)


def test_parameters_refuse_what_is_not_theirs() -> None:
    with pytest.raises(ValidationError):
        domain("arithmetic").point({"skill": "add", "a": 1, "b": 2, "z": 3})


@pytest.mark.parametrize(
    ("response", "right"),
    [
        ("3", True), ("The answer is 3.", True), ("1 + 2 = 3", True), ("= 3", True), ("**3**", True), ("3.", True),
        ("4", False), ("3 or 4", False), ("4 or 3", False), ("-3", False), ("The answer is 3, not 4", False),
        ("1 2 3", False), ("3 apples and more", False), ("33", False), ("1 + 2", False), ("3e0", False),
        (".3", False), ("0.3", False), ("The answer is .3", False), ("= 0.3", False), ("-.3", False),
        ("1.5 + 1.5 = 3.", True), ("minus 3", False), ("The answer is negative 3.", False), ("5 minus 2 is 3", True),
    ],
)  # fmt: skip
def test_arithmetic_takes_the_number_a_response_ends_in(response: str, right: bool) -> None:
    kind = domain("arithmetic")
    grounding = kind.ground(kind.point({"skill": "add", "a": 1, "b": 2}))
    assert passes(kind, grounding, response) is right


@pytest.mark.parametrize(
    ("response", "right"),
    [
        ("-2", True), ("minus 2", True), ("The answer is minus 2.", True), ("10 minus 12 is minus 2", True),
        ("10 - 12 = negative **2**", True), ("Negative 2", True), ("I got minus 2", True), ("10 minus 12 = -2", True),
        ("2", False), ("10 minus 12 is 2", False), ("4 minus 2", False), ("ten minus 2", False),
        ("(ten) minus 2", False),
        ("twenty minus 2", False), ("minus -2", False), ("minus 12", False), ("minus", False), ("minus .2", False),
    ],
)  # fmt: skip
def test_a_spoken_sign_is_a_sign_where_no_value_stands_before_it(response: str, right: bool) -> None:
    kind = domain("arithmetic")
    grounding = kind.ground(kind.point({"skill": "subtract", "a": 10, "b": 12}))
    assert passes(kind, grounding, response) is right


@pytest.mark.parametrize(
    ("instruction", "says"),
    [
        ("What is 7 - 12?", True),
        ("Subtract 12 from 7.", True),
        ("What is 12 - 7?", False),
        ("Find the difference of 7 and 12.", False),
        ("What is 7 + 12?", False),
        ("What is 7 - 12 - 3?", False),
        ("Take seven minus twelve.", True),
    ],
)
def test_a_subtraction_is_said_in_its_order(instruction: str, says: bool) -> None:
    kind = domain("arithmetic")
    assert kind.says(kind.point({"skill": "subtract", "a": 7, "b": 12}), instruction).passed is says


@pytest.mark.parametrize(
    ("response", "right"),
    [
        ("20 km = 20 × 1000 m = 20000 m", True),
        ("20 km = 20000 m", True),
        ("20 kilometers is 20 x 1000 = 20,000 meters.", True),
        ("1 km = 1000 m, so 20 km = 20000 m", True),
        ("20000 m", False),
        ("20 km = 5 × 3 m = 20000 m", False),
        ("20 km = 20000 km", False),
        ("20 km = 2000 m", False),
        ("20 km = 20 × 1000 m\n= 20000 m", False),
        ("20 km = 20000 m, or 20000.5", False),
        ("20 km ÷ 0 = 20000 m", False),
        ("20 km = 20 × 1000 = 20000 m", True),
        ("20 km × 1000 = 20000 m", True),
        ("20 km × 1000 m/km = 20000 m", True),
        ("20 km = 20 × 10 × 100 m = 20000 m", True),
        ("20 km = 20 × 10 × 100 = 20000 m", True),
        ("20 km = 2000000 cm = 2000000 ÷ 100 m = 20000 m", True),
        ("**20 km = 20,000 m**", True),
        ("Work: 20 km is 20 times 1000 m, which is 20000 m.", True),
        ("Since 1 km is 1000 m, 20 km = 20000 m.", True),
        ("1 km = 1000 m and 1 m = 100 cm, so 20 km = 2000000 cm = 20000 m", True),
        ("20 km = 20 × 1000 m, = 20000 m", True),
        ("20 m = 20000 m", False),
        ("20 km = 1 mm = 20000 m", False),
        ("20 m is 20000 m", False),
        ("20 km = 5000 m = 20000 m", False),
        ("20 km = 20 × 1000 km = 20000 m", False),
        ("20 km = 20 × 1000 × 10 m = 20000 m", False),
        ("20 km = 20 × 1000 × 10 = 20000 m", False),
        ("1 km = 900 m, so 20 km = 20000 m", False),
        ("20 m, = 20000 m", False),
        ("20 km = 20000 m, 20 m = 20000 m", False),
        ("20 km = 20 ÷ 0 = 20000 m", False),
    ],
)
def test_units_need_one_line_of_true_work(response: str, right: bool) -> None:
    kind = domain("units")
    grounding = kind.ground(kind.point({"skill": "length", "value": 20, "pair": "km to m"}))
    assert passes(kind, grounding, response) is right


@pytest.mark.parametrize(
    ("skill", "instruction", "says"),
    [
        ("add", "What is 9 + 3?", True),
        ("add", "What is -9 + 3?", False),
        ("add", "What is 9 + -3?", False),
        ("add", "What is - 9 + 3?", False),
        ("add", "Add (-9) and 3.", False),
        ("add", "Add −9 to 3.", False),
        ("add", "Add 9, -3.", False),
        ("add", "Find the sum of 9 and negative 3.", False),
        ("subtract", "What is 9 - 3?", True),
        ("subtract", "What is 9 -3?", True),
        ("subtract", "What is 9−3?", True),
        ("subtract", "What is (9) - (3)? Subtract.", True),
        ("subtract", "You have 9 pens - 3 pens. How many are left?", True),
        ("subtract", "What is nine minus 3?", True),
        ("subtract", "Take 9, then minus 3.", True),
        ("subtract", "What is `9` - `3`? Subtract.", True),
        ("subtract", "What is -9 - 3?", False),
        ("subtract", "What is minus 9 minus 3?", False),
        ("subtract", "What is 9 - -3?", False),
        ("subtract", "What is 9 minus minus three?", False),
        ("multiply", "Multiply 9 by minus 3.", False),
        ("multiply", "What is 9 × -3?", False),
    ],
)
def test_an_operand_with_a_sign_is_another_operand(skill: str, instruction: str, says: bool) -> None:
    kind = domain("arithmetic")
    assert kind.says(kind.point({"skill": skill, "a": 9, "b": 3}), instruction).passed is says


@pytest.mark.parametrize(
    ("value", "pair", "response", "right"),
    [
        (2, "hours to seconds", "2 hours = 2 × 60 × 60 seconds = 7200 seconds", True),
        (2, "hours to seconds", "2 hours = 120 minutes = 120 × 60 s = 7200 seconds", True),
        (2, "hours to seconds", "1 hour = 60 × 60 seconds = 3600 seconds, so 2 hours = 7200 seconds", True),
        (2, "hours to seconds", "2 hours = 2 × 60 seconds = 7200 seconds", False),
        (2, "hours to seconds", "2 hours = 2 × 60 minutes × 60 minutes = 7200 seconds", False),
        (90, "minutes to hours", "90 minutes ÷ 60 = 1.5 hours", True),
        (90, "minutes to hours", "90 minutes = 90/60 hours = 1.5 h", True),
        (90, "minutes to hours", "90 minutes = 90 minutes ÷ 60 minutes = 1.5 hours", True),
        (90, "minutes to hours", "90 minutes = 90 ÷ 60 minutes = 1.5 hours", False),
    ],
)
def test_a_chain_of_times_is_one_time(value: int, pair: str, response: str, right: bool) -> None:
    kind = domain("units")
    grounding = kind.ground(kind.point({"skill": "time", "value": value, "pair": pair}))
    assert passes(kind, grounding, response) is right


@pytest.mark.parametrize(
    ("skill", "instruction", "says"),
    [
        ("dedupe_then_count", "Remove the duplicates, then count these words: {words}.", True),
        ("dedupe_then_count", "Leave out repeats, keep each word only once, then count: {words}.", True),
        ("dedupe_then_count", "Keep each word once and count them: {words}.", True),
        ("dedupe_then_count", "Drop duplicates, what stands there more than once a line, then count: {words}.", True),
        ("dedupe_then_count", "Remove the duplicates of {words}, and after that count what is left.", True),
        ("dedupe_then_count", "Count these words, then remove the duplicates: {words}.", False),
        ("dedupe_then_count", "Remove the duplicates after you count these words: {words}.", False),
        ("dedupe_then_count", "Remove the duplicates, but count first, before that: {words}.", False),
        ("dedupe_then_count", "Drop the duplicates once they are counted, I mean, count these words: {words}.", False),
        ("dedupe", "Before you answer, remove the duplicates: {words}.", True),
        ("dedupe_then_reverse_then_uppercase", "Dedupe: drop repeats, reverse, then uppercase: {words}.", True),
        ("dedupe_then_reverse_then_uppercase", "Drop repeats, then uppercase and reverse: {words}.", False),
    ],
)
def test_operations_are_said_in_their_order(skill: str, instruction: str, says: bool) -> None:
    kind = domain("text_ops")
    listed = ["plate", "cup", "plate", "fork"]
    said = instruction.replace("{words}", ", ".join(listed))
    assert kind.says(kind.point({"skill": skill, "words": listed}), said).passed is says


@pytest.mark.parametrize(
    ("parameters", "response", "right"),
    [
        ({"skill": "bullets", "count": 2}, "- Many people enjoy tea.\n  -  Children ask about it daily.", True),
        ({"skill": "bullets", "count": 2}, "* Many people enjoy tea.\n* Children ask about it daily.", False),
        ({"skill": "bullets", "count": 2}, "- Many people enjoy tea.\n• Children ask about it daily.", False),
        ({"skill": "json", "keys": ["name", "use"]}, '{"use": "people enjoy it", "name": "green tea leaf"}', True),
        (
            {"skill": "json", "keys": ["name", "use"]},
            '{"name": "bad coffee", "name": "green tea leaf", "use": "people enjoy it daily"}',
            False,
        ),
        ({"skill": "sections", "titles": ["Intro", "Tips"]}, "Intro: Tea is old.\nTips: People enjoy it.", True),
        ({"skill": "sections", "titles": ["Intro", "Tips"]}, "Intro:\nTea is old.\n\nTips:\nPeople enjoy it.", True),
        ({"skill": "sections", "titles": ["Intro", "Tips"]}, "Intro:\nTips: Tea is old. People enjoy it.", False),
        ({"skill": "sections", "titles": ["Intro", "Tips"]}, "Intro: Tea is old. People enjoy it.\nTips:", False),
        ({"skill": "sections", "titles": ["Intro", "Tips"]}, "Tips: Tea is old.\nIntro: People enjoy it.", False),
        ({"skill": "sections", "titles": ["Intro", "Tips"]}, "Intro: Tea is old. People enjoy it.", False),
    ],
)
def test_rules_of_form_are_kept_to_the_letter(parameters: dict[str, object], response: str, right: bool) -> None:
    kind = domain("constraints")
    assert passes(kind, kind.ground(kind.point({"topic": "tea", **parameters})), response) is right


@pytest.mark.parametrize(
    ("topic", "said", "right"),
    [
        ("volcanoes", "A volcano", True), ("volcano", "Volcanoes", True), ("volcanoes", "Volcanoes", True),
        ("volcanoes", "That volcano's top", True), ("libraries", "A library", True), ("library", "Libraries", True),
        ("butterflies", "A butterfly", True), ("butterfly", "Butterflies", True), ("boxes", "A box", True),
        ("clocks", "A clock", True), ("clock", "Clocks", True), ("the moon", "The moon", True), ("bees", "A bee", True),
        ("toes", "I go to it and it", False), ("libraries", "A librarian", False),
        ("volcanoes", "Volcanic hills", False),
        ("cherries", "A cherry", True), ("butterflies", "Some butter", False), ("monkeys", "A monkey", True),
    ],
)  # fmt: skip
def test_a_topic_is_named_in_either_number(topic: str, said: str, right: bool) -> None:
    kind = domain("constraints")
    grounding = kind.ground(kind.point({"skill": "sentences", "count": 2, "topic": topic}))
    response = f"{said} may please many people. There is always more to see and learn."
    assert passes(kind, grounding, response) is right


def test_an_unknown_domain_or_level_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'arithmetic'"):
        domain("arithmetics")
    with pytest.raises(ConfigError, match="no level 9"):
        domains({"arithmetic": (9,)})


@pytest.mark.parametrize(
    ("instruction", "passed"),
    [
        ("What is 1 + 2?", True),
        ("Too short", False),
        ("x" * 700 + ".", False),
        ("I'm sorry, but as an AI I cannot do this.", False),
        ("a b a b a b a b a b a b a b.", False),
        ("What is \u202e1 + 2?", False),
        ("Write about tea and then go on to", False),
        (" " * 30, False),
    ],
)
def test_the_form_of_an_instruction(instruction: str, passed: bool) -> None:
    assert form.check(instruction).passed is passed


@pytest.mark.parametrize("name", DOMAINS)
def test_parameters_are_json(name: str) -> None:
    kind = domain(name)
    point = kind.sample(1, stream("json"))
    assert json.loads(canonical_json(point.model_dump(mode="json"))) == point.model_dump(mode="json")
