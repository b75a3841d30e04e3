"""What lies near a vector is found by its bits: hardly any is missed, whatever the order, whatever else is held."""

from collections.abc import Sequence

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.memory.banded import BITS, TABLES, Banded, designed
from noria.memory.embed import Vectors

WIDTH = 64
NEARS = (0.3, 0.6, 0.75, 0.85, 0.9, 0.95, 0.99, 1.0)


def unit(rng: numpy.random.Generator, count: int) -> Vectors:
    """Unit vectors that crowd in few directions, as those of texts do."""
    drawn = rng.normal(size=(count, WIDTH)) * numpy.linspace(1, 0.05, WIDTH)
    found: Vectors = (drawn / numpy.linalg.norm(drawn, axis=1, keepdims=True)).astype(numpy.float32)
    return found


def beside(rng: numpy.random.Generator, vectors: Vectors, cosines: Sequence[float]) -> Vectors:
    """For each vector one at a given cosine from it."""
    other = rng.normal(size=vectors.shape)
    other -= (other * vectors).sum(axis=1, keepdims=True) * vectors
    other /= numpy.linalg.norm(other, axis=1, keepdims=True)
    cosine = numpy.asarray(cosines, dtype=numpy.float64)[:, None]
    near = cosine * vectors + numpy.sqrt(1 - cosine**2) * other
    found: Vectors = (near / numpy.linalg.norm(near, axis=1, keepdims=True)).astype(numpy.float32)
    return found


def held(near: float, vectors: Vectors, shapes: Sequence[str], order: Sequence[int], parts: Sequence[int]) -> Banded:
    """Vectors taken in by some order, in parts that end at some places."""
    index, ends = Banded(near, WIDTH), sorted({*parts, len(order)} - {0})
    for first, last in zip([0, *ends], ends, strict=False):
        part = list(order[first:last])
        index.add(part, [shapes[at] for at in part], vectors[part])
    return index


@given(st.sampled_from(NEARS), st.integers(0, 2**32 - 1))
@settings(max_examples=8, deadline=None)
def test_what_an_exact_comparison_finds_is_found(near: float, seed: int) -> None:
    rng = numpy.random.default_rng(seed)
    vectors = unit(rng, 600)
    asked = beside(rng, vectors, (near + (1 - near) * rng.random(600)).tolist())
    index = held(near, vectors, ["s"] * 600, range(600), [100, 500])
    likeness = asked.astype(numpy.float64) @ vectors.T.astype(numpy.float64)
    near_enough = [set(numpy.flatnonzero(row >= near).tolist()) for row in likeness]
    found = [set(index.find(one, "s")) for one in asked]
    exact, met = sum(map(len, near_enough)), sum(len(a & b) for a, b in zip(near_enough, found, strict=True))
    assert met == exact if not index.tables else met >= 0.99 * exact
    # What is found besides lies as near as a byte a number can tell.
    for row, places in zip(likeness, found, strict=True):
        assert all(row[place] >= near - 0.06 for place in places)


@pytest.mark.parametrize("near", [0.8, 0.95])
def test_a_pair_exactly_at_the_threshold_is_hardly_ever_missed(near: float) -> None:
    rng = numpy.random.default_rng(7)
    vectors = unit(rng, 3000)
    asked = beside(rng, vectors, [near + 1e-5] * 3000)
    index = held(near, vectors, ["s"] * 3000, range(3000), [])
    assert index.tables, "every row would be compared"
    missed = sum(at not in index.find(one, "s") for at, one in enumerate(asked))
    assert missed <= 0.01 * 3000


@given(st.sampled_from(NEARS), st.integers(0, 2**32 - 1), st.data())
@settings(max_examples=8, deadline=None)
def test_neither_order_nor_parts_nor_what_else_is_held_change_what_is_found(
    near: float, seed: int, data: st.DataObject
) -> None:
    rng = numpy.random.default_rng(seed)
    vectors = numpy.concatenate([some := unit(rng, 40), beside(rng, some, [max(near, 0.9)] * 40), unit(rng, 20)])
    shapes = [f"s{at}" for at in rng.integers(0, 3, 100)]
    order = data.draw(st.permutations(range(100)))
    one = held(near, vectors, shapes, range(100), [])
    two = held(near, vectors, shapes, order, data.draw(st.lists(st.integers(0, 100), max_size=8)))
    two.add(range(1000, 2000), ["s0"] * 1000, unit(rng, 1000))
    for shape in ("s0", "s1", "s2", "s3"):
        for vector in vectors[::3]:
            found = one.find(vector, shape)
            assert all(shapes[at] == shape for at in found)
            assert [at for at in two.find(vector, shape) if at < 1000] == found


@given(st.sampled_from(NEARS), st.integers(0, 2**32 - 1))
@settings(max_examples=8, deadline=None)
def test_what_is_removed_is_found_no_more_and_an_equal_one_always_is(near: float, seed: int) -> None:
    rng = numpy.random.default_rng(seed)
    vectors, gone = unit(rng, 200), set(rng.integers(0, 200, 60).tolist())
    index = held(near, vectors, ["s"] * 200, range(200), [30])
    assert all(at in index.find(one, "s") for at, one in enumerate(vectors))
    index.remove([*gone, 5000])
    index.remove(gone)
    assert len(index) == 200 - len(gone)
    for at, vector in enumerate(vectors):
        found = index.find(vector, "s")
        assert not gone & set(found)
        assert (at in found) == (at not in gone)
    index.add(sorted(gone), ["s"] * len(gone), vectors[sorted(gone)])
    assert len(index) == 200
    assert all(at in index.find(one, "s") for at, one in enumerate(vectors))


def test_a_text_without_a_known_token_is_near_nothing() -> None:
    index, none = Banded(0.95), numpy.zeros((3, 256), numpy.float32)
    assert index.find(none[0], "s") == []
    index.add([1, 2, 3], ["s"] * 3, none)
    assert index.find(none[0], "s") == []


def test_short_thresholds_compare_every_row_and_memory_is_what_a_sample_takes() -> None:
    assert designed(0.5) == (0, 0)
    for near in (0.75, 0.9, 0.95, 1.0):
        bits, tables = designed(near)
        assert bits in BITS
        assert 2 <= tables <= TABLES
    index = Banded(0.95)
    index.add(range(20_000), ["s"] * 20_000, numpy.random.default_rng(0).normal(size=(20_000, 256)).astype("f4"))
    assert len(index) == 20_000
    assert index.nbytes < 20_000 * 500
