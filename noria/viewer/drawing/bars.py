"""Horizontal bars: a count or a share a line, or how a whole is divided.

bars      name ▇▇▇▇▇▇▇▇ 128 (41 %)        stacked   name ▇▇▇▇▇▇│▒▒▒▒│░░
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from noria.viewer.drawing.sheet import (
    COLOURS,
    SERIES,
    figure,
    filled,
    fitted,
    hint,
    lined,
    nothing,
    sheet,
    tag,
    told,
    wide,
    words,
)

LINE = 24.0
"""Height of a bar's line, in pixels."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One line."""

    name: str
    value: float | None
    share: float | None = None
    """What part of the whole it is, of 1; shown behind the value."""
    href: str = ""
    """Where its name leads; a path of the viewer."""
    colour: str = "accent"
    """`accent`, `ok`, `bad`, `warn` or `quiet`; what it means must stand in the name as well."""
    low: float | None = None
    high: float | None = None
    """An interval of the value, drawn as a whisker."""
    note: str = ""
    """Words behind the value."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A whole and its parts."""

    name: str
    parts: Sequence[tuple[str, float]]
    """Names and sizes; a name has the same colour in every stack of a drawing."""
    href: str = ""


def bars(
    rows: Sequence[Bar],
    *,
    title: str,
    unit: str = "",
    width: float = 640,
    top: float | None = None,
    standalone: bool = False,
) -> Markup:
    """Draw a bar a row, in their order; `top` is the value of a full bar (else the largest there is)."""
    if not rows:
        return nothing(title, width=width, standalone=standalone)
    said = [_said(one, unit) for one in rows]
    left = min(width * 0.4, max(wide(one.name) for one in rows) + 10)
    right = min(width * 0.35, max(wide(text, 11) for text in said) + 10)
    values = [value for one in rows for value in (told(one.value), told(one.high)) if value is not None and value > 0]
    full = told(top) or max(values, default=1.0) or 1.0
    room, shapes = width - left - right, list[str]()
    for at, (one, text) in enumerate(zip(rows, said, strict=True)):
        y, long = at * LINE, max(0.0, min(1.0, (told(one.value) or 0.0) / full)) * room
        colour = one.colour if one.colour in COLOURS else "accent"
        shapes.append(_name(one.name, one.href, left, y))
        bar = tag("rect", x=left, y=y + 5, width=max(long, 1.0), height=LINE - 10, rx=2, **filled(colour))
        reach = long
        low, high = told(one.low), told(one.high)
        if low is not None and high is not None:
            near, far = (left + max(0.0, min(1.0, value / full)) * room for value in (low, high))
            middle, reach = y + LINE / 2, max(reach, far - left)
            path = f"M{near:.1f},{middle:.1f}H{far:.1f}M{near:.1f},{middle - 4:.1f}v8M{far:.1f},{middle - 4:.1f}v8"
            bar += tag("path", d=path, stroke_width=1.4, **lined("ink"))
        shapes.append(tag("g", hint(f"{one.name}: {text}"), bar))
        shapes.append(words(fitted(text, right - 8, 11), left + reach + 6, y + 16, colour="quiet", size=11))
    desc = "; ".join(f"{one.name}: {text}" for one, text in zip(rows, said, strict=True)) + "."
    return sheet(
        *shapes, width=width, height=len(rows) * LINE + 4, title=title, desc=desc, standalone=standalone,
        links=any(one.href for one in rows),
    )  # fmt: skip


def _name(name: str, href: str, left: float, y: float) -> str:
    text = words(fitted(name, left - 8), left - 8, y + 16, anchor="end")
    return tag("a", text, href=href) if href else text


def _said(one: Bar, unit: str) -> str:
    value = told(one.value)
    if value is None:
        return f"no figure{f'; {one.note}' if one.note else ''}"
    said, share = figure(value, unit), told(one.share)
    said += f" ({figure(share, '%')})" if share is not None else ""
    low, high = told(one.low), told(one.high)
    said += f" [{figure(low, unit)} to {figure(high, unit)}]" if low is not None and high is not None else ""
    return said + (f" {one.note}" if one.note else "")


def stacked(stacks: Sequence[Stack], *, title: str, width: float = 640, standalone: bool = False) -> Markup:
    """Draw how each whole is divided: every bar is as long, so shares are compared; the sum stands behind it."""
    names = list(dict.fromkeys(name for one in stacks for name, _ in one.parts))
    wholes = [sum(max(0.0, told(size) or 0.0) for _, size in one.parts) for one in stacks]
    if not names or not any(wholes):
        return nothing(title, width=width, standalone=standalone)
    left = min(width * 0.35, max(wide(one.name) for one in stacks) + 10)
    right = max(wide(figure(whole), 11) for whole in wholes) + 12
    legend, head = _legend(names, left, width)
    shapes = [*legend]
    for at, (one, whole) in enumerate(zip(stacks, wholes, strict=True)):
        y, x = head + at * LINE, left
        shapes.append(_name(one.name, one.href, left, y))
        for name, size in one.parts:
            share = max(0.0, told(size) or 0.0) / whole if whole else 0.0
            long = share * (width - left - right)
            if long > 0:
                shapes.append(_part(name, size, share, x, y, long, names.index(name)))
            x += long
        shapes.append(words(figure(whole), width - right + 6, y + 16, colour="quiet", size=11))
    desc = "; ".join(
        f"{one.name}: {', '.join(f'{name} {figure(told(size) or 0.0)}' for name, size in one.parts)}" for one in stacks
    )
    return sheet(
        *shapes, width=width, height=head + len(stacks) * LINE + 4, title=title, desc=f"{desc}.",
        standalone=standalone, links=any(one.href for one in stacks),
    )  # fmt: skip


def _part(name: str, size: float, share: float, x: float, y: float, long: float, at: int) -> str:
    text = figure(share, "%")
    said = hint(f"{name}: {figure(told(size) or 0.0)} ({text})")
    box = tag("rect", x=x, y=y + 3, width=max(0.5, long - 1), height=LINE - 6, **filled(f"c{at % SERIES}"))
    short = f"{at + 1}" if long > 14 else ""
    inside = f"{short} · {text}" if long > wide(f"{short} · {text}", 11) + 6 else short
    if not inside:
        return tag("g", said, box)
    look = {"class_": "fill-paper", "fill": COLOURS["paper"]}
    mark = tag("text", inside, x=x + long / 2, y=y + 16, text_anchor="middle", font_size=11, **look)
    return tag("g", said, box, mark)


def _legend(names: Sequence[str], left: float, width: float) -> tuple[list[str], float]:
    """A numbered key of the parts: the numbers stand in the bars as well, so that colour is not needed."""
    shapes, x, y = list[str](), left, 2.0
    for at, name in enumerate(names):
        text = f"{at + 1} {fitted(name, width - left - 40, 11)}"
        if x > left and x + wide(text, 11) + 24 > width:
            x, y = left, y + 18
        shapes.append(tag("rect", x=x, y=y + 2, width=11, height=11, rx=2, **filled(f"c{at % SERIES}")))
        shapes.append(words(text, x + 16, y + 12, size=11))
        x += wide(text, 11) + 32
    return shapes, y + 24
