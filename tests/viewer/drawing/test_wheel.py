"""The wheel as SVG: well-formed whatever stands in it, its state in words, nothing outside its sheet."""

import xml.etree.ElementTree as ET
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from noria.viewer.drawing import Paddle, wheel
from noria.viewer.drawing.wheel import HEIGHT, WIDTH

STATES = ("done", "running", "waiting", "ahead")
NAMES = ("plan", "play", "curate", "train", "examine", "promote", "guard")
SVG = "{http://www.w3.org/2000/svg}"


def drawn(*paddles: Paddle, **more: Any) -> ET.Element:
    return ET.fromstring(wheel(paddles, **{"title": "Round 2 on the wheel", **more}))


def text(root: ET.Element) -> list[str]:
    return ["".join(one.itertext()) for one in root.iter(f"{SVG}text")]


def test_every_stage_stands_on_it_with_what_it_hands_on() -> None:
    root = drawn(*(Paddle(name, "3 s", "done", f"{at} handed on") for at, name in enumerate(NAMES)), hub=("round", "2"))
    said = text(root)
    assert all(name in said and f"{at} handed on" in said for at, name in enumerate(NAMES))
    desc = root.findtext(f"{SVG}desc") or ""
    assert desc.startswith("round 2: plan, 3 s → 0 handed on; play")


def test_the_stage_that_runs_is_said_in_words_and_not_by_colour_alone() -> None:
    root = drawn(Paddle("plan", state="done"), Paddle("play", state="running"), Paddle("curate"), turning=True)
    assert "running now" in text(root)
    assert "play (running now)" in (root.findtext(f"{SVG}desc") or "")
    assert root.find(f".//{SVG}g[@class='turning']") is not None
    waits = drawn(Paddle("play", state="waiting"), Paddle("curate"))
    assert "waits for you" in text(waits)
    assert waits.find(f".//{SVG}g[@class='turning']") is None


def test_a_stage_with_a_link_is_one_that_is_named() -> None:
    root = drawn(Paddle("play", "", "done", "3 accepted", href="/s/a/accepted"), Paddle("curate"))
    link = root.find(f"{SVG}a")
    assert link is not None
    assert link.get("href") == "/s/a/accepted"
    assert "3 accepted" in (link.get("aria-label") or "")
    assert root.get("role") == "group"


def test_a_wheel_without_stages_says_so() -> None:
    assert "nothing to draw" in wheel((), title="Round 1")


paddle = st.builds(Paddle, st.text(), st.text(), st.sampled_from(STATES), st.text(), st.sampled_from(("", "/s/a/")))


@given(st.lists(paddle, min_size=1, max_size=9), st.lists(st.text(), max_size=4), st.booleans(), st.text())
def test_whatever_stands_in_it_it_is_a_drawing_within_its_sheet(
    paddles: list[Paddle], hub: list[str], turning: bool, title: str
) -> None:
    root = drawn(*paddles, hub=hub, turning=turning, title=title, standalone=True)
    for box in root.iter(f"{SVG}rect"):
        x, y = float(box.get("x", "0")), float(box.get("y", "0"))
        assert -1 <= x <= WIDTH
        assert -1 <= y <= HEIGHT
        assert x + float(box.get("width", "0")) <= WIDTH + 1
        assert y + float(box.get("height", "0")) <= HEIGHT + 1
    assert not list(root.iter(f"{SVG}script"))
