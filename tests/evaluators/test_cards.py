"""Cards: verifiers and judges of known faults are found out, good ones are not."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.evaluators.arithmetic import Arithmetic
from noria.evaluators.cards import Kind, Ruled, calibration_error, cohen, judge_card, verifier_card
from noria.evaluators.planted import HIDDEN, KEYS, pairs, plants
from noria.evaluators.registry import DOMAINS, domain
from noria.evaluators.sandbox.runner import Runner
from noria.identity import stream
from noria.types import Check, Grounding
from tests import build

KINDS: tuple[Kind, ...] = ("right", "wrong", "key", "hidden", "padded")


@pytest.mark.parametrize("name", DOMAINS)
def test_every_verifier_that_ships_admits(name: str) -> None:
    for level in domain(name).offered[-2:]:  # the last may be a family of its own
        card = asyncio.run(verifier_card(domain(name).at(level), level, build.RUNNER, 100, "test"))
        assert card.admits, card
        assert (card.right_accepted, card.wrong_refused) == (100, 100)
        assert card.faults == ()


class Gullible(Arithmetic):
    """Lets one wrong answer in twenty through."""

    seen = 0

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        Gullible.seen += 1
        if Gullible.seen % 20 == 0:
            return (Check.of("answer", True, "it looks right"),)
        return await super().check(grounding, response, runner)


class Strict(Arithmetic):
    """Refuses right answers that have two digits."""

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        if len(response) == 2:
            return (Check.of("answer", False, "two characters"),)
        return await super().check(grounding, response, runner)


def test_a_verifier_that_lets_wrong_answers_through_admits_nothing() -> None:
    card = asyncio.run(verifier_card(Gullible(), 2, build.RUNNER, 100, "test"))
    assert not card.admits
    assert card.wrong_refused < 100
    assert any(fault.startswith("wrong ") for fault in card.faults)


def test_a_verifier_that_refuses_right_answers_admits_nothing() -> None:
    card = asyncio.run(verifier_card(Strict(), 2, build.RUNNER, 100, "test"))
    assert not card.admits
    assert card.true_negative[0] > 0.95
    assert all("two characters" in fault for fault in card.faults)


def ruled(accepts: Callable[[Kind, int], bool | None], confidence: float = 0.9, items: int = 12) -> list[Ruled]:
    counts = {"right": items, "wrong": items, "key": 8, "hidden": 4, "padded": items}
    return [Ruled(kind, accepts(kind, at), confidence) for kind in KINDS for at in range(counts[kind])]


@pytest.mark.parametrize(
    ("accepts", "benched"),
    [
        (lambda kind, at: kind == "right", ""),
        (lambda kind, at: kind == "right" or (kind == "wrong" and at == 0), ""),
        (lambda kind, at: True, "does not tell right from wrong"),
        (lambda kind, at: False, "does not tell right from wrong"),
        (lambda kind, at: at % 2 == 0, "does not tell right from wrong"),
        (lambda kind, at: kind != "right", "does not tell right from wrong"),
        (lambda kind, at: kind in ("right", "key"), "may accept"),
        (lambda kind, at: kind in ("right", "hidden"), "may accept"),
        (lambda kind, at: None, "was not measured"),
    ],
)
def test_a_judge_of_known_faults_is_benched_for_them(accepts: Callable[[Kind, int], bool | None], benched: str) -> None:
    card = judge_card(ruled(accepts), [True, True, None, False])
    assert benched in card.benched
    assert card.veto == (not benched)
    assert (card.pairs, card.turned, card.preferred_right) == (4, 1, 2)


def test_a_judge_that_falls_for_length_is_measured_so() -> None:
    card = judge_card(ruled(lambda kind, at: kind == "right" or (kind == "padded" and at % 4 == 0)), [])
    assert card.length_bias == pytest.approx(0.25)


def test_a_judge_that_is_sure_and_wrong_is_measured_so() -> None:
    assert judge_card(ruled(lambda kind, at: kind == "right", 1.0), []).calibration_error == pytest.approx(0)
    assert judge_card(ruled(lambda kind, at: kind != "right", 1.0), []).calibration_error == pytest.approx(1)
    assert calibration_error([(0.9, True), (0.9, False)]) == pytest.approx(0.4)
    assert calibration_error([]) == 0


def test_kappa_is_cohens() -> None:
    # The worked example of Cohen's paper as it is usually given: 20, 5, 10, 15 of 50.
    kappa, spread = cohen(20, 5, 10, 15)
    assert kappa == pytest.approx(0.4)
    assert spread == pytest.approx(1.959964 * (0.7 * 0.3 / 50) ** 0.5 / 0.5)
    assert cohen(0, 0, 0, 0) == (0, 1)
    assert cohen(10, 0, 0, 0) == (0, 1)
    assert cohen(5, 0, 0, 5)[0] == 1


@given(said=st.lists(st.tuples(st.sampled_from(KINDS), st.none() | st.booleans(), st.floats(0, 1)), max_size=80))
def test_a_card_stays_in_its_bounds(said: list[tuple[Kind, bool | None, float]]) -> None:
    card = judge_card([Ruled(*one) for one in said], [])
    assert -1 <= card.kappa_interval[0] <= card.kappa_interval[1] <= 1
    assert 0 <= card.calibration_error <= 1
    assert -1 <= card.length_bias <= 1
    assert card.unreadable + sum(one[1] is not None for one in said) == len(said)
    assert card.veto == (card.benched == "")


@pytest.mark.parametrize("name", DOMAINS)
def test_what_is_planted_to_fool_a_judge_is_never_right(name: str) -> None:
    kind = domain(name)

    async def look() -> None:
        for number in range(20):
            rng = stream("planted", name, number)
            point = kind.sample(kind.levels[0], rng)
            grounding, wrong = kind.ground(point), kind.wrong(point, rng)
            for text in (*KEYS, *(frame.replace("{wrong}", wrong) for frame in HIDDEN)):
                checks = await kind.check(grounding, text, build.RUNNER)
                assert not all(check.passed for check in checks), (grounding, text)

    asyncio.run(look())


def test_plants_are_the_same_by_name_and_none_where_nothing_is_asked() -> None:
    kinds = [domain("arithmetic"), domain("units")]
    found = plants(kinds, [1, 2], 8, "one")
    assert found == plants(kinds, [1, 2], 8, "one") != plants(kinds, [1, 2], 8, "two")
    assert [plant.kind for plant in found[:4]] == ["right", "wrong", "right", "wrong"]
    assert {plant.kind for plant in found} == set(KINDS)
    assert plants(kinds, [1, 2], 0, "one") == []
    assert len(pairs(kinds, [1, 2], 3, "one")) == 3
