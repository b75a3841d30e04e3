"""`noria review`: the uncertain candidates that wait for a person, shown and ruled on, in a running session or not."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from noria.cli.main import AsJson, Session, app, out
from noria.errors import ConfigError, NoriaError
from noria.viewer.text import printable

SHOWN = 20
"""Candidates that are listed where nobody asks for all."""

KEYS = "[a]pprove  [r]efuse  [s]kip  [q]uit"


@app.command()
def review(
    session: Session,
    approve: Annotated[list[str] | None, typer.Option("--approve", metavar="ID", help="Let it be learned.")] = None,
    refuse: Annotated[list[str] | None, typer.Option("--refuse", metavar="ID", help="Withdraw it.")] = None,
    why: Annotated[str, typer.Option("--why", help="The reason of a refusal, in a sentence.")] = "",
    every: Annotated[bool, typer.Option("--all", help=f"List every one that waits, not only {SHOWN}.")] = False,
    as_json: AsJson = False,
) -> None:
    """Rule on the uncertain candidates that wait for a person (`methods.active`), one by one on a terminal."""
    from noria.graphs.steering import asking

    if approve or refuse:
        _rule(session, approve or [], refuse or [], why, as_json=as_json)
        return
    if why:
        raise ConfigError("A reason belongs to a refusal.", mend="Name what is refused with --refuse ID.")
    found = asking.reviews(session)
    if as_json:
        typer.echo(json.dumps(found))
        return
    out.print(_budget(found["routing"]), markup=False)
    if found["reviews"] and sys.stdin.isatty() and sys.stdout.isatty():
        _asked(session, found["reviews"])
        return
    for one in found["reviews"][: None if every else SHOWN]:
        _show(one)
    if (left := len(found["reviews"]) - SHOWN) > 0 and not every:
        out.print(f"\nand {left} more (--all)")
    if found["reviews"]:
        out.print(f"\nRule: noria review {session} --approve ID   --refuse ID --why TEXT", markup=False)


def _rule(session: Path, approve: list[str], refuse: list[str], why: str, *, as_json: bool) -> None:
    from noria.graphs.steering import asking

    if refuse and not why:
        raise ConfigError("A refusal needs a reason.", mend="Say it with --why TEXT.")
    if both := sorted({*approve} & {*refuse}):
        raise ConfigError(f"{both[0]} is approved and refused at once.", mend="Name it once.")
    waits = {key for one in asking.reviews(session)["reviews"] for key in (one["id"], one["episode"])}
    if unknown := next((one for one in (*approve, *refuse) if one not in waits), None):
        raise ConfigError(
            f"{unknown!r} waits for no review.",
            mend="`noria review SESSION` lists them; `noria refuse` takes any sample.",
        )
    said = [
        asking.rule(session, ids, ruling, reason)
        for ids, ruling, reason in ((approve, "approve", ""), (refuse, "refuse", why)) if ids
    ]  # fmt: skip
    routing = asking.reviews(session)["routing"]
    if as_json:
        typer.echo(json.dumps({"rulings": said, "routing": routing}))
        return
    for one in said:
        out.print(printable(one["said"]), markup=False)
    out.print(_budget(routing), markup=False)


def _asked(session: Path, reviews: list[dict[str, Any]]) -> None:
    """Show one after another and take what is typed; nothing is ruled on that nobody answered."""
    from noria.graphs.steering import asking

    for at, one in enumerate(reviews, 1):
        _show(one, f"{at} of {len(reviews)}: ")
        while True:
            key = typer.prompt(KEYS, default="s", show_default=False).strip().lower()[:1]
            if key == "q":
                return
            if key == "s":
                break
            if key not in ("a", "r"):
                continue
            why = typer.prompt("Why", default="", show_default=False) if key == "r" else ""
            try:
                said = asking.rule(session, one["id"], "approve" if key == "a" else "refuse", why)
            except NoriaError as fault:
                out.print(printable(str(fault)), markup=False)
                continue
            out.print(printable(said["said"]), markup=False)
            break
    out.print(_budget(asking.reviews(session)["routing"]), markup=False)


BRIEF = 120
"""Characters that are shown of an attempt beside the one to rule on."""


def _show(one: dict[str, Any], place: str = "") -> None:
    signs = ", ".join(f"{name} {part:.2f}" for name, part in sorted(one["why"].items(), key=lambda sign: -sign[1]))
    head = f"{one['id']}  round {one['round']}, {one['domain']} L{one['level']}, answered by {one['source']}"
    out.print(f"\n{place}{head}", markup=False)
    others = [" ".join(said.split()) for said in dict.fromkeys(one["attempts"])]
    briefly = [said if len(said) <= BRIEF else f"{said[: BRIEF - 1]}…" for said in others]
    lines = {
        "asks": one["instruction"], "answers": one["response"],
        "checks": "; ".join(f"{name}: {said}" for name, said in one["checks"].items()),
        "attempts": " | ".join(briefly), "judge": one["judge"],
        "critic": ", ".join(one["critic"]), "uncertain": f"{one['uncertainty']:.2f} ({signs})", "note": one["said"],
    }  # fmt: skip
    for name, said in lines.items():
        if said:
            out.print(f"  {name + ':':11}{printable(said).replace(chr(10), chr(10) + ' ' * 13)}", markup=False)


def _budget(routing: dict[str, Any]) -> str:
    if not routing["to"]:
        return "Nothing is routed here (`methods: {active: on}` in the config routes what is uncertain)."
    left = (
        f"{routing['spent']} of {routing['budget']} of round {routing['round']}'s budget spent, {routing['left']} left"
    )
    counts = f"{routing['open']} wait, {routing['approved']} approved, {routing['refused']} refused"
    return f"{counts}; {left}."
