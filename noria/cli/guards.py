"""`noria guards`: what the guards against collapse read in every round, and what followed."""

import json

import typer

from noria.cli.main import AsJson, Session, app, out
from noria.cli.reading import history
from noria.config.guards import TABLE
from noria.viewer.guards import guard_lines, reading_line

SHOWN = ("round", "rows", "guards", "cooled")


@app.command()
def guards(session: Session, as_json: AsJson = False) -> None:
    """The guards against collapse: every reading of every round against its bound, and what followed."""
    from noria.graphs.summary import summarise

    with history(session) as story:
        rounds = [{key: one[key] for key in SHOWN} for one in summarise(story)["rounds"]]
    if as_json:
        typer.echo(json.dumps(rounds))
        return
    lines = list(guard_lines(rounds))
    if not lines:
        out.print("No round was guarded.", markup=False)
        return
    lines += [reading_line(one["round"], read) for one in rounds for read in one["guards"].get("readings", ())]
    lines.append("\nWhat is watched, and why its bound stands where it does:")
    lines += [f"  {name}: {one.watches}. {one.why[0].upper()}{one.why[1:]}." for name, one in TABLE.items()]
    for line in lines:
        out.print(line, markup=False)
