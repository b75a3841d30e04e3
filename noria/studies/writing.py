"""A study as a page and as JSON: what was played, the table, and every figure it was made of.

ablation.md      for people: the command, the table with intervals, what failed
ablation.json    the plan, the measures of every session, the cells; the page follows from it
"""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from noria import __version__
from noria.errors import storage
from noria.studies.arms import Plan
from noria.studies.comparing import FIGURES, Cell, Compared
from noria.studies.measures import Measures

HEADS = {
    "yield": "yield", "labels": "labels right", "exam_gain": "exam gain", "distinct_2": "distinct-2",
    "vendi": "Vendi", "tokens": "tokens an accepted task",
}  # fmt: skip

ABOVE = (
    "Under each figure stands how much it differs from the whole recipe's, with its 95 % interval; a star marks",
    "what stays beyond noise when all arms of a column count (Holm).",
)

BELOW = (
    "- yield: accepted tasks of those dealt; labels right: accepted answers of a drawn slice that are proved again",
    "  by program in a fresh runner.",
    "- exam gain: share of the exam's items that the last student has right beyond the base, on the items that both",
    "  answered, whether it was promoted or not; a session that trained nobody has none.",
    "- distinct-2 and Vendi score: of accepted tasks with their answers, as many in every arm of a seed.",
    "- yield and labels: Mantel-Haenszel inside seeds; the others: Student's t over the differences of paired seeds.",
)

SHARES = ("yield", "labels", "exam_gain")


def report(
    plan: Plan, found: Sequence[Measures], compared: Compared, failed: Mapping[str, str], machine: Mapping[str, Any]
) -> dict[str, Any]:
    """The study as JSON."""
    return {
        "noria": __version__,
        "study": "ablation",
        "plan": plan.model_dump(mode="json"),
        "identity": plan.identity,
        "machine": dict(machine),
        "sessions": [one.model_dump(mode="json", exclude={"texts"}) for one in found],
        "failed": dict(failed),
        "rows": {
            arm: {
                name: {
                    "value": one.value, "n": one.n, "difference": one.difference, "low": one.low, "high": one.high,
                    "beyond": one.beyond,
                }
                for name, one in cells.items()
            }
            for arm, cells in compared.rows.items()
        },
        "diversity_at": compared.sizes,
    }  # fmt: skip


def page(plan: Plan, compared: Compared, told: Mapping[str, Any], command: str) -> Sequence[str]:
    """The study as lines of Markdown."""
    sessions = told["sessions"]
    played = f"{len(sessions)} sessions: {len(plan.arms)} arms, seeds {', '.join(map(str, plan.seeds))}"
    played += f"; set in the recipe: {', '.join(plan.settings)}" if plan.settings else ""
    played += "; puppets played, so no figure says anything of models" if plan.dry else ""
    lines = [
        f"# Ablation of the recipe `{plan.recipe}`",
        "",
        f"`{command}`",
        "",
        f"{played}. {_machine(told)}",
        "",
        *ABOVE,
    ]
    lines += ["", f"| arm | {' | '.join(HEADS[name] for name in FIGURES)} |", "| --- |" + " ---: |" * len(FIGURES)]
    for arm, cells in compared.rows.items():
        lines.append(f"| {arm} | {' | '.join(_cell(name, cells[name]) for name in FIGURES)} |")
    sizes = sorted(set(compared.sizes.values()))
    lines += [
        "",
        *BELOW,
        f"- diversity is measured at {' to '.join(map(str, dict.fromkeys((sizes[0], sizes[-1]))))} texts.",
    ]
    if told["failed"]:
        lines += ["", "Failed sessions, which no figure counts:", ""]
        lines += [f"- {place}: {why}" for place, why in told["failed"].items()]
    if compared.alone:
        lines += ["", f"Not comparable, for no seed has both: {', '.join(compared.alone)}."]
    lines += [
        "",
        "| session | accepted of dealt | proved | exam | promoted | tokens | seconds |",
        "| --- |" + " ---: |" * 6,
    ]
    for one in sessions:
        exam = f"{one['base_right']} → {one['student_right']} of {one['items']}" if one["items"] else "none"
        lines.append(
            f"| {one['arm']}, seed {one['seed']} | {one['accepted']} of {one['episodes']} | {one['right']} of "
            f"{one['proved']} | {exam} | {one['promoted']} | {one['tokens']:,} | {one['seconds']:,.0f} |"
        )
    return lines


def _machine(told: Mapping[str, Any]) -> str:
    one = told["machine"]
    return f"Noria {told['noria']}, {one['cores']} cores, {one['memory_gib']} GiB, Python {one['python']}."


def machine() -> dict[str, Any]:
    """What the study was played on."""
    memory = round(psutil.virtual_memory().total / 2**30)
    return {"cores": os.cpu_count() or 1, "memory_gib": memory, "python": platform.python_version()}


def _cell(name: str, one: Cell) -> str:
    if one.value is None:
        return "none"
    said = _number(name, one.value)
    if one.difference is None:
        return said
    gap = _number(name, one.difference, sign=True)
    inside = (
        "one pair"
        if one.low is None or one.high is None
        else f"{_number(name, one.low, sign=True)} to {_number(name, one.high, sign=True)}"
    )
    return f"{said}<br>{gap} [{inside}]{'*' if one.beyond else ''}"


def _number(name: str, value: float, *, sign: bool = False) -> str:
    plus = "+" if sign else ""
    if name in SHARES:
        return f"{value * 100:{plus}.1f}{'' if sign else ' %'}"
    if name == "tokens":
        return f"{value:{plus},.0f}"
    return f"{value:{plus}.3f}" if name == "distinct_2" else f"{value:{plus}.1f}"


def write(out: Path, told: Mapping[str, Any], lines: Sequence[str]) -> tuple[Path, Path]:
    """Write a study's page and its JSON into its folder; returns where they are.

    Raises:
        SessionError: the folder cannot be written.
    """
    paths = out / "ablation.md", out / "ablation.json"
    with storage(out):
        paths[0].write_text("\n".join(lines) + "\n", encoding="utf-8")
        paths[1].write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return paths
