"""The policies of a session as a graph: the base at the left, each student in the column of its round.

                    ┌ ─ ─ probation ─ ─ ─┐
    base ──► r0001 ──┬──► r0003          ▼          whole line: examined against, and promoted over or kept out
    ■        ●       │    ●̶                         broken line: the pointer moved back
                     └──► r0002 ○

The line that leads to who plays now lies in one row; whoever was kept out, withdrawn or is tainted
hangs below. What became of a policy is told by its shape and by a word under its name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from noria.viewer.drawing.sheet import filled, fitted, hint, lined, nothing, sheet, tag, wide, words

State = Literal["base", "promoted", "kept out", "withdrawn", "tainted", "untried"]
"""What became of a policy; `untried` has been trained and not examined."""

LANE = 74.0
ARC = 22.0
"""Heights of a row of policies and of a move back above them, in pixels."""


@dataclass(frozen=True, slots=True)
class Node:
    """A policy."""

    name: str
    round: int
    """The round that trained it; 0 for the base."""
    state: State
    parents: tuple[str, ...] = ()
    """Names of the policies it was examined against, or grew from."""
    current: bool = False
    """Whether it plays as the student now."""
    note: str = ""
    """A short fact under its state, such as `19 → 31 %`."""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Back:
    """The pointer moved back, from a policy to an earlier one."""

    before: str
    after: str
    cause: str


def lineage(
    nodes: Sequence[Node],
    moves: Sequence[Back] = (),
    *,
    title: str,
    width: float = 640,
    standalone: bool = False,
) -> Markup:
    """Draw the policies; at least `width` wide, and wider where there are many rounds (the figure then scrolls)."""
    if not nodes:
        return nothing(title, width=width, standalone=standalone)
    nodes = sorted(nodes, key=lambda one: (one.round, one.name))
    columns, short = _columns(nodes), _short(nodes)
    lanes = _lanes(nodes, columns)
    last = max(columns.values())
    facts = {one.name: [text for text in (_state(one), one.note) if text] for one in nodes}
    texts = [wide(short[one.name]) for one in nodes] + [wide(t, 11) for ts in facts.values() for t in ts]
    across = max(min(max(texts), 150.0) + 12, min(150.0, (width - 40) / (last + 1)))
    arcs, roof = _arcs([one for one in moves if _leads(one, columns)], columns, across)
    places = {
        one.name: (20 + across / 2 + columns[one.name] * across, 16 + roof * ARC + lanes[one.name] * LANE)
        for one in nodes
    }
    shapes = [
        _edge(places[parent], places[one.name], across, standing=one.state in ("promoted", "base"))
        for one in nodes
        for parent in one.parents
        if parent in places and parent != one.name
    ]
    shapes += [_arc(one, level, places) for one, level in arcs]
    shapes += [_node(one, short[one.name], facts[one.name], *places[one.name], across) for one in nodes]
    return sheet(
        *shapes, width=max(width, 40 + (last + 1) * across), height=20 + roof * ARC + (max(lanes.values()) + 1) * LANE,
        title=title, desc=_said(nodes, moves), standalone=standalone, links=any(one.href for one in nodes),
    )  # fmt: skip


def _state(one: Node) -> str:
    return f"{one.state}, plays now" if one.current else one.state


def _columns(nodes: Sequence[Node]) -> dict[str, int]:
    """A column a policy, by round: two of one round stand beside each other."""
    return {one.name: at for at, one in enumerate(nodes)}


def _short(nodes: Sequence[Node]) -> dict[str, str]:
    """Names for the drawing: where there are many, without what all students' names begin with."""
    students = [one.name for one in nodes if one.state != "base"]
    heads = {name[: name.rfind("-") + 1] for name in students}
    cut = len(heads.pop()) if len(heads) == 1 and len(students) > 6 else 0
    return {one.name: fitted(one.name[cut:] if one.name in students else one.name, 138) for one in nodes}


def _lanes(nodes: Sequence[Node], columns: dict[str, int]) -> dict[str, int]:
    """Row 0 for the line to who plays now; below it, for each other, the first row that is free back to its parent."""
    by_name = {one.name: one for one in nodes}
    line, at = set[str](), next((one for one in nodes if one.current), nodes[0])
    while at.name not in line:
        line.add(at.name)
        at = next((by_name[parent] for parent in at.parents if parent in by_name), nodes[0])
    lanes, taken = dict.fromkeys(line, 0), list[set[int]]()
    for one in nodes:
        if one.name in line:
            continue
        column = columns[one.name]
        parent = next((parent for parent in one.parents if parent in lanes), None)
        first = columns[parent] + 1 if parent and lanes[parent] else column
        span = set(range(min(first, column), column + 1))
        row = next((at for at, used in enumerate(taken) if not used & span), len(taken))
        if row == len(taken):
            taken.append(set())
        taken[row] |= span
        lanes[one.name] = row + 1
    return lanes


def _leads(one: Back, columns: dict[str, int]) -> bool:
    return one.before in columns and one.after in columns and one.before != one.after


