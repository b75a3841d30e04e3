"""The wheel: the stages of a round as a water wheel, with what each hands to the next on its arrow.

                     plan
           guard   ╭──┴──╮   play
                  ─┤ 2/3 ├─
    promote        ╰──┬──╯     curate
            examine       train
          ~~~~~~~~~~~~~~~~~~~~~~~~~~~~

The stage that runs is filled, named in the hub and in the description; what is ahead is dashed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from typing import Literal

from markupsafe import Markup

from noria.viewer.drawing.sheet import filled, fitted, hint, lined, nothing, number, sheet, tag, words, written

WIDTH, HEIGHT = 720.0, 452.0
MIDDLE, LEVEL = WIDTH / 2, 226.0
"""Where the hub is."""
ACROSS, DOWN = 238.0, 172.0
"""Half axes of the ellipse that the stages stand on."""
WIDE, HIGH = 122.0, 46.0
"""A stage's box."""
RIM, HUB, PADDLES = 92.0, 50.0, 14
GAP = 6.0
"""Between a box and an arrow."""
SHORT = {"running": "now", "waiting": "waits"}
STATES = {"running": " (running now)", "waiting": " (waits for a person)", "ahead": " (ahead)", "done": ""}


@dataclass(frozen=True, slots=True)
class Paddle:
    """A stage of the round."""

    name: str
    note: str = ""
    """What it spent, or what there is to say of it."""
    state: Literal["done", "running", "waiting", "ahead"] = "ahead"
    """`waiting` is a stage that a person holds up."""
    leaves: str = ""
    """What it hands on, in figures: stands on the arrow to the next."""
    href: str = ""


def wheel(
    paddles: Sequence[Paddle], *, title: str, hub: Sequence[str] = (), turning: bool = False, standalone: bool = False
) -> Markup:
    """Draw the stages clockwise from the top, the last handing on to the first; up to three lines stand in the hub."""
    if not paddles:
        return nothing(title, width=WIDTH, standalone=standalone)
    turn = 2 * pi / len(paddles)
    shapes = [_water(), _wheel(turning), _hub(hub)]
    for at, one in enumerate(paddles):
        shapes += _arrow(at * turn, turn, one, paddles[(at + 1) % len(paddles)])
    for at, one in enumerate(paddles):
        shapes.append(_box(*_at(at * turn), one))
    desc = "; ".join(_said(one) for one in paddles) + "."
    return sheet(
        *shapes, width=WIDTH, height=HEIGHT, title=title, desc=f"{' '.join(hub)}: {desc}" if hub else desc,
        standalone=standalone, links=any(one.href for one in paddles),
    )  # fmt: skip


def _at(angle: float, out: float = 1.0) -> tuple[float, float]:
    """A point of the ellipse, clockwise from the top; `out` times as far from the hub."""
    return MIDDLE + ACROSS * out * sin(angle), LEVEL - DOWN * out * cos(angle)


def _said(one: Paddle) -> str:
    note = f", {one.note}" if one.note else ""
    return f"{one.name}{STATES[one.state]}{note}" + (f" → {one.leaves}" if one.leaves else "")


def _round(angle: float, radius: float) -> tuple[float, float]:
    """A point around the hub, clockwise from the top."""
    return MIDDLE + radius * sin(angle), LEVEL - radius * cos(angle)


def _path(points: Iterable[tuple[float, float]], *, closed: bool = False) -> str:
    return "M" + "L".join(f"{number(x)},{number(y)}" for x, y in points) + ("Z" if closed else "")


def _inside(x: float, y: float, centre: tuple[float, float]) -> bool:
    return abs(x - centre[0]) < WIDE / 2 + GAP and abs(y - centre[1]) < HIGH / 2 + GAP


def _arrow(start: float, turn: float, one: Paddle, following: Paddle) -> list[str]:
    """The arc from a stage to the next, cut where the boxes begin, and its figures outside of it."""
    here, there = _at(start), _at(start + turn)
    points = [_at(start + turn * step / 60) for step in range(61)]
    arc = [point for point in points if not _inside(*point, here) and not _inside(*point, there)]
    if len(arc) < 2:
        return []
    passed = one.state == "done" and following.state != "ahead"
    colour = "accent" if passed else "quiet"
    thick, dash = (2.5, None) if passed else (1.5, "3 4")
    drawn = tag("path", d=_path(arc), stroke_width=thick, stroke_dasharray=dash, **lined(colour))
    (x, y), (before_x, before_y) = arc[-1], arc[-2]
    long = ((x - before_x) ** 2 + (y - before_y) ** 2) ** 0.5 or 1.0
    along, up = 9 * (x - before_x) / long, 9 * (y - before_y) / long
    sides = ((x - along + half * up, y - up - half * along) for half in (-0.55, 0.55))
    tip = tag("path", d=_path([(x, y), *sides], closed=True), **filled(colour))
    if not one.leaves:
        return [drawn, tip]
    middle = start + turn / 2
    side = sin(middle)
    anchor = "middle" if abs(side) < 0.25 else "start" if side > 0 else "end"
    x, y = _at(middle)
    x += 0.0 if anchor == "middle" else 11.0 if side > 0 else -11.0
    y += 22.0 if cos(middle) < -0.7 else -10.0 if cos(middle) > 0.5 else 10.0 if cos(middle) < -0.4 else 4.0
    room = 2 * ACROSS if anchor == "middle" else (WIDTH - x if side > 0 else x) - 4
    return [drawn, tip, words(fitted(one.leaves, room, 13.5), x, y, anchor=anchor, size=13.5, bold=passed)]


