"""A small line in a table's cell: where a figure has been, and where it stands."""

from collections.abc import Sequence

from markupsafe import Markup

from noria.viewer.drawing.sheet import figure, filled, lined, nothing, sheet, tag, told


def spark(
    values: Sequence[float | None],
    *,
    title: str,
    unit: str = "",
    width: float = 120,
    height: float = 28,
    standalone: bool = False,
) -> Markup:
    """A line over these values, the last one marked; a missing value breaks the line.

    The lowest value lies at the foot and the highest at the head: it tells a course, no size.
    """
    seen = [(at, value) for at, one in enumerate(values) if (value := told(one)) is not None]
    if not seen:
        return nothing(title, width=max(width, 220), standalone=standalone)
    low, high = min(value for _, value in seen), max(value for _, value in seen)
    across = (width - 12) / max(1, len(values) - 1)

    def place(at: int, value: float) -> str:
        share = (value - low) / (high - low) if high > low else 0.5
        return f"{6 + at * across:.1f},{height - 5 - share * (height - 10):.1f}"

    runs: list[list[str]] = []
    for index, (at, value) in enumerate(seen):
        if not index or seen[index - 1][0] != at - 1:
            runs.append([])
        runs[-1].append(place(at, value))
    x, y = map(float, runs[-1][-1].split(","))
    shapes = [tag("polyline", points=" ".join(run), stroke_width=1.5, **lined("accent")) for run in runs if run[1:]]
    shapes += [tag("circle", cx=float(one[0].split(",")[0]), cy=float(one[0].split(",")[1]), r=1.5, **filled("accent"))
               for one in runs if not one[1:]]  # fmt: skip
    shapes.append(tag("circle", cx=x, cy=y, r=3, **filled("accent")))
    said = ", ".join("missing" if told(one) is None else figure(told(one) or 0.0, unit) for one in values)
    return sheet(*shapes, width=width, height=height, title=title, desc=said, standalone=standalone)
