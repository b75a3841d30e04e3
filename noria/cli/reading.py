"""`noria status`, `trace`, `exam`, `judges`, `verifiers`, `memory rebuild`: reading a session."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from noria.cli.live import demand_lines, exam_line
from noria.cli.main import AsJson, Session, app, out
from noria.cli.report import print_judges, print_summary, print_verifiers
from noria.errors import SessionError
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.viewer.text import episode_lines, printable

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
def trace(
    session: Session,
    episode: Annotated[str, typer.Argument(help="The episode's id; without one, the episodes are listed.")] = "",
    number: Annotated[int | None, typer.Option("--round", help="List the episodes of this round.")] = None,
    as_json: AsJson = False,
) -> None:
    """Every turn of every seat of an episode, and what was checked."""
    with history(session) as story:
        if not episode:
            for one in story.episodes(number):
                if as_json:
                    typer.echo(one.model_dump_json())
                else:
                    out.print(
                        f"{one.id}  r{one.round}  {one.domain} L{one.level}  {one.outcome}: {one.reason.value}",
                        markup=False,
                    )
            return
        turns, ended = story.trace(episode), story.episode(episode)
        if ended is None and not turns:
            raise SessionError(
                f"The session {str(session)!r} knows no episode {episode!r}.", mend="`noria trace` lists them."
            )
        if as_json:
            body = {
                "episode": ended.model_dump(mode="json") if ended else None,
                "turns": [turn.model_dump(mode="json") for turn in turns],
            }
            typer.echo(json.dumps(body))
            return
        names = {policy.id: policy.name for policy in story.policies()}
        for line in episode_lines(ended, turns, names, story.quarantined()):
            out.print(line, markup=False)


@app.command()
def exam(
    session: Session,
    number: Annotated[int | None, typer.Option("--round", help="Show the items of this round's exam.")] = None,
    as_json: AsJson = False,
) -> None:
    """The exams: parent against student on the same fresh items."""
    with history(session) as story:
        held, items = story.exams(), story.exam_items(number) if number else []
    if number is not None:
        held = [one for one in held if one.round == number]
    if as_json:
        body = [one.model_dump(mode="json") for one in held]
        typer.echo(json.dumps({"exams": body, "items": [item.model_dump(mode="json") for item in items]}))
        return
    if not held:
        out.print("No exam was held.")
    for one in held:
        out.print(f"Round {one.round}: {exam_line(one)}", markup=False)
        for line in demand_lines(one):
            out.print(f"  {line}", markup=False)
        for part in one.domains:
            worse = ", significantly worse" if part.significantly_worse else ""
            out.print(f"  {part.domain}: {part.parent} -> {part.student} of {part.items}{worse}", markup=False)
    for item in items:
        marks = "".join("+" if passed else "-" for passed in (item.parent_passed, item.student_passed))
        kind = "  (frozen)" * item.frozen
        out.print(f"{marks}{kind}  {printable(item.task.instruction)}", markup=False)
        out.print(f"      parent: {printable(item.parent)!r}  student: {printable(item.student)!r}", markup=False)


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