def _box(x: float, y: float, one: Paddle) -> str:
    now = one.state in ("running", "waiting")
    look = lined("accent", fill="accent") if now else lined("quiet" if one.state == "ahead" else "accent", fill="paper")
    dash = "4 4" if one.state == "ahead" else None
    box = tag(
        "rect", x=x - WIDE / 2, y=y - HIGH / 2, width=WIDE, height=HIGH, rx=9, stroke_width=1.5, stroke_dasharray=dash,
        **look,
    )  # fmt: skip
    note = one.note
    if now:
        note = f"{SHORT[one.state]}: {note}" if note else {"running": "running now"}.get(one.state, "waits for you")
    name = _line(
        one.name, x, y - 2 if note else y + 5, 14.5, "paper" if now else "quiet" if one.state == "ahead" else "ink"
    )
    under = _line(note, x, y + 15, 12, "paper" if now else "quiet")
    whole = tag("g", hint(_said(one)), box, name, *([under] if note else []))
    return tag("a", whole, href=one.href, aria_label=_said(one)) if one.href else whole


def _line(text: str, x: float, y: float, size: float, colour: str) -> str:
    """A line in a box: without the rim of paper, for a box may be filled."""
    weight = "600" if size > 12 else None
    text = written(fitted(text, WIDE - 10, size))
    return tag("text", text, x=x, y=y, text_anchor="middle", font_size=size, font_weight=weight, **filled(colour))


def _wheel(turning: bool) -> str:
    """Rim, spokes and paddles."""
    shapes = [
        tag("circle", cx=MIDDLE, cy=LEVEL, r=RIM, stroke_width=3, **lined("accent")),
        tag("circle", cx=MIDDLE, cy=LEVEL, r=RIM - 11, stroke_width=1.2, **lined("accent")),
    ]
    for at in range(PADDLES):
        angle, lean = 2 * pi * at / PADDLES, 0.09
        spoke = _path([_round(angle, HUB), _round(angle, RIM - 11)])
        shapes.append(tag("path", d=spoke, stroke_width=1.2, **lined("line")))
        # A bucket on the rim, leaning against the turn.
        corners = ((-lean, RIM + 2), (lean, RIM + 2), (lean * 0.4, RIM + 15), (-lean * 1.5, RIM + 15))
        bucket = _path((_round(angle + aside, far) for aside, far in corners), closed=True)
        shapes.append(tag("path", d=bucket, stroke_width=1.2, **lined("accent", fill="paper")))
    return tag("g", *shapes, class_="turning" if turning else None)


def _hub(lines: Sequence[str]) -> str:
    shapes = [tag("circle", cx=MIDDLE, cy=LEVEL, r=HUB, stroke_width=1.5, **lined("accent", fill="paper"))]
    sizes = {1: (14.0,), 2: (22.0, 12.0), 3: (12.0, 26.0, 12.0)}.get(len(lines[:3]), ())
    heights = {1: (5.0,), 2: (2.0, 20.0), 3: (-18.0, 9.0, 28.0)}.get(len(lines[:3]), ())
    for text, size, down in zip(lines, sizes, heights, strict=False):
        shapes.append(
            words(fitted(text, 2 * HUB - 14, size), MIDDLE, LEVEL + down, anchor="middle", size=size,
                  colour="ink" if size > 12 else "quiet", bold=size > 12)
        )  # fmt: skip
    return tag("g", *shapes)


def _water() -> str:
    """The stream that turns it."""
    lines = []
    for down, inset in ((108.0, 96.0), (119.0, 112.0)):
        left, step = MIDDLE - inset * 1.35, inset * 2.7 / 6
        waves = "".join(f"q{number(step / 2)},{-9 if at % 2 else 9} {number(step)},0" for at in range(6))
        lines.append(tag("path", d=f"M{number(left)},{number(LEVEL + down)}{waves}", stroke_width=3,
                         stroke_linecap="round", stroke_opacity=0.55, **lined("accent")))  # fmt: skip
    return tag("g", *lines)
