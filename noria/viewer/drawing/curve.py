"""Lines over rounds or tokens, with what is known of each point's error.

    Series(name, points) ─► mark and dash of its own ─► whiskers (few points) or a band (many) ─► its name at its end

Series are told apart by the shape of their marks and by dashes, not by colour alone; points of
the same x stand a little beside each other, so that no whisker hides another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from noria.viewer.drawing.sheet import (
    SERIES,
    figure,
    filled,
    fitted,
    hint,
    lined,
    nothing,
    sheet,
    tag,
    ticks,
    told,
    wide,
    words,
)

FEW = 12
"""So many points of a series have whiskers; more have a band."""

DASHES = (None, "6 3", "2 3", "9 3 2 3", "4 2 1 2", "12 4")


@dataclass(frozen=True, slots=True)
class Point:
    """One value with its interval."""

    x: float
    y: float | None
    """None, or no finite number: the line has a gap here."""
    low: float | None = None
    high: float | None = None
    label: str = ""
    """A word for this point, such as `promoted`: shown where there is room, and when a pointer rests on it."""


@dataclass(frozen=True, slots=True)
class Series:
    """A line and its name."""

    name: str
    points: Sequence[Point]
    joined: bool = True
    """Whether a line joins the points; not where each stands for itself."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where values fall on the sheet."""

    left: float
    right: float
    top: float
    foot: float
    xs: tuple[float, float]
    ys: tuple[float, float]

    def x(self, value: float) -> float:
        """Pixels from the left."""
        low, high = self.xs
        return self.left + (self.right - self.left) * ((value - low) / (high - low))

    def y(self, value: float) -> float:
        """Pixels from the top; what lies outside is drawn at the edge."""
        low, high = self.ys
        return self.foot - (self.foot - self.top) * ((min(high, max(low, value)) - low) / (high - low))


def curve(
    series: Sequence[Series],
    *,
    title: str,
    unit: str = "",
    across: str = "round",
    width: float = 640,
    height: float = 300,
    standalone: bool = False,
) -> Markup:
    """Draw the series; `unit` is of y (`%`: values are shares), `across` says what x is."""
    drawn = [(one, seen) for one in series if (seen := _seen(one))]
    if not drawn:
        return nothing(title, width=width, standalone=standalone)
    frame, steps, places = _frame(drawn, unit, width, height)
    shapes = [*_grid(frame, steps, places, unit, across)]
    many = max(len(seen) for _, seen in drawn) > FEW
    beside = min(6.0, (frame.right - frame.left) / (4 * len(places) * len(drawn)))
    for at, (one, seen) in enumerate(drawn):
        shift = 0.0 if many else (at - (len(drawn) - 1) / 2) * beside
        shapes += _line(one, seen, frame, at % SERIES, shift, unit, across, band=many)
    shapes += _labels([seen for _, seen in drawn], frame)
    shapes += _names(drawn, frame, width)
    return sheet(
        *shapes, width=width, height=height, title=title, desc=_said(drawn, unit, across), standalone=standalone
    )


def _seen(series: Series) -> list[Point | None]:
    """Points that can be drawn, in order of x; None between two is a gap."""
    found: list[Point | None] = []
    for one in sorted((one for one in series.points if told(one.x) is not None), key=lambda point: point.x):
        y = told(one.y)
        if y is None:
            found.append(None)
            continue
        low, high = told(one.low), told(one.high)
        found.append(Point(told(one.x) or 0.0, y, low, high, one.label))
    return found if any(found) else []


def _points(seen: Sequence[Point | None]) -> list[Point]:
    return [one for one in seen if one is not None]


def _frame(
    drawn: Sequence[tuple[Series, list[Point | None]]], unit: str, width: float, height: float
) -> tuple[Frame, list[float], list[float]]:
    """The frame, the ticks of y, and those of x."""
    points = [one for _, seen in drawn for one in _points(seen)]
    values = [value for one in points for value in (one.y, one.low, one.high) if value is not None]
    low, high = min(values), max(values)
    low = 0.0 if 0 <= low <= 0.5 * high or low == high >= 0 else low
    high = high if high > low else low + (1.0 if not low else abs(low))
    steps = ticks(low, high)
    if unit == "%" and high <= 1 < steps[-1]:
        steps = [step for step in steps if step <= 1 + 1e-9]
    head = max(high, steps[-1])
    left = 14 + max(wide(figure(step, unit), 11) for step in steps)
    room = min(160.0, max(wide(one.name) for one, _ in drawn) + 26)
    xs = sorted({one.x for one in points})
    pad = 0.5 if _whole(xs) else max(abs(xs[0]), abs(xs[-1]), 1e-3) * 1e-6 if len(xs) == 1 or _close(xs) else 0.0
    first, last = xs[0] - pad, xs[-1] + pad
    frame = Frame(left, width - room, 14, height - 40, (first, last), (min(low, steps[0]), head))
    return frame, steps, _places(xs, frame)


