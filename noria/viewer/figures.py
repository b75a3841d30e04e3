"""The figures of an exported card, as the texts of SVG files.

composition (who answered, by domain) · funnel (episodes by stage) · exams (share right over rounds)
"""

from collections.abc import Mapping
from typing import Any

from noria.types import Stage
from noria.viewer.drawing import Bar, Point, Series, Stack, bars, curve, stacked

LEAST = 2
"""Exams that make a curve."""


def drawings(counted: Mapping[str, Any]) -> dict[str, str]:
    """Each figure by its name, from what an export counted; one that would show nothing is left out."""
    found = {"funnel": _funnel(counted["funnel"])}
    if counted["strata"]:
        found["composition"] = _composition(counted)
    if len(counted["exams"]) >= LEAST:
        found["exams"] = _exams(counted["exams"])
    return found


def _composition(counted: Mapping[str, Any]) -> str:
    stacks = [Stack(domain, tuple(sources.items())) for domain, sources in counted["strata"].items()]
    return str(stacked(stacks, title="Samples by domain, and who answered", standalone=True))


def _funnel(funnel: Mapping[str, int]) -> str:
    dealt = funnel[Stage.DEALT.value] or 1
    rows = [Bar(stage.replace("_", " "), count, share=count / dealt) for stage, count in funnel.items()]
    return str(bars(rows, title="Episodes that reached each stage", standalone=True))


def _exams(exams: list[dict[str, Any]]) -> str:
    def line(name: str, side: str) -> Series:
        return Series(
            name,
            tuple(
                Point(
                    one["round"], one[f"{side}_right"] / one["items"],
                    low=one[f"{side}_interval"][0], high=one[f"{side}_interval"][1],
                    label="promoted" if side == "student" and one["promoted"] else "",
                )
                for one in exams if one["items"]
            ),
        )  # fmt: skip

    series = (line("before", "parent"), line("after", "student"))
    return str(
        curve(
            series,
            title="Fresh exam items answered right, before and after each round's training",
            unit="%",
            standalone=True,
        )
    )
