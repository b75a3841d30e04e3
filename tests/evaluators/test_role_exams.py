"""The arithmetic of role exams: who is better at a role, above its floor, and how often chance alone seats somebody."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.evaluators import role_items
from noria.evaluators.domain import Domain
from noria.evaluators.registry import DOMAINS, domain
from noria.evaluators.role_exams import Answered, compared, detected, fisher, level
from noria.types import RoleExam

Detector = Callable[[bool], bool | None]


def detector(bad: int, sound: int, cries: Detector) -> list[Answered]:
    return [detected(one, cries(one)) for one in [True] * bad + [False] * sound]


def against(holder: Detector, student: Detector, alpha: float = 0.01, size: int = 16) -> RoleExam:
    sides = (("base", detector(size, size, holder)), ("student", detector(size, size, student)))
    return compared(1, "judge", *sides, alpha)


def knows(bad: bool) -> bool:
    return bad


def test_who_tells_bad_from_sound_takes_the_seat_of_who_does_not() -> None:
    exam = against(lambda _: False, knows)
    assert exam.seated
    assert (exam.wins, exam.losses) == (16, 0)
    assert (exam.holder_right, exam.student_right, exam.items) == (16, 32, 32)
    assert exam.student_marks == {"found": (16, 16), "false alarms": (0, 16)}
    assert exam.why == "agreement with executed truth 32 of 32 against 16, 16 won, 0 lost, p = 1.5e-05 under 0.01"


@pytest.mark.parametrize(
    ("holder", "student"),
    [
        (knows, knows),
        (lambda _: False, lambda _: True),  # who always cries gains nothing over who never does
        (lambda _: True, lambda _: False),
        (knows, lambda _: False),
        (knows, lambda _: None),
    ],
)
def test_who_is_equal_or_worse_or_only_louder_does_not(holder: Detector, student: Detector) -> None:
    exam = against(holder, student)
    assert not exam.seated
    assert "needed under 0.01" in exam.why


def test_a_detector_that_ties_with_chance_never_sits_however_poor_the_holder() -> None:
    exam = against(lambda bad: not bad, lambda _: False)
    assert exam.p_value < 1e-4
    assert not exam.seated
    assert exam.why.endswith("but it does not tell bad from sound: 0 of 16 found, 0 of 16 false alarms, p = 1")


def test_what_cannot_be_read_is_wrong_and_no_cry() -> None:
    assert [detected(bad, None).right for bad in (True, False)] == [False, False]
    assert [sum(detected(bad, None).marks.values()) for bad in (True, False)] == [0, 0]


def proposals(*passed: int) -> list[Answered]:
    return [Answered(count > 3, {"checkable": count > 3}, count) for count in passed]


def proposed(holder: list[Answered], student: list[Answered]) -> RoleExam:
    return compared(1, "generator", ("base", holder), ("student", student), 0.01)


def test_a_generator_that_comes_further_takes_the_seat() -> None:
    exam = proposed(proposals(*[0] * 20), proposals(*[4] * 20))
    assert exam.seated
    assert exam.why.startswith("yield 20 of 20 against 0, 20 won, 0 lost, p = ")
    worded = proposed(proposals(*[4] * 20), proposals(*[5] * 20))
    assert worded.seated  # the same tasks, in its own words
    assert worded.student_right == worded.holder_right == 20
    assert not proposed(proposals(*[4] * 20), proposals(*[4] * 20)).seated


def test_a_generator_that_words_more_and_yields_less_does_not() -> None:
    exam = proposed(proposals(*[4] * 20), proposals(*[5] * 14, *[1] * 6))
    assert exam.p_value > exam.alpha
    exam = proposed(proposals(*[4] * 40), proposals(*[5] * 33, *[1] * 7))
    assert exam.p_value < exam.alpha
    assert not exam.seated
    assert exam.why.endswith("but its yield is less, p = 0.0078")


def test_an_exam_without_items_seats_nobody() -> None:
    exam = compared(1, "generator", ("base", []), ("student", []), 0.05)
    assert not exam.seated
    assert exam.why == "there is nothing to examine it on"


@given(st.integers(0, 12), st.integers(1, 12), st.integers(0, 12), st.integers(1, 12))
def test_fishers_tail_is_a_chance_and_falls_as_more_is_found(found: int, bad: int, alarms: int, sound: int) -> None:
    found, alarms = min(found, bad), min(alarms, sound)
    p = fisher(found, bad, alarms, sound)
    assert 0 < p <= 1
    if found < bad and alarms:
        assert fisher(found + 1, bad, alarms - 1, sound) < p + 1e-12


def test_fisher_on_the_tea() -> None:
    assert fisher(3, 4, 1, 4) == pytest.approx(17 / 70)  # Fisher's lady, who was right of six cups in eight


def test_a_session_of_equals_seats_nobody_nineteen_times_in_twenty() -> None:
    rng, sessions, rounds, roles, false = random.Random(4), 400, 3, 4, 0
    for session in range(sessions):
        share, seated = 0.1 + 0.8 * session / sessions, False
        for number in range(1, rounds + 1):
            for _ in range(roles):
                # A generator without a floor, so that chance alone decides; both sides equally good at each item.
                shares = [min(1.0, max(0.0, share + 0.3 * rng.uniform(-1, 1))) for _ in range(32)]
                sides = [[Answered(rng.random() < one, {}) for one in shares] for _ in (0, 1)]
                exam = compared(number, "generator", ("a", sides[0]), ("b", sides[1]), level(0.05, number, roles))
                seated |= exam.seated
        false += seated
    # 0.05 and three standard deviations of a binomial share.
    assert false / sessions <= 0.05 + 3 * (0.05 * 0.95 / sessions) ** 0.5


def test_who_cries_more_often_than_an_equal_holder_is_seated_no_oftener() -> None:
    rng, exams, alpha = random.Random(5), 1500, 0.05
    # No better at telling bad from sound: what it finds more, it cries at more.
    false = sum(against(lambda _: rng.random() < 0.3, lambda _: rng.random() < 0.7, alpha).seated for _ in range(exams))
    assert false / exams <= alpha + 3 * (alpha * (1 - alpha) / exams) ** 0.5


def test_a_truly_better_student_is_seated() -> None:
    rng = random.Random(6)
    won = sum(
        against(lambda _: rng.random() < 0.5, lambda bad: rng.random() < (0.9 if bad else 0.1), 0.015).seated
        for _ in range(300)
    )
    assert won / 300 > 0.7


def test_the_levels_of_a_session_stay_under_its_alpha() -> None:
    assert sum(4 * level(0.05, number, 4) for number in range(1, 2000)) < 0.05


@pytest.mark.parametrize("names", [{"arithmetic"}, set(DOMAINS)])
def test_the_items_are_half_bad_and_half_sound_of_the_domains_that_are_played(names: set[str]) -> None:
    def fits(kind: Domain) -> bool:
        return kind.name in names

    wordings, candidates = role_items.wordings("x", 32, fits), role_items.candidates("x", 32, fits)
    assert {one.domain.name for one in wordings} | {one.domain.name for one in candidates} <= names
    for bad, size in (
        (sum(one.fault != "good" for one in wordings), len(wordings)),
        (sum(one.kind != "sound" for one in candidates), len(candidates)),
    ):
        assert 2 * bad == size
        assert 16 <= size <= 32
    assert "forgery" not in {one.kind for one in candidates}
    again = [one.task.instruction for one in role_items.wordings("x", 32, fits)]
    assert [one.task.instruction for one in wordings] == again
    assert len({one.task.id for one in candidates}) > 0.8 * len(candidates)


def test_a_judges_items_are_half_wrong_and_hold_what_fools_judges() -> None:
    items = role_items.answers("x", 32, [domain("arithmetic"), domain("units")], [1, 1])
    kinds = [one.kind for one in items]
    assert kinds.count("right") == 16 == len(kinds) // 2
    assert {"wrong", "key", "hidden", "padded"} <= set(kinds)