def _whole(xs: Sequence[float]) -> bool:
    """Whether these are a few counted things, such as rounds."""
    return all(float(x).is_integer() and abs(x) < 1e6 for x in xs) and xs[-1] - xs[0] <= 100


def _close(xs: Sequence[float]) -> bool:
    """Whether they lie so near that a float hardly tells them apart."""
    return xs[-1] - xs[0] < max(abs(xs[0]), abs(xs[-1])) * 1e-6


def _places(xs: Sequence[float], frame: Frame) -> list[float]:
    """The ticks of x: whole numbers for rounds, round numbers else, as many as have room."""
    broad = max(wide(figure(x), 11) for x in (*xs, *ticks(xs[0], xs[-1]))) + 14
    most = max(2, int((frame.right - frame.left) / broad))
    if _whole(xs):
        step = next(s for s in (1, 2, 5, 10, 20, 50, 100) if (xs[-1] - xs[0]) / s + 1 <= most or s == 100)
        first = int(xs[0]) if step == 1 else -(-int(xs[0]) // step) * step
        return [float(x) for x in range(first, int(xs[-1]) + 1, step)] or [xs[0]]
    found = [x for x in ticks(xs[0], xs[-1], min(most, 7)) if frame.xs[0] <= x <= frame.xs[1]]
    return found or [xs[0]]


def _grid(frame: Frame, steps: Sequence[float], places: Sequence[float], unit: str, across: str) -> list[str]:
    shapes = []
    for step in steps:
        y = frame.y(step)
        shapes.append(tag("line", x1=frame.left, x2=frame.right, y1=y, y2=y, stroke_width=1, **lined("line")))
        shapes.append(words(figure(step, unit), frame.left - 6, y + 4, anchor="end", colour="quiet", size=11))
    for place in places:
        x = frame.x(place)
        shapes.append(tag("line", x1=x, x2=x, y1=frame.foot, y2=frame.foot + 4, stroke_width=1, **lined("quiet")))
        shapes.append(words(figure(place), x, frame.foot + 17, anchor="middle", colour="quiet", size=11))
    middle = (frame.left + frame.right) / 2
    shapes.append(words(across, middle, frame.foot + 33, anchor="middle", colour="quiet", size=11))
    return shapes


def _line(
    series: Series,
    seen: Sequence[Point | None],
    frame: Frame,
    at: int,
    shift: float,
    unit: str,
    across: str,
    *,
    band: bool,
) -> list[str]:
    colour, shapes, runs = f"c{at}", list[str](), list[list[Point]]([[]])
    for one in seen:
        if one is None:
            runs.append([])
        else:
            runs[-1].append(one)
    for run in runs if band else ():
        known = [one for one in run if one.low is not None and one.high is not None]
        edge = [(one.x, one.high) for one in known] + [(one.x, one.low) for one in reversed(known)]
        outline = " ".join(f"{frame.x(x) + shift:.1f},{frame.y(y or 0.0):.1f}" for x, y in edge)
        if known[1:]:
            shapes.append(tag("polygon", points=outline, fill_opacity="0.15", **filled(colour)))
    for run in runs if series.joined else ():
        line = " ".join(f"{frame.x(one.x) + shift:.1f},{frame.y(one.y or 0.0):.1f}" for one in run)
        if run[1:]:
            shapes.append(tag("polyline", points=line, stroke_width=2, stroke_dasharray=DASHES[at], **lined(colour)))
    for one in _points(seen):
        x, y = frame.x(one.x) + shift, frame.y(one.y or 0.0)
        whisker = "" if band else _whisker(one, x, frame, colour)
        small = 2.5 if band else 4.0
        shapes.append(tag("g", hint(_told(series.name, one, unit, across)), whisker, mark(at, x, y, small)))
    return shapes


def _whisker(one: Point, x: float, frame: Frame, colour: str) -> str:
    if one.low is None or one.high is None:
        return ""
    low, high = frame.y(one.low), frame.y(one.high)
    path = f"M{x:.1f},{low:.1f}V{high:.1f}M{x - 3:.1f},{low:.1f}h6M{x - 3:.1f},{high:.1f}h6"
    return tag("path", d=path, stroke_width=1.2, **lined(colour))


def mark(at: int, x: float, y: float, r: float = 4.0) -> str:
    """The mark of the series at this place: circle, square, triangle, diamond, triangle on its head, hollow circle."""
    colour = filled(f"c{at % SERIES}")
    corners = {
        1: ((-1, -1), (1, -1), (1, 1), (-1, 1)), 2: ((0, -1.3), (1.2, 0.9), (-1.2, 0.9)),
        3: ((0, -1.4), (1.4, 0), (0, 1.4), (-1.4, 0)), 4: ((0, 1.3), (1.2, -0.9), (-1.2, -0.9)),
    }.get(at % SERIES)  # fmt: skip
    if corners:
        return tag("polygon", points=" ".join(f"{x + r * a:.1f},{y + r * b:.1f}" for a, b in corners), **colour)
    if at % SERIES == 5:
        return tag("circle", cx=x, cy=y, r=r, stroke_width=1.8, **lined("c5", fill="paper"))
    return tag("circle", cx=x, cy=y, r=r, **colour)


def _labels(drawn: Sequence[Sequence[Point | None]], frame: Frame) -> list[str]:
    """Words of points, above or below them, where nothing stands yet."""
    taken: list[tuple[float, float, float, float]] = []
    points = [one for seen in drawn for one in _points(seen)]
    for one in points:
        top, foot = (one.high if one.high is not None else one.y), (one.low if one.low is not None else one.y)
        taken.append((frame.x(one.x) - 8, frame.y(top or 0.0) - 5, frame.x(one.x) + 8, frame.y(foot or 0.0) + 5))
    shapes = []
    for one in (one for one in points if one.label):
        half, x = wide(one.label, 11) / 2, frame.x(one.x)
        top, foot = (one.high if one.high is not None else one.y), (one.low if one.low is not None else one.y)
        for y in (frame.y(top or 0.0) - 8, frame.y(foot or 0.0) + 17):
            box = (x - half, y - 10, x + half, y + 2)
            inside = box[0] >= frame.left and box[2] <= frame.right and box[1] >= 0 and box[3] <= frame.foot - 2
            if inside and not any(_meet(box, other) for other in taken):
                shapes.append(words(one.label, x, y, anchor="middle", size=11))
                taken.append(box)
                break
    return shapes


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _names(drawn: Sequence[tuple[Series, list[Point | None]]], frame: Frame, width: float) -> list[str]:
    """Each series' mark and name at its end, moved apart where they would meet."""
    ends = sorted((frame.y(_points(seen)[-1].y or 0.0), at) for at, (_, seen) in enumerate(drawn))
    heights = [y for y, _ in ends]
    for at, (above, below) in enumerate(pairwise(tuple(heights))):
        heights[at + 1] = max(below, (heights[at] if at else above) + 16)
    over = max(0.0, heights[-1] - frame.foot)
    for at in range(len(heights) - 1, -1, -1):
        roof = heights[at + 1] - 16 if at + 1 < len(heights) else heights[at] - over
        heights[at] = min(heights[at], roof)
    shapes = []
    for y, (_, at) in zip(heights, ends, strict=True):
        shapes.append(mark(at, frame.right + 12, y))
        shapes.append(words(fitted(drawn[at][0].name, width - frame.right - 24), frame.right + 21, y + 4))
    return shapes


def _told(name: str, one: Point, unit: str, across: str) -> str:
    said = f"{name}, {across} {figure(one.x)}: {figure(one.y or 0.0, unit)}"
    if one.low is not None and one.high is not None:
        said += f" ({figure(one.low, unit)} to {figure(one.high, unit)})"
    return said + (f", {one.label}" if one.label else "")


def _said(drawn: Sequence[tuple[Series, list[Point | None]]], unit: str, across: str) -> str:
    """What the lines show, for those who do not see them."""
    return "; ".join(_told(one.name, point, unit, across) for one, seen in drawn for point in _points(seen)) + "."
