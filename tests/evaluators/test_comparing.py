"""Comparing two shares: known values, what must hold of every count, and how often chance is called a difference."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.evaluators.comparing import Count, Difference, Moments, adjusted, beyond, difference, mean_difference

counts = st.integers(1, 400).flatmap(lambda whole: st.builds(Count, st.integers(0, whole), st.just(whole)))


def test_newcombes_own_examples() -> None:
    # Newcombe (1998), table II, method 10.
    for a, b, low, high in (
        (Count(48, 80), Count(56, 70), 0.0524, 0.3339),
        (Count(3, 10), Count(9, 10), 0.1705, 0.8090),
        (Count(0, 29), Count(5, 56), -0.0381, 0.1926),
        (Count(0, 10), Count(10, 10), 0.6075, 1.0),
        (Count(0, 10), Count(0, 10), -0.2775, 0.2775),
    ):
        found = difference(a, b)
        assert found is not None
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4), (a, b, found)


@given(a=counts, b=counts)
def test_a_difference_lies_in_its_interval_and_turns_with_its_sides(a: Count, b: Count) -> None:
    found, turned = difference(a, b), difference(b, a)
    assert found is not None
    assert turned is not None
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))
    assert found.p == pytest.approx(turned.p)
    # p and interval say the same, but for what rounding leaves open at the very edge.
    assert found.beyond == (found.p < 0.05) or found.p == pytest.approx(0.05, abs=1e-6)


def test_nothing_is_compared_with_nothing() -> None:
    assert difference(Count(0, 0), Count(1, 2)) is None
    assert adjusted([(Count(0, 0), Count(1, 2)), (Count(3, 4), Count(0, 0))]) is None
    assert mean_difference(Moments(1, 1, 1), Moments(5, 1, 1)) is None
    assert Count(0, 0).share is None
    assert Moments().interval is None


def test_a_mix_that_explains_a_difference_leaves_none_inside_the_strata() -> None:
    # Each stratum is as good on both sides; b played more of the easy one.
    easy, hard = (Count(18, 20), Count(90, 100)), (Count(20, 100), Count(4, 20))
    whole = difference(easy[0] + hard[0], easy[1] + hard[1])
    within = adjusted([easy, hard])
    assert whole is not None
    assert within is not None
    assert whole.beyond
    assert within.value == pytest.approx(0, abs=1e-9)
    assert not within.beyond


@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=6))
def test_an_adjusted_difference_lies_between_those_of_its_strata(strata: list[tuple[Count, Count]]) -> None:
    found = adjusted(strata)
    assert found is not None
    gaps = [b.part / b.whole - a.part / a.whole for a, b in strata]
    assert min(gaps) - 1e-9 <= found.value <= max(gaps) + 1e-9 or found.p == 1
    assert -1 <= found.low <= found.high <= 1


def test_chance_is_called_a_difference_about_one_time_in_twenty() -> None:
    rng, plain, within, runs = random.Random(5), 0, 0, 2000

    def play(share: float, whole: int) -> Count:
        return Count(sum(rng.random() < share for _ in range(whole)), whole)

    for _ in range(runs):
        strata = [(play(share, 30), play(share, 45)) for share in (0.2, 0.5, 0.85)]
        one, mixed = difference(*strata[0]), adjusted(strata)
        assert one is not None
        assert mixed is not None
        plain += one.beyond
        within += mixed.beyond
    assert 0.02 < plain / runs < 0.07
    assert 0.03 < within / runs < 0.07


def test_several_differences_are_counted_together() -> None:
    def told(p: float) -> Difference:
        return Difference(0.1, 0.01, 0.2, p)

    assert beyond([told(0.04), None, told(0.001)]) == [True, False, True]
    assert beyond([told(0.04), told(0.001), told(0.2)]) == [False, True, False]


def test_moments_are_those_of_their_values() -> None:
    values = [0.0, 0.5, 1.0, 0.25]
    made = Moments(4, sum(values), sum(one * one for one in values))
    assert made.mean == 0.4375
    assert made.variance == pytest.approx(0.1822916667)
    assert made + made == Moments(8, 2 * made.total, 2 * made.squares)
    found = mean_difference(made, Moments(4, 4.0, 4.0))
    assert found is not None
    assert found.value == 0.5625
    assert found.beyond