def _arcs(moves: Sequence[Back], columns: dict[str, int], across: float) -> tuple[list[tuple[Back, int]], int]:
    """Each move back with its height above the rows, so that no two and none of their words meet; and the highest."""
    found, rows = list[tuple[Back, int]](), list[list[tuple[float, float]]]()
    for one in sorted(moves, key=lambda move: abs(columns[move.before] - columns[move.after])):
        ends = sorted((columns[one.before] * across, columns[one.after] * across))
        middle, half = sum(ends) / 2, wide(one.cause, 11) / 2 + 6
        span = min(ends[0], middle - half), max(ends[1], middle + half)
        row = next(
            (at for at, used in enumerate(rows) if all(span[1] < low or high < span[0] for low, high in used)),
            len(rows),
        )
        if row == len(rows):
            rows.append([])
        rows[row].append(span)
        found.append((one, row + 1))
    return found, len(rows) + 1 if rows else 0


def _edge(start: tuple[float, float], end: tuple[float, float], across: float, *, standing: bool) -> str:
    """From a parent along its row, and down to the child's row just before it."""
    (x1, y1), (x2, y2) = start, end
    turn = max(x1 + 10, x2 - across * 0.62)
    path = f"M{x1 + 10:.1f},{y1:.1f}H{turn:.1f}"
    if y1 == y2:
        path += f"H{x2 - 11:.1f}"
    else:
        path += f"C{turn + 16:.1f},{y1:.1f} {turn + 4:.1f},{y2:.1f} {x2 - 11:.1f},{y2:.1f}"
    arrow = f"M{x2 - 16:.1f},{y2 - 4:.1f}L{x2 - 10:.1f},{y2:.1f}L{x2 - 16:.1f},{y2 + 4:.1f}"
    return tag("path", d=path + arrow, stroke_width=2 if standing else 1.2, **lined("ink" if standing else "quiet"))


def _arc(one: Back, level: int, places: dict[str, tuple[float, float]]) -> str:
    (x1, y1), (x2, y2) = places[one.before], places[one.after]
    base = min(y for _, y in places.values())
    top = base - level * ARC
    path = f"M{x1:.1f},{y1 - 12:.1f}V{top + 6:.1f}Q{x1:.1f},{top:.1f} {x1 + (6 if x2 > x1 else -6):.1f},{top:.1f}"
    path += f"H{x2 + (6 if x1 > x2 else -6):.1f}Q{x2:.1f},{top:.1f} {x2:.1f},{top + 6:.1f}V{y2 - 13:.1f}"
    arrow = f"M{x2 - 4:.1f},{y2 - 18:.1f}L{x2:.1f},{y2 - 12:.1f}L{x2 + 4:.1f},{y2 - 18:.1f}"
    said = hint(f"Moved back from {one.before} to {one.after}: {one.cause}")
    dashed = tag("path", d=path, stroke_width=1.5, stroke_dasharray="5 4", **lined("bad"))
    head = tag("path", d=arrow, stroke_width=1.5, **lined("bad"))
    return tag(
        "g", said, dashed, head, words(one.cause, (x1 + x2) / 2, top + 4, anchor="middle", colour="bad", size=11)
    )


def _node(one: Node, short: str, facts: Sequence[str], x: float, y: float, across: float) -> str:
    said = f"{one.name}: {', '.join(facts)}" + (f"; round {one.round}" if one.round else "")
    ring = tag("circle", cx=x, cy=y, r=11.5, stroke_width=2, **lined("ink")) if one.current else ""
    text = words(short, x, y + 26, anchor="middle", bold=one.current)
    name = tag("a", text, href=one.href) if one.href else text
    below = [
        words(fitted(fact, across - 6, 11), x, y + 40 + at * 13, anchor="middle", colour="quiet", size=11)
        for at, fact in enumerate(facts)
    ]
    return tag("g", hint(said), ring, shape(one.state, x, y), name, *below)


def shape(state: State, x: float, y: float, r: float = 7.0) -> str:
    """The shape of what became of a policy.

    Base a square, promoted a disc, kept out a ring, withdrawn a ring with a bar, tainted a
    triangle, untried a diamond in outline.
    """
    if state == "base":
        return tag("rect", x=x - r, y=y - r, width=2 * r, height=2 * r, rx=1.5, **filled("ink"))
    if state == "promoted":
        return tag("circle", cx=x, cy=y, r=r, **filled("ok"))
    if state == "tainted":
        corners = f"{x:.1f},{y - r - 1:.1f} {x + r + 1:.1f},{y + r - 1:.1f} {x - r - 1:.1f},{y + r - 1:.1f}"
        return tag("polygon", points=corners, **filled("bad"))
    if state == "untried":
        corners = f"{x:.1f},{y - r:.1f} {x + r:.1f},{y:.1f} {x:.1f},{y + r:.1f} {x - r:.1f},{y:.1f}"
        return tag("polygon", points=corners, stroke_width=2, **lined("quiet", fill="paper"))
    ring = tag("circle", cx=x, cy=y, r=r - 1, stroke_width=2, **lined("quiet", fill="paper"))
    if state == "kept out":
        return ring
    d = r * 0.65
    bar = tag("path", d=f"M{x - d:.1f},{y + d:.1f}L{x + d:.1f},{y - d:.1f}", stroke_width=2, **lined("bad"))
    return ring + bar


def _said(nodes: Sequence[Node], moves: Sequence[Back]) -> str:
    """The graph in words."""
    told = [
        f"{one.name}: {_state(one)}"
        + (f", round {one.round}, after {', '.join(one.parents)}" if one.parents else "")
        + (f", {one.note}" if one.note else "")
        for one in nodes
    ]
    back = [f"moved back from {one.before} to {one.after} ({one.cause})" for one in moves]
    return "; ".join((*told, *back)) + "."
