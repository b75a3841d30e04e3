"""`noria prompts ab`: a trial is begun, ended and reported."""

import json
from pathlib import Path
from typing import Any, cast

import typer
from rich.table import Table
from rich.text import Text

from noria.cli.main import out
from noria.cli.template_words import known
from noria.errors import ConfigError
from noria.types.steering import Arm, DealtBy
from noria.viewer.text import printable


def begin(session: Path, words: list[str], by: str, *, as_json: bool) -> None:
    """Start a trial of two versions of a template.

    Raises:
        ConfigError: what is named is no template of that name.
    """
    from noria.graphs.steering import asking

    name, *sides = words
    if by not in ("episode", "round"):
        raise ConfigError(f"A trial deals by episode or by round, not by {by!r}.")
    with known(session) as here:
        a, b = (here.find(word) for word in sides)
    for one in (a, b):
        if one.name != name:
            raise ConfigError(f"{one.place} is the template {one.name!r}, not {name!r}.")
    _say(asking.compare(session, name, a.text, b.text, cast("DealtBy", by)), as_json=as_json)


def end(session: Path, trial: str, keep: str, *, as_json: bool) -> None:
    """End a trial, and keep an arm or none."""
    from noria.graphs.steering import asking

    if keep not in ("", "a", "b"):
        raise ConfigError(f"A trial keeps a or b, not {keep!r}.")
    _say(asking.stop_comparing(session, trial, cast("Arm | None", keep or None)), as_json=as_json)


def _say(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(said))
    else:
        out.print(printable(f"{said['trial']}: {said['said']}"), markup=False)


def reported(session: Path, *, as_json: bool) -> None:
    """What each arm of every trial did.

    Raises:
        SessionError: the folder holds no session.
    """
    from noria.memory.catalogue.reading import catalogue
    from noria.viewer.trials import reports

    with catalogue(session) as rows:
        found = reports(session, rows)
    if as_json:
        typer.echo(json.dumps(found))
        return
    for one in found:
        _print(one)
    if not found:
        out.print("This session compared no templates. `noria prompts ab NAME A B --session` begins a trial.")


def _print(one: dict[str, Any]) -> None:
    state = "running" if one["running"] else f"ended, {one['keep'] or 'neither'} kept"
    out.print(f"{one['trial']}  {one['name']}, dealt by {one['by']}, {state}", style="bold", markup=False)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("", f"A {one['a']}", f"B {one['b']}", "B less A, 95 %", ""):
        table.add_column(column)
    arms = one["arms"]["a"], one["arms"]["b"]
    table.add_row("episodes ended", *(str(arm["episodes"]) for arm in arms), "", "")
    for name in ("acceptance", "validity", "novelty"):
        table.add_row(name, *(_share(arm[name]) for arm in arms), *_gap(one["differences"][name]))
    rates = (_mean(arm["solve_rate"]) for arm in arms)
    table.add_row("solve rate", *rates, *_gap(one["differences"]["solve_rate"]))
    exam = one["exam"]
    gains = (_gain(exam["gain"][side]) for side in "ab")
    table.add_row("exam gain", *gains, *_gap(exam["difference"]))
    out.print(table)
    for side, arm in zip("AB", arms, strict=True):
        if arm["left_out"]:
            out.print(f"{arm['left_out']} episodes of {side} ended by a fault elsewhere and are left out.")
    out.print(Text(exam["said"], style="italic"))


def _percent(value: float) -> str:
    return f"{100 * value:.0f}%"


def _within(interval: tuple[float, float] | None, *, signed: bool = False) -> str:
    if interval is None:
        return ""
    low, high = (f"{100 * one:+.0f}" if signed else _percent(one) for one in interval)
    return f" [{low} – {high}]"


def _share(one: dict[str, Any]) -> str:
    if one["share"] is None:
        return "none yet"
    return f"{one['part']} of {one['of']}, {_percent(one['share'])}{_within(one['interval'])}"


def _mean(one: dict[str, Any]) -> str:
    return f"mean of {one['of']}, {_percent(one['mean'])}{_within(one['interval'])}" if one["of"] else "none yet"


def _gain(one: dict[str, Any]) -> str:
    if one["gain"] is None:
        return "not told apart"
    return f"{100 * one['gain']:+.0f} on {one['items']} items{_within(one['interval'], signed=True)}"


def _gap(one: dict[str, Any] | None) -> tuple[str, str]:
    if one is None:
        return "", ""
    sure = one.get("beyond")
    verdict = "" if sure is None else ("beyond noise" if sure else "no difference beyond noise")
    return f"{100 * one['value']:+.0f}{_within((one['low'], one['high']), signed=True)}", verdict
