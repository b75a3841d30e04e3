"""Drawings: well-formed whatever they are told, no figure without a number, and no word upon another."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.viewer.drawing import Back, Bar, Node, Point, Series, Stack, bars, curve, lineage, spark, stacked
from noria.viewer.drawing.lineage import State
from noria.viewer.drawing.sheet import COLOURS, RULES, figure, fitted, ticks, wide, written

SVG = "{http://www.w3.org/2000/svg}"
STATES: tuple[State, ...] = ("base", "promoted", "kept out", "withdrawn", "tainted", "untried")
texts = st.text(max_size=30)
values = st.none() | st.floats() | st.integers(-(10**6), 10**6).map(float)
points = st.builds(Point, st.floats() | st.integers(0, 40).map(float), values, values, values, texts)
lines = st.lists(st.builds(Series, texts, st.lists(points, max_size=6), st.booleans()), max_size=8)


def read(svg: str) -> ET.Element:
    """The drawing as XML, with what must hold of every drawing."""
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") in ("img", "group")
    head = list(root)
    assert head[0].tag == f"{SVG}title"
    assert head[1].tag == f"{SVG}desc"
    assert head[1].text
    for one in root.iter():
        assert one.tag.removeprefix(SVG) not in ("script", "foreignObject", "image")
        for name, value in one.attrib.items():
            assert name != "style"
            assert not name.startswith("on")
            if name not in ("class", "aria-label", "href", "font-family"):
                assert not re.search(r"nan|inf", value), (name, value)
    return root


@given(series=lines, title=texts, unit=st.sampled_from(["", "%", "s"]), across=texts)
def test_a_curve_is_well_formed_whatever_it_is_told(series: list[Series], title: str, unit: str, across: str) -> None:
    root = read(curve(series, title=title, unit=unit, across=across))
    assert root.get("role") == "img"
    assert not list(root.iter(f"{SVG}style"))


@given(
    rows=st.lists(st.builds(Bar, texts, values, values, texts, texts, values, values, texts), max_size=6),
    stacks=st.lists(
        st.builds(Stack, texts, st.lists(st.tuples(texts, st.floats()), max_size=8).map(tuple), texts), max_size=4
    ),
    title=texts,
)
def test_bars_are_well_formed_whatever_they_are_told(rows: list[Bar], stacks: list[Stack], title: str) -> None:
    read(bars(rows, title=title))
    read(stacked(stacks, title=title))


@given(
    nodes=st.lists(
        st.builds(
            Node, texts, st.integers(0, 40), st.sampled_from(STATES), st.lists(texts, max_size=2).map(tuple),
            st.booleans(), texts, texts,
        ),
        max_size=8,
    ),
    moves=st.lists(st.builds(Back, texts, texts, texts), max_size=4),
)  # fmt: skip
def test_a_lineage_is_well_formed_whatever_it_is_told(nodes: list[Node], moves: list[Back]) -> None:
    read(lineage(nodes, [*moves, *(Back(a.name, b.name, "guard") for a in nodes for b in nodes)], title="t"))


@given(seen=st.lists(values, max_size=12), title=texts)
def test_a_spark_is_well_formed_whatever_it_is_told(seen: list[float | None], title: str) -> None:
    read(spark(seen, title=title))


@given(st.floats(-1e200, 1e200), st.floats(-1e200, 1e200), st.integers(2, 9))
def test_ticks_are_round_numbers_that_span_the_values(a: float, b: float, most: int) -> None:
    low, high = sorted((a, b))
    found = ticks(low, high, most)
    step = found[1] - found[0]
    assert 2 <= len(found) <= most + 2
    assert found[0] <= low + step * 1e-6
    assert found[-1] >= high - step * 1e-6
    lead = float(f"{step:.6e}".split("e")[0])
    assert any(lead == pytest.approx(one, rel=1e-3) for one in (1, 2, 5, 10))


@given(st.text(), st.floats(0, 400))
def test_a_cut_text_has_room(text: str, room: float) -> None:
    assert wide(fitted(text, room)) <= max(room, wide("…")) + 1e-6


def test_nothing_to_draw_is_said() -> None:
    for svg in (
        curve([], title="Exam"), curve([Series("a", [Point(1, None)])], title="Exam"), bars([], title="Exam"),
        stacked([], title="Exam"), lineage([], title="Exam"), spark([], title="Exam"),
    ):  # fmt: skip
        assert "There is nothing to draw yet." in svg
        assert read(svg).get("aria-label") == "Exam"


def test_model_text_is_text() -> None:
    svg = bars([Bar("<script>alert(1)</script>\u202e\ud800", 1.0, href='/x"onload="y')], title="&<>\"'")
    read(svg)
    assert "<script>" not in svg
    assert "\\u202e" in svg
    assert written("a\x00b") == "a\\u0000b"


def test_a_drawing_says_in_words_what_it_shows() -> None:
    svg = curve([Series("student", [Point(2, 0.25, 0.2, 0.31, "promoted")])], title="Exam", unit="%")
    desc = read(svg).find(f"{SVG}desc")
    assert desc is not None
    assert desc.text == "student, round 2: 25 % (20 % to 31 %), promoted."


def test_only_a_file_carries_its_style_and_links_make_a_group() -> None:
    assert "<style>" in bars([Bar("a", 1)], title="t", standalone=True)
    assert "<style>" not in bars([Bar("a", 1)], title="t")
    assert 'role="group"' in bars([Bar("a", 1, href="/s/a/")], title="t")


def test_every_colour_has_its_classes_and_its_plain_colour() -> None:
    rules = RULES.read_text(encoding="utf-8")
    for name, plain in COLOURS.items():
        for what, thing in (("fill", "fill"), ("line", "stroke")):
            rule = re.search(rf"\.{what}-{name} {{ {thing}: (.*); }}", rules)
            assert rule, name
            assert plain in rule[1]


@pytest.mark.parametrize("rounds", [1, 2, 5, 12, 20, 30])
@pytest.mark.parametrize("lines", [1, 3, 6])
def test_no_words_of_a_curve_stand_upon_each_other(rounds: int, lines: int) -> None:
    series = [
        Series(f"series {name}", [Point(x, 0.3 + name / 400, 0.2, 0.4, "kept out") for x in range(1, rounds + 1)])
        for name in range(lines)
    ]
    apart(curve(series, title="Exam", unit="%"))


@pytest.mark.parametrize("rounds", [0, 1, 3, 7, 12, 30])
def test_no_words_of_a_lineage_stand_upon_each_other(rounds: int) -> None:
    nodes, moves, at = [Node("base", 0, "base")], [], "base"
    for number in range(1, rounds + 1):
        state: State = ("promoted", "kept out", "withdrawn", "tainted", "untried")[number % 5]
        name = f"student-r{number:04d}"
        nodes.append(Node(name, number, state, (at,), number == rounds, "19 % → 31 %"))
        if state == "withdrawn":
            moves += [Back(name, at, "probation"), Back(name, "base", "rollback")]
        at = name if state == "promoted" else at
    root = apart(lineage(nodes, moves, title="Policies"))
    shown = " ".join(one.text or "" for one in root.iter(f"{SVG}text"))
    assert all(f"r{number:04d}" in shown for number in range(1, rounds + 1))


def apart(svg: str) -> ET.Element:
    """The drawing, in which no two texts meet and none leaves the sheet."""
    root = read(svg)
    boxes = list(_boxes(root))
    across, high = float(root.get("width") or 0), float(root.get("height") or 0)
    for at, (one, x1, y1, x2, y2) in enumerate(boxes):
        assert x1 >= -1
        assert x2 <= across + 1, one
        assert y1 >= 0
        assert y2 <= high, one
        for other, a1, b1, a2, b2 in boxes[at + 1 :]:
            assert x2 <= a1 + 1 or a2 <= x1 + 1 or y2 <= b1 or b2 <= y1, (one, other)
    return root


def _boxes(root: ET.Element) -> Iterator[tuple[str, float, float, float, float]]:
    for one in root.iter(f"{SVG}text"):
        text, size = one.text or "", float(one.get("font-size") or 12)
        long, x, y = wide(text, size), float(one.get("x") or 0), float(one.get("y") or 0)
        left = x - {"middle": long / 2, "end": long}.get(one.get("text-anchor") or "", 0)
        yield text, left, y - 0.75 * size, left + long, y + 0.2 * size


def test_figures_are_read_by_people() -> None:
    said = [figure(value, unit) for value, unit in ((0.256, "%"), (12345, ""), (2.5e6, "tokens"), (3, ""), (0.012, ""))]
    assert said == ["25.6 %", "12.35 k", "2.5 M tokens", "3", "0.012"]
