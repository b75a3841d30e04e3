"""The drawings of a report, and the tables that are as good as drawings."""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

from noria.config.guards import TABLE
from noria.memory.catalogue import Catalogue
from noria.types import ACCEPTING, Exam, Stage
from noria.viewer import students as told
from noria.viewer.drawing import Bar, Node, Point, Series, Stack, bars, curve, lineage, stacked
from noria.viewer.drawing.wheel import Paddle, wheel
from noria.viewer.rendering import figure, seconds
from noria.viewer.report.choosing import how

Json = dict[str, Any]

WIDTH = 680.0

STAGES = ("plan", "play", "curate", "train", "examine", "seat", "probate", "guard")

DIVERSITY = ("distinct", "compression", "spread", "vendi", "signatures")
"""The guards' measures that a report draws: each is 1 where a round is as varied as the first."""


def figures(
    catalogue: Catalogue, summary: Json, exams: Sequence[Exam], known: Sequence[told.Student], names: dict[str, str]
) -> dict[str, Any]:
    """Every drawing by its name; empty where there is nothing to draw."""
    nodes, back = told.graph(catalogue, known, "")
    plain = [Node(one.name, one.round, one.state, one.parents, one.current, one.note) for one in nodes]
    return {
        "wheel": _wheel(summary) if summary["rounds"] else "",
        "funnel": _funnel(summary) if summary["funnel"]["dealt"] else "",
        "reasons": _reasons(summary),
        "sources": _sources(catalogue),
        "exams": _exams(exams) if exams else "",
        "domains": _domains(exams[-1]) if exams and exams[-1].domains else "",
        "learning": _learning(exams, summary) if exams else "",
        "diversity": _diversity(summary),
        "lineage": lineage(plain, back, title="How the policies descend from one another", width=WIDTH)
        if known
        else "",
        "seats": _seats(summary) if summary["seats"] else "",
        "stages": _stages(summary),
    }


def _wheel(summary: Json) -> Any:
    """The last round's wheel."""
    last = summary["rounds"][-1]
    spent, funnel = last["stages"], last["funnel"]
    rows = sum(last["rows"].get(kind, 0) for kind in ("new", "replay", "anchor", "generator"))
    exam = next((one for one in summary["exams"] if one["round"] == last["round"]), None)
    leaves = {
        "plan": f"{funnel['dealt']} episodes" if funnel["dealt"] else "",
        "play": f"{funnel['accepted']} accepted" if funnel["dealt"] else "",
        "curate": f"{rows} rows" if rows else "",
        "train": "a student" if exam else "",
        "examine": ("promoted" if exam["promoted"] else "kept out") if exam else "",
    }
    shown = [
        name for name in STAGES if name in spent or name in ("plan", "play", "curate", "train", "examine", "guard")
    ]
    paddles = [
        Paddle(name, seconds(spent[name]["seconds"]) if name in spent else "", "done" if name in spent else "ahead",
               leaves.get(name, ""))
        for name in shown
    ]  # fmt: skip
    hub = (f"{last['round']}/{len(summary['rounds'])}", "round")
    return wheel(paddles, title=f"The wheel of round {last['round']}", hub=hub)


def _funnel(summary: Json) -> Any:
    whole = summary["funnel"]["dealt"]
    rows = [
        Bar(stage.value.replace("_", " "), summary["funnel"][stage.value], summary["funnel"][stage.value] / whole)
        for stage in Stage
    ]
    return bars(rows, title="How far the episodes came", width=WIDTH, top=whole)


def _reasons(summary: Json) -> Any:
    rows = {name: count for name, count in summary["reasons"].items() if name not in ACCEPTING}
    whole = summary["funnel"]["dealt"]
    bad = [Bar(how(name), count, count / whole, colour="bad") for name, count in rows.items()]
    return bars(bad, title="Why the others were turned away", width=WIDTH) if bad else ""


def _sources(catalogue: Catalogue) -> Any:
    rows = catalogue.rows(
        "SELECT domain, source, count(*) AS count FROM accepted GROUP BY domain, source ORDER BY domain, source"
    )
    parts: dict[str, list[tuple[str, float]]] = {}
    for row in rows:
        parts.setdefault(row["domain"], []).append((f"by the {row['source']}", row["count"]))
    return stacked(
        [Stack(domain, own) for domain, own in parts.items()], title="Who gave the accepted answers", width=WIDTH
    ) if parts else ""  # fmt: skip


