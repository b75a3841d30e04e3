"""The statistics of a study against known cases, and against simulated arms with and without an effect."""

from typing import Any

import numpy
import pytest

from noria.studies.gain.statistics import Bootstrap, Estimate, Matrix, exact, stepped

STRATA = [f"d{at % 4}" for at in range(200)]


def arm(rng: Any, rates: Matrix, gain: float = 0.0) -> Matrix:
    """Answers of three students to items of these rates, each student a little better or worse than another."""
    skill = rng.normal(0, 0.02, size=(3, 1))
    found: Matrix = (rng.random(rates.shape) < numpy.clip(rates + gain + skill, 0, 1)).astype(float)
    return found


def test_a_share_and_a_difference_are_the_means_and_their_intervals_hold_them() -> None:
    right = numpy.array([[1.0, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 0]])
    boot = Bootstrap(3, ["a", "a", "b", "b"])
    found = boot.share(right)
    assert found.value == pytest.approx(0.5)
    assert 0 <= found.low < 0.5 < found.high <= 1
    same = boot.difference(right, right)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    turned = boot.difference(right, 1 - right)
    back = boot.difference(1 - right, right)
    assert turned.value == pytest.approx(-back.value)
    assert turned.low == pytest.approx(-back.high)


def test_strata_are_drawn_inside_themselves() -> None:
    right = numpy.array([[1.0] * 50 + [0.0] * 150])
    assert Bootstrap(1, ["easy"] * 50 + ["hard"] * 150).share(right) == Estimate(0.25, 0.25, 0.25)
    free = Bootstrap(1, ["one"] * 200).share(right)
    assert free.low < 0.22 < 0.28 < free.high


def test_intervals_touch_or_not() -> None:
    assert Estimate(0.5, 0.4, 0.6).apart(Estimate(0.8, 0.7, 0.9))
    assert Estimate(0.8, 0.7, 0.9).apart(Estimate(0.5, 0.4, 0.6))
    assert not Estimate(0.5, 0.4, 0.6).apart(Estimate(0.6, 0.6, 0.9))


def test_the_exact_test_counts_items_and_not_answers() -> None:
    a = numpy.array([[1.0, 1, 1, 0], [1, 1, 0, 0], [1, 0, 1, 0]])
    b = numpy.array([[0.0, 1, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0]])
    found = exact(a, b)
    assert (found.wins, found.losses) == (2, 1)  # 3 to 0, 2 to 2, 2 to 1, 0 to 1
    assert found.p == pytest.approx(1.0)
    ten = exact(numpy.ones((1, 10)), numpy.zeros((1, 10)))
    assert ten.p == pytest.approx(2 / 1024)
    assert exact(a, a).p == 1.0


def test_holm_is_monotone_and_known() -> None:
    assert stepped([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert stepped([]) == []
    assert stepped([0.9, 0.8]) == pytest.approx([1.0, 1.0])


def test_a_gap_that_is_noise_is_no_gap_and_half_of_one_is_half() -> None:
    rng = numpy.random.default_rng(5)
    rates = numpy.broadcast_to(rng.uniform(0.1, 0.9, size=200), (3, 200))
    warm = arm(rng, rates * 0.3)
    high = arm(rng, rates * 0.3, 0.4)
    boot = Bootstrap(3, STRATA)
    assert boot.closed(arm(rng, rates * 0.3, 0.2), warm, arm(rng, rates * 0.3)) is None
    found = boot.closed(arm(rng, rates * 0.3, 0.2), warm, high)
    assert found is not None
    assert found.low < 0.5 < found.high
    assert found.high - found.low < 0.5
    assert boot.closed(warm, warm, high) == Estimate(0, 0, 0)
    assert boot.closed(high, warm, high) == Estimate(1, 1, 1)


def test_null_arms_are_seldom_told_apart_and_better_ones_nearly_always() -> None:
    """120 simulated studies without an effect, 60 with ten points: 800 items, three seeds."""
    rng = numpy.random.default_rng(11)
    strata = [f"d{at % 4}" for at in range(800)]
    boot = Bootstrap(3, strata)

    def studies(count: int, gain: float) -> tuple[float, float, float]:
        held = beyond = apart = 0
        for _ in range(count):
            rates = numpy.broadcast_to(rng.uniform(0.05, 0.6, size=800), (3, 800))
            a, b = arm(rng, rates, gain), arm(rng, rates)
            gap = boot.difference(a, b)
            held += gap.low <= gain <= gap.high
            beyond += gap.low > 0 or gap.high < 0
            apart += boot.share(a).apart(boot.share(b)) and exact(a, b).p < 0.05
        return held / count, beyond / count, apart / count

    held, false, claimed = studies(120, 0.0)
    assert held >= 0.9
    assert false <= 0.1
    assert claimed <= 0.02  # two intervals that do not touch, and a test: stricter than either
    held, seen, claimed = studies(60, 0.1)
    assert held >= 0.9
    assert seen >= 0.95
    assert claimed >= 0.5
