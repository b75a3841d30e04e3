"""Diversity against known values: sets made by hand, and what holds of every set."""

from math import exp, log

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.evaluators import diversity
from noria.evaluators.diversity import Vectors, against, distinct, incompressible, nearest, spread, vendi
from noria.identity import stream

TEXTS = st.lists(st.text(alphabet="ab ", max_size=12), max_size=12)


def unit(rows: list[list[float]]) -> Vectors:
    vectors = numpy.asarray(rows, dtype=numpy.float64)
    found: Vectors = vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)
    return found


def test_distinct_counts_sequences_of_words() -> None:
    assert distinct(["a b a b"], 1) == 2 / 4
    assert distinct(["a b a b"], 2) == 2 / 3
    assert distinct(["a b", "B a"], 2) == 1.0
    assert distinct(["a b", "a  B"], 2) == 1 / 2
    assert distinct(["one"], 2) == distinct([], 1) == 0.0


def test_repetition_compresses_and_noise_does_not() -> None:
    rng = stream("noise")
    noise = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=60)) for _ in range(40)]
    assert incompressible([noise[0]] * 40) < 0.1
    assert incompressible(noise) > 0.6
    assert incompressible([]) == 0.0
    assert incompressible(["\ud800"]) > 0


def test_the_vendi_score_of_the_same_is_one_and_of_orthogonal_ones_their_number() -> None:
    assert vendi(unit([[1, 2, 3]] * 7)) == pytest.approx(1)
    assert vendi(numpy.eye(6)) == pytest.approx(6)
    assert vendi(numpy.zeros((0, 3))) == 0
    # Two groups, one three times as large: e to the entropy of (1/4, 3/4).
    assert vendi(unit([[1, 0], [0, 1], [0, 1], [0, 1]])) == pytest.approx(exp(-(0.25 * log(0.25) + 0.75 * log(0.75))))


def test_the_vendi_score_is_the_same_from_either_side_of_the_matrix() -> None:
    rows = unit(numpy.random.default_rng(0).normal(size=(40, 8)).tolist())
    values = numpy.linalg.eigvalsh(rows @ rows.T / 40)
    values = values[values > 1e-12]
    assert vendi(rows) == pytest.approx(float(numpy.exp(-(values * numpy.log(values)).sum())))


def test_distances_of_known_vectors() -> None:
    assert spread(numpy.eye(4)) == pytest.approx(1)
    assert nearest(numpy.eye(4)) == pytest.approx(1)
    assert spread(unit([[1, 1]] * 4)) == pytest.approx(0)
    twins = unit([[1, 0], [1, 0], [0, 1], [0, 1]])
    assert nearest(twins) == pytest.approx(0)
    assert spread(twins) == pytest.approx(4 / 6)
    assert spread(twins[:1]) == nearest(twins[:1]) == 0


@given(TEXTS, st.integers(1, 3))
def test_shares_are_shares_and_do_not_hang_on_the_order_of_texts(texts: list[str], n: int) -> None:
    assert 0 <= distinct(texts, n) <= 1
    assert distinct(texts, n) == distinct(texts[::-1], n)
    assert distinct(texts + texts, n) <= distinct(texts, n)


@given(st.integers(1, 20), st.integers(1, 12), st.integers(0, 1000))
def test_the_vendi_score_lies_between_one_and_the_number(count: int, width: int, seed: int) -> None:
    rows = unit((numpy.random.default_rng(seed).normal(size=(count, width)) + 1e-3).tolist())
    score = vendi(rows)
    assert 1 - 1e-6 <= score <= count + 1e-6
    assert vendi(numpy.concatenate([rows, rows])) == pytest.approx(score, rel=1e-6)
    assert 0 <= nearest(rows) <= spread(rows) + 1 + 1e-9


def test_a_set_held_against_itself_is_even_and_a_poor_one_is_beyond_its_error() -> None:
    rng = stream("sets")
    rich = [" ".join(rng.choices([f"w{n}" for n in range(400)], k=8)) for _ in range(120)]
    poor = [" ".join(rng.choices([f"w{n}" for n in range(12)], k=8)) for _ in range(120)]

    def held(one: list[str], other: list[str]) -> diversity.Against:
        return against(
            lambda at: distinct([one[n] for n in at], 2), lambda at: distinct([other[n] for n in at], 2),
            120, stream("halves"),
        )  # fmt: skip

    assert held(rich, rich).ratio == held(rich, rich).error == 0
    found = held(poor, rich)
    assert found.ratio + 2.6 * found.error < log(0.7)
    assert found == held(poor, rich)