def _exams(exams: Sequence[Exam]) -> Any:
    student = [
        Point(
            one.round, one.student_right / one.items, *one.student_interval, "promoted" if one.promoted else "kept out"
        )
        for one in exams
    ]
    parent = [Point(one.round, one.parent_right / one.items, *one.parent_interval) for one in exams]
    series = [Series("student", student, joined=False), Series("its parent", parent, joined=False)]
    return curve(series, title="Share right in the exam of each round, with 95 % intervals", unit="%", width=WIDTH)


def _domains(exam: Exam) -> Any:
    rows = []
    for one in exam.domains:
        rows += [
            Bar(f"{one.domain}: parent", one.parent / one.items, colour="quiet", note=f"{one.parent} of {one.items}"),
            Bar(f"{one.domain}: student", one.student / one.items, note=f"{one.student} of {one.items}"),
        ]
    return bars(rows, title=f"The exam of round {exam.round} by domain", unit="%", width=WIDTH, top=1.0)


def _learning(exams: Sequence[Exam], summary: Json) -> Any:
    """Who would have played after each exam, against the tokens that were spent until then."""
    spent, until = 0, dict[int, int]()
    for one in summary["rounds"]:
        for name in STAGES:
            stage = one["stages"].get(name, {"prompt_tokens": 0, "completion_tokens": 0})
            spent += stage["prompt_tokens"] + stage["completion_tokens"]
            if name == "examine":
                until[one["round"]] = spent
    first = exams[0]
    made = [Point(0, first.parent_right / first.items, *first.parent_interval, "before")]
    for one in exams:
        right, bounds = (
            (one.student_right, one.student_interval) if one.promoted else (one.parent_right, one.parent_interval)
        )
        label = "promoted" if one.promoted else ""
        made.append(Point(until[one.round], right / one.items, *bounds, label))
    series = [Series("who plays on", made)]
    return curve(series, title="Share right against tokens spent", unit="%", across="tokens", width=WIDTH)


def _diversity(summary: Json) -> Any:
    points: dict[str, list[Point]] = {name: [] for name in DIVERSITY}
    for one in summary["rounds"]:
        for read in one["guards"].get("readings", ()):
            if read["guard"] not in points:
                continue
            if read["state"] == "first":
                points[read["guard"]].append(Point(one["round"], 1.0))
            elif read["value"] is not None and isfinite(read["value"]):
                points[read["guard"]].append(Point(one["round"], read["value"], read["low"], read["high"]))
    series = [Series(name, made) for name, made in points.items() if made]
    if not any(len(one.points) > 1 for one in series):
        return ""
    return curve(series, title="Diversity of what was accepted, against the first round (1 is no change)", width=WIDTH)


def _seats(summary: Json) -> Any:
    by_role: dict[str, list[tuple[str, float]]] = {}
    for one in summary["seats"]:
        by_role.setdefault(one["role"], []).append((one["policy"], one["prompt_tokens"] + one["completion_tokens"]))
    return stacked(
        [Stack(role, parts) for role, parts in by_role.items()], title="Tokens of each seat, by policy", width=WIDTH
    )


def _stages(summary: Json) -> Any:
    stacks = []
    for one in summary["rounds"]:
        parts = [(name, one["stages"][name]["seconds"]) for name in STAGES if name in one["stages"]]
        if sum(part[1] for part in parts) > 0:
            stacks.append(Stack(f"round {one['round']}", parts))
    return stacked(stacks, title="Seconds of each stage", width=WIDTH) if stacks else ""


def guards(summary: Json) -> list[Json]:
    """Each guard: what it watches, its bound, what it read last, and how it stood in each round."""
    found: dict[str, Json] = {}
    for one in summary["rounds"]:
        for read in one["guards"].get("readings", ()):
            row = found.setdefault(
                read["guard"],
                {"name": read["guard"], "watches": TABLE[read["guard"]].watches, "states": []},
            )
            row["states"].append(read["state"])
            row |= {"last": _read(read), "bound": read["bound"], "action": read["action"], "n": read["n"]}
            row["fired"] = [*row.get("fired", []), *([one["round"]] if read["state"] == "fired" else [])]
    return [{**row, "said": ", ".join(_runs(row["states"]))} for row in found.values()]


def _read(read: Json) -> str:
    if read["value"] is None:
        return "first round" if read["state"] == "first" else "no figure"
    return f"{figure(read['value'])} [{figure(read['low'])} to {figure(read['high'])}]"


def _runs(states: Sequence[str]) -> Iterator[str]:
    """States in a row, told once: `first, ok × 3`."""
    at = 0
    while at < len(states):
        end = at
        while end < len(states) and states[end] == states[at]:
            end += 1
        yield states[at] + (f" × {end - at}" if end - at > 1 else "")
        at = end
