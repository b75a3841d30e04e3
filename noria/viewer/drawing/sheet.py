"""What every drawing stands on: escaped words and their width, round ticks, colours by class.

    values ─► curve · bars · lineage · spark ─► tag(…) ─► sheet(…) ─► <svg role="img"> title, description, shapes

In a page the classes of `static/drawing.css` colour the shapes by the page's theme, and no style
stands in the drawing, for the content policy forbids it. As a file (`standalone`) the drawing
carries those rules with it. Whoever obeys neither sees the plain colours of the attributes.
"""

import re
import unicodedata
from functools import cache
from math import floor, isfinite, log10
from pathlib import Path

from markupsafe import Markup

from noria.viewer.text import printable

RULES = Path(__file__).parent.parent / "static" / "drawing.css"
"""The classes' colours, in light and in dark."""

COLOURS = {
    "ink": "#1c2126", "quiet": "#5a646e", "line": "#c8cfd6", "paper": "#ffffff", "accent": "#2b6f8f",
    "ok": "#1c7a4a", "bad": "#b3261e", "warn": "#8a5a00",
    "c0": "#0068a8", "c1": "#c04a00", "c2": "#00785a", "c3": "#a33c79", "c4": "#7d6300", "c5": "#5a4fb5",
}  # fmt: skip
"""Colours of a light page by class; c0 to c5 are told apart by colour-blind readers, and stand 4.5 to 1 on white."""

SERIES = 6
"""Colours, marks and dashes that series have; a seventh begins anew."""

SIZE = 12.0
"""Height of a letter, in pixels."""

FAR = 1e200
"""Beyond this a value is drawn at the edge: its span must be a number."""

_UNDRAWN = re.compile("[\ufffe\uffff\U0001fffe\U0001ffff\U0010fffe\U0010ffff]")
_NARROW, _WIDE = frozenset("iljtfrI.,:;'|!()[]{} `·"), frozenset("mwMW@%—…")


def written(text: str) -> str:
    """A text on one line, as XML takes it: what a reader would obey is shown as an escape, marks are escaped."""
    line = _UNDRAWN.sub("\ufffd", printable(" ".join(text.split())))
    return str(Markup.escape(line))


def wide(text: str, size: float = SIZE) -> float:
    """About how wide a text is, in pixels: an upper estimate for the fonts that pages use."""
    return sum(_width(letter) for letter in printable(" ".join(text.split()))) * size


@cache
def _width(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF" or ord(letter) > 0x1F000:
        return 1.15
    if letter in _WIDE:
        return 0.95
    return 0.34 if letter in _NARROW else 0.7 if letter.isupper() else 0.58


def fitted(text: str, room: float, size: float = SIZE) -> str:
    """A text cut to fit, with a sign where it was."""
    text = " ".join(text.split())
    if wide(text, size) <= room:
        return text
    at, used = 0, wide("…", size)
    while at < len(text) and (used := used + wide(text[at] if text[at] != " " else "i", size)) <= room:
        at += 1
    return text[:at].rstrip() + "…"


def number(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def tag(name: str, *inside: str, **attributes: str | float | None) -> str:
    """An element; `_` in a name stands for `-`, what is None is left out, and attributes are escaped."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{written(value) if isinstance(value, str) else number(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{said}>{''.join(inside)}</{name}>" if inside else f"<{name}{said}/>"


def hint(text: str) -> str:
    """What a pointer that rests on a shape is told."""
    return tag("title", written(text))


def filled(colour: str) -> dict[str, str]:
    """Attributes of a shape filled with a colour."""
    return {"class_": f"fill-{colour}", "fill": COLOURS[colour]}


def lined(colour: str, *, fill: str = "none") -> dict[str, str]:
    """Attributes of a line or an outline; `fill` is none or a colour."""
    inside = "" if fill == "none" else f" fill-{fill}"
    return {"class_": f"line-{colour}{inside}", "stroke": COLOURS[colour], "fill": COLOURS.get(fill, "none")}


def words(
    text: str, x: float, y: float, *, anchor: str = "start", colour: str = "ink", size: float = SIZE, bold: bool = False
) -> str:
    """A line of text at its baseline, with a rim of paper so that it is read over lines."""
    look = {"class_": f"words fill-{colour}", "fill": COLOURS[colour]}
    weight = "600" if bold else None
    return tag("text", written(text), x=x, y=y, text_anchor=anchor, font_size=size, font_weight=weight, **look)


def sheet(
    *shapes: str, width: float, height: float, title: str, desc: str, standalone: bool = False, links: bool = False
) -> Markup:
    """The whole drawing.

    `desc` says in words what the shapes show. A drawing with links is a group to a screen reader,
    which then reads its texts and links; one without is an image, read by its title and description.
    """
    head = [tag("title", written(title)), tag("desc", written(desc))]
    if standalone:
        head.append(f"<style>{_rules()}</style>")
        head.append(tag("rect", width=width, height=height, **filled("paper")))
    return Markup(  # noqa: S704 — every text and attribute in it passed `written`
        tag(
            "svg", *head, *shapes, xmlns="http://www.w3.org/2000/svg", class_="drawing",
            role="group" if links else "img", aria_label=title, viewBox=f"0 0 {number(width)} {number(height)}",
            width=width, height=height, font_family="system-ui, sans-serif", font_size=SIZE,
        )
    )  # fmt: skip


@cache
def _rules() -> str:
    return RULES.read_text(encoding="utf-8").replace("&", "&amp;").replace("<", "&lt;")


def nothing(title: str, *, width: float, standalone: bool = False) -> Markup:
    """A drawing of what there is not yet."""
    said = words("There is nothing to draw yet.", width / 2, 40, anchor="middle", colour="quiet")
    frame = tag("rect", x=0.5, y=0.5, width=width - 1, height=67, rx=4, stroke_dasharray="4 4", **lined("line"))
    return sheet(
        frame, said, width=width, height=68, title=title, desc="There is nothing to draw yet.", standalone=standalone
    )


def told(value: float | None) -> float | None:
    """A value that can be drawn: none where it is missing, infinite or no number."""
    return None if value is None or not isfinite(value) else max(-FAR, min(FAR, float(value)))


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten) that span `low` to `high`; two or more, at most `most` and two."""
    least = max(abs(low), abs(high), 1e-9) * 1e-9
    if high - low < least:
        low, high = low - least, high + least
    raw = (high - low) / max(1, most - 1)
    power = 10.0 ** floor(log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * (1 - 1e-9))
    first, last = floor(low / step + 1e-9), -floor(-high / step + 1e-9)
    return [at * step for at in range(int(first), max(int(last), int(first) + 1) + 1)]


def figure(value: float, unit: str = "") -> str:
    """A value for people; with the unit `%` it is a share, shown in hundredths."""
    if unit == "%":
        return f"{_places(value * 100)} %"
    short, sign = value, ""
    for size, name in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            short, sign = value / (1e3 if name == "k" else size), name
            break
    return f"{_places(short)}{f' {sign}' if sign else ''}{f' {unit}' if unit else ''}"


def _places(value: float) -> str:
    """As many places as tell something."""
    if abs(value) >= 1e6:
        return f"{value:.3g}"
    if float(value).is_integer() or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 0.1 else f"{value:.2f}".rstrip("0").rstrip(".")
