"""`noria steer`, `pause`, `go-on`, `waiting`, `approve`, `refuse`: saying something to a session, running or not."""

import json
import time
from typing import Annotated, Any

import typer

from noria.cli.main import AsJson, Session, app, out
from noria.errors import ConfigError
from noria.viewer.text import printable

Things = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Samples (or their episodes), or the student that waits.")
]
SHOWN = 20
"""Samples that `noria waiting` shows where nobody asks for all."""


@app.command()
def steer(
    session: Session,
    note: Annotated[str, typer.Argument(help="What the generator is to heed, in a sentence.")] = "",
    batches: Annotated[int | None, typer.Option("--batches", help="It lasts for so many batches.")] = None,
    rounds: Annotated[int | None, typer.Option("--rounds", help="It lasts for so many rounds; else for one.")] = None,
    drop: Annotated[str, typer.Option("--drop", metavar="ID", help="Take a note back.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="Show the notes in force.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell the generator what to write more or less of, from the next batch on; it is recorded, and expires."""
    from noria.graphs.steering import asking

    if sum(map(bool, (note, drop, listed))) != 1:
        raise ConfigError("Steering says one thing.", mend="Give a note, --drop ID, or --list.")
    if note:
        _say(asking.note(session, note, batches, rounds), as_json=as_json)
    elif drop:
        _say(asking.drop_note(session, drop), as_json=as_json)
    else:
        found = asking.notes(session)
        if as_json:
            typer.echo(json.dumps(found))
            return
        for one in found["notes"]:
            out.print(f"{one['note']}  {one['left']} {one['unit']} left  {printable(one['text'])}", markup=False)
        if not found["notes"]:
            out.print("No note is in force.")


@app.command()
def pause(session: Session, as_json: AsJson = False) -> None:
    """Let a running session stand still before its next batch, with its servers up."""
    from noria.graphs.steering import asking

    _say(asking.pause(session), as_json=as_json)


@app.command("go-on")
def go_on(session: Session, as_json: AsJson = False) -> None:
    """Let a paused session go on."""
    from noria.graphs.steering import asking

    _say(asking.go_on(session), as_json=as_json)


@app.command()
def waiting(
    session: Session,
    every: Annotated[bool, typer.Option("--all", help=f"Show every sample that waits, not only {SHOWN}.")] = False,
    as_json: AsJson = False,
) -> None:
    """What a session waits for: a pause, samples or a student for a ruling."""
    from noria.graphs.steering import asking

    found = asking.waiting(session)
    if as_json:
        typer.echo(json.dumps(found))
        return
    out.print(_standing(found), markup=False)
    for one in found["samples"][: None if every else SHOWN]:
        out.print(f"\n{one['id']}  {one['domain']} L{one['level']}, answered by {one['source']}", markup=False)
        out.print(f"  asks:    {printable(one['instruction'])}", markup=False)
        out.print(f"  answers: {printable(one['response'])}", markup=False)
    if (left := len(found["samples"]) - SHOWN) > 0 and not every:
        out.print(f"\nand {left} more (--all)")
    if one := found["student"]:
        right = f"{one['parent_right']} right before, {one['student_right']} after, of {one['items']}"
        out.print(f"\n{one['name']}  round {one['round']}: {right}; {printable(one['why'])}", markup=False)
    if found["samples"] or found["student"]:
        out.print(f"\nRule: noria approve {session} ID… | --all   noria refuse {session} ID… --why TEXT", markup=False)


@app.command()
def approve(
    session: Session,
    things: Things = None,
    every: Annotated[bool, typer.Option("--all", help="Everything that waits.")] = False,
    as_json: AsJson = False,
) -> None:
    """Approve samples, or a student, that wait for a person's ruling."""
    _rule(session, things or [], "approve", "", every=every, as_json=as_json)


@app.command()
def refuse(
    session: Session,
    things: Things = None,
    why: Annotated[str, typer.Option("--why", help="The reason, in a sentence.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Everything that waits.")] = False,
    as_json: AsJson = False,
) -> None:
    """Refuse an accepted sample at any time, or a student that waits: it is never learned, or promoted."""
    if not why:
        raise ConfigError("A refusal needs a reason.", mend="Say it with --why TEXT.")
    _rule(session, things or [], "refuse", why, every=every, as_json=as_json)


def _rule(session: Any, things: list[str], ruling: str, why: str, *, every: bool, as_json: bool) -> None:
    from noria.graphs.steering import asking

    if bool(things) == every:
        raise ConfigError("A ruling names what it rules on.", mend="Give ids, or --all; `noria waiting` lists them.")
    if every:
        found = asking.waiting(session)
        things = [one["id"] for one in found["samples"]] + ([found["student"]["name"]] if found["student"] else [])
        if not things:
            raise ConfigError("Nothing waits for a ruling.")
    _say(asking.rule(session, things, ruling, why), as_json=as_json)


def _say(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(said))
        return
    if "note" in said and "text" in said:
        out.print(f"{said['note']}: {printable(said['text'])}", markup=False)
    out.print(printable(said["said"]), markup=False)


def _standing(found: dict[str, Any]) -> str:
    since = f", for {time.time() - found['since']:.0f} s now" if found["since"] else ""
    said = {
        "playing": "It plays, and waits for nothing.",
        "pausing": "It pauses before its next batch.",
        "waiting": f"It stands still{since}: {found['said']}.",
        "at_rest": "Nobody runs it" + ("; it is paused, and `noria resume` lets it go on." if found["paused"] else "."),
        "finished": "It is finished.",
    }
    return printable(said[found["state"]])
