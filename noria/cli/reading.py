"""`noria status`, `judges`, `verifiers`, `memory rebuild`: reading a session."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from noria.cli.main import AsJson, Session, app, out
from noria.cli.report import print_judges, print_summary, print_verifiers
from noria.memory.history import History
from noria.memory.ledger import Ledger

memory = typer.Typer(help="The neighbour index.", no_args_is_help=True)
app.add_typer(memory, name="memory")


@contextmanager
def history(session: Path, *, write: bool = False) -> Iterator[History]:
    """A session's history, closed afterwards."""
    ledger = Ledger(session, write=write)
    try:
        yield History(ledger)
    finally:
        ledger.close()


@app.command()
def status(session: Session, as_json: AsJson = False) -> None:
    """Rounds, funnel, exams, policies and what they cost."""
    from noria.graphs.summary import summarise

    with history(session) as story:
        summary = summarise(story)
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        print_summary(out, summary)


@app.command()
def judges(session: Session, as_json: AsJson = False) -> None:
    """The judge's card of every round: how it did on planted answers, and whether it had a veto."""
    _cards(session, "judge", as_json)


@app.command()
def verifiers(session: Session, as_json: AsJson = False) -> None:
    """The card of every verifier of every round, and which are quarantined because an attack beat them."""
    _cards(session, "verifiers", as_json)


def _cards(session: Path, what: str, as_json: bool) -> None:
    from noria.graphs.summary import summarise

    with history(session) as story:
        summary = summarise(story)
    rounds, quarantine = summary["rounds"], summary["quarantine"]
    if as_json:
        body = [{"round": one["round"], what: one[what]} for one in rounds]
        if what == "verifiers":
            for one in body:
                one["quarantine"] = [beaten for beaten in quarantine if beaten["round"] <= one["round"]]
        typer.echo(json.dumps(body))
    elif what == "judge":
        print_judges(out, rounds)
    else:
        print_verifiers(out, rounds, quarantine)


@memory.command()
def rebuild(session: Session) -> None:
    """Delete the neighbour index and make it again from the ledger."""
    from noria.memory.neighbours import rebuild as make

    with history(session, write=True) as story:
        count = make(session, story)
    out.print(f"The neighbour index of {session} holds {count} samples again.", markup=False)
