"""Bars over wall time: inside the drawing, in proportion, with long idleness drawn short and said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.viewer.log.waterfall import BREAK, waterfall
from tests import build

SPAN = st.tuples(st.floats(0, 1e9), st.floats(0, 1e4))


@given(st.lists(SPAN, min_size=1, max_size=12))
def test_every_bar_is_inside_and_keeps_its_order(spans: list[tuple[float, float]]) -> None:
    found = waterfall([build.turn(started=start, seconds=length) for start, length in spans])
    for bar in found.bars:
        assert bar.left >= 0
        assert 0 < bar.width <= 100
        assert bar.left + bar.width <= 100.01
    ordered = sorted(found.bars, key=lambda one: one.at)
    assert [one.left for one in ordered] == sorted(one.left for one in ordered)
    assert found.busy <= found.wall + 1e-6


def test_a_night_between_two_calls_does_not_hide_them() -> None:
    found = waterfall([build.turn(started=0.0, seconds=10.0), build.turn(started=30_000.0, seconds=10.0)])
    assert found.bars[1].idle == pytest.approx(29_990)
    assert found.bars[0].width == pytest.approx(100 / (2 + 2 * BREAK), rel=1e-3)
    assert (found.wall, found.busy) == (30_010, 20)


def test_calls_at_once_count_once() -> None:
    found = waterfall([build.turn(started=5.0, seconds=4.0), build.turn(started=6.0, seconds=2.0)])
    assert found.busy == found.wall == 4
    assert [one.idle for one in found.bars] == [0, 0]


def test_no_calls_are_no_drawing() -> None:
    assert waterfall([]).bars == ()
