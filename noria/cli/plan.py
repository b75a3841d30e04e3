"""`noria plan`: what a large run will take, foreseen from a small one; and such a plan held against what came."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from noria.cli.main import AsJson, app
from noria.cli.paging import NoPager, drawn, show
from noria.errors import ConfigError

if TYPE_CHECKING:
    from noria.planning.checking import Checked
    from noria.planning.plan import Plan
    from noria.planning.profile import Profile


@app.command()
def plan(
    target: Annotated[
        int, typer.Option("--target", "-t", min=1, help="Accepted episodes, such as 1_000_000.")
    ] = 10_000,
    hardware: Annotated[
        str, typer.Option("--hardware", help="A machine of the table and how many, such as h100x8; `session`: its own.")
    ] = "session",
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A played session, or a profile that was kept; else the package's own."),
    ] = None,
    parameters: Annotated[
        float | None, typer.Option("--model-parameters", min=1, help="Of the model to be served, such as 8e9.")
    ] = None,
    price: Annotated[float | None, typer.Option("--price-hour", min=0, help="Of one device, in dollars.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds that the run is cut into.")] = 10,
    processes: Annotated[
        int, typer.Option(min=1, help="Processes of Noria that play; more than one with `executor: ray`.")
    ] = 1,
    keep: Annotated[
        Path | None, typer.Option(help="Write the session's profile to a file, to plan from elsewhere.")
    ] = None,
    check: Annotated[
        Path | None, typer.Option(help="Foresee the rest of this session from its beginning, and compare.")
    ] = None,
    as_json: AsJson = False,
    no_pager: NoPager = False,
) -> None:
    """What a large run will take: tokens, time, disk, money, and the stage that binds, from a small run's figures.

    Every figure is a range, and says whether it was measured, published or computed.
    """
    from noria.planning.hardware import SESSION, machine
    from noria.planning.plan import foresee
    from noria.planning.profile import keep as write

    if check is not None:
        _check(check, as_json=as_json, paged=not no_pager)
        return
    known = None if hardware == SESSION else machine(hardware)
    profile = _profile(source)
    if keep is not None:
        write(profile, keep)
    found = foresee(
        profile, target, known, parameters=parameters or 0.0, rounds=rounds, price=price, processes=processes
    )
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json")))
    else:
        show(drawn(*_said(found)), paged=not no_pager)


def _profile(source: Path | None) -> "Profile":
    from noria.cli.reading import history
    from noria.planning.measuring import measure
    from noria.planning.profile import SHIPPED, read

    if source is None or source.is_file():
        return read(source or SHIPPED)
    if not source.is_dir():
        raise ConfigError(f"{str(source)!r} is neither a session's folder nor a profile.", mend="Name one with --from.")
    with history(source) as story:
        return measure(story, source)


def _check(session: Path, *, as_json: bool, paged: bool) -> None:
    from noria.cli.reading import history
    from noria.planning.checking import check

    with history(session) as story:
        found = check(story, session)
    if as_json:
        figures = [one.model_dump() | {"apart": one.apart, "within": one.within} for one in found.figures]
        typer.echo(json.dumps(found.model_dump(mode="json") | {"figures": figures}))
    else:
        show(drawn(*_compared(found)), paged=paged)


def _compared(found: "Checked") -> list[Table | str]:
    from noria.planning import words

    table = _table("figure", "foreseen", "nine in ten between", "came", "apart")
    for row in words.compared(found):
        table.add_row(*row)
    inside = sum(one.within for one in found.figures)
    return [
        f"{found.session}: {found.rest} ({found.episodes} episodes), foreseen from {found.seen}", "", table, "",
        f"{inside} of {len(found.figures)} figures came between the ends.",
    ]  # fmt: skip


def _said(found: "Plan") -> list[Table | str]:
    from noria.planning import words

    profile = found.profile
    totals = _table("", "", "nine in ten between")
    for row in words.rows(found):
        totals.add_row(*row)
    stages = _table("stage", "alone", "nine in ten between", "")
    for one in words.stages(found):
        stages.add_row(*one)
    figures = Table(box=None, padding=(0, 2, 0, 0))
    for head in ("rests on", "", "", ""):
        figures.add_column(head, overflow="fold")
    for told in (*found.figures, found.price):
        figures.add_row(*words.figure(told))
    return [
        f"{found.target:,} accepted on {found.machine}, {words.number(found.parameters)} parameters, "
        f"{found.rounds} rounds",
        f"From {profile.session}, {profile.played}: {profile.accepted} accepted of {profile.dealt} in {profile.rounds} "
        f"round{'s' * (profile.rounds != 1)}",
        words.episode(found),
        "", totals, "", stages, words.binding(found), "", figures, "", *found.notes,
    ]  # fmt: skip


def _table(*heads: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for at, head in enumerate(heads):
        table.add_column(head, justify="right" if 0 < at < 3 else "left", overflow="fold")
    return table
