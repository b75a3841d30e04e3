"""A study of gain on disk: the report as JSON, the page that follows from it, its drawings.

gain.json ─► gain.md · gain-arms.svg · gain-rounds.svg      `verify`: gain.json ─► the same figures?
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from noria.errors import ConfigError, storage
from noria.studies.gain.figures import figures
from noria.studies.gain.outcomes import SEEN
from noria.studies.gain.page import costs, order, page
from noria.viewer.drawing.bars import Bar, bars
from noria.viewer.drawing.curve import Point, Series, curve

CLOSE = 1e-9
"""What two computations of one figure may differ by."""

KEYS = ("items", "outcomes", "arms", "plan", "struck", "figures", "test")


def drawn(told: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The drawings: title to file name and SVG."""
    rows = [
        Bar(arm, one["value"], low=one["low"], high=one["high"])
        for arm in order(list(found["arms"])) if (one := found["arms"][arm]["sets"][SEEN])
    ]  # fmt: skip
    title = "Right answers on learned levels, with 95 % intervals"
    made = {title: ("gain-arms.svg", str(bars(rows, title=title, unit="%", top=1.0, standalone=True)))}
    series: dict[str, dict[int, list[float]]] = {}
    for key, one in told["arms"].items():
        for row in one.get("rounds", ()):
            if row["solve_rate"] is not None:
                series.setdefault(key.partition("/")[0], {}).setdefault(row["round"], []).append(row["solve_rate"])
    lines = [
        Series(arm, [Point(number, sum(own) / len(own)) for number, own in sorted(rates.items())])
        for arm, rates in series.items()
    ]
    if lines:
        title = "Solve rate of the tasks that were dealt, round by round, mean over seeds"
        made[title] = ("gain-rounds.svg", str(curve(lines, title=title, unit="%", standalone=True)))
    return made


def write(out: Path, told: Mapping[str, Any], words: str = "") -> tuple[dict[str, Any], list[str]]:
    """Write report, page and drawings; returns the whole report and the page's lines.

    Raises:
        SessionError: the folder cannot be written.
    """
    found = figures(told)
    whole = {**told, "figures": found, "costs": costs(told)}
    pictures = drawn(told, found)
    lines = page(told, found, {title: name for title, (name, _) in pictures.items()}, words)
    with storage(out):
        (out / "gain.json").write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
        (out / "gain.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
        for name, svg in pictures.values():
            (out / name).write_text(svg + "\n", encoding="utf-8")
    return whole, lines


def read(path: Path) -> dict[str, Any]:
    """A report of a study of gain.

    Raises:
        ConfigError: it cannot be read, or is none.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise ConfigError(
            f"The report {str(path)!r} cannot be read: {fault}.", mend="`noria study gain` writes gain.json."
        ) from fault
    missing = [key for key in KEYS if not isinstance(told, dict) or key not in told]
    if missing or told.get("study") != "gain":
        raise ConfigError(
            f"{str(path)!r} is no report of a study of gain: it lacks {missing[0] if missing else 'its name'}.",
            mend="`noria study gain` writes gain.json.",
        )
    return dict(told)


def verified(told: Mapping[str, Any]) -> tuple[int, list[str]]:
    """How many figures were computed anew from the stored outcomes, and those that come out otherwise.

    Raises:
        ConfigError: outcomes are missing or of another length than the items, so nothing can be computed.
    """
    items = len(told["items"])
    for key, one in told["outcomes"].items():
        if len(one["right"]) != items or len(one["cut"]) != items:
            raise ConfigError(f"The outcomes of {key!r} are of {len(one['right'])} items, and the test has {items}.")
    before = json.loads(json.dumps({**told["figures"], "costs": told.get("costs", {})}))
    after = json.loads(json.dumps({**figures(told), "costs": costs(told)}))
    apart = list[str]()
    count = _compare(before, after, "", apart)
    return count, apart


def _compare(before: Any, after: Any, place: str, apart: list[str]) -> int:
    if isinstance(before, dict) and isinstance(after, dict):
        keys = dict.fromkeys((*before, *after))
        return sum(_compare(before.get(key), after.get(key), f"{place}/{key}", apart) for key in keys)
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return sum(_compare(a, b, f"{place}/{at}", apart) for at, (a, b) in enumerate(zip(before, after, strict=True)))
    numbers = isinstance(before, int | float) and isinstance(after, int | float)
    if not (abs(before - after) <= CLOSE if numbers else before == after):
        apart.append(f"{place.lstrip('/')}: {before!r} stands there, {after!r} follows from the outcomes")
    return 1
