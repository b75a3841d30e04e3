"""`noria status`, `accepted`, `trace`, `exam`, `judges`, `verifiers`, `memory rebuild`: reading a session."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from noria.cli.live import exam_line
from noria.cli.main import AsJson, Session, app, err, out
from noria.cli.report import print_judges, print_summary, print_verifiers
from noria.errors import SessionError
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.withdrawals import Withdrawals
from noria.types import rests_alone
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
def accepted(
    session: Session,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object a row: messages and provenance.")] = False,
    role: Annotated[str, typer.Option(help="solver, generator, or all.")] = "solver",
    limit: Annotated[
        int | None, typer.Option("-n", "--limit", min=1, help="At most so many rows, newest last.")
    ] = None,
    quarantined: Annotated[
        bool, typer.Option("--quarantined", help="With the samples that rest on a beaten verifier alone, marked.")
    ] = False,
    withdrawn: Annotated[
        bool, typer.Option("--withdrawn", help="With the samples that a purge withdrew, marked.")
    ] = False,
) -> None:
    """The accepted-data log, without what is withdrawn or rests on a beaten verifier alone."""
    if role not in ("solver", "generator", "all"):
        raise SessionError(f"There is no role {role!r} in the log.", mend="It is solver, generator or all.")
    with history(session) as story:
        rows = story.samples(role=None if role == "all" else role, withdrawn=withdrawn)
        beaten, purged = story.quarantined(), Withdrawals(story.ledger)
        gone = purged.among([sample.id for sample in rows] if withdrawn else ())
        hidden = 0 if withdrawn else sum(map(purged.count, ("solver", "generator") if role == "all" else (role,)))
    if hidden:
        err.print(f"{hidden} rows are left out, withdrawn by a purge (--withdrawn shows them).", markup=False)
    out_of_it = {sample.id for sample in rows if rests_alone(sample.provenance, beaten)}
    if out_of_it and not quarantined:
        rows = [sample for sample in rows if sample.id not in out_of_it]
        whose = "; ".join(printable(one.why) for one in beaten.values())
        err.print(
            f"{len(out_of_it)} rows are left out, resting on a quarantined verifier alone (--quarantined shows them): "
            f"{whose}",
            markup=False,
        )
    for sample in rows[-limit:] if limit else rows:
        if jsonl:
            marks = {"quarantined": sample.id in out_of_it} if quarantined else {}
            marks |= {"withdrawn": sample.id in gone} if withdrawn else {}
            marked = {**sample.model_dump(mode="json"), **marks}
            typer.echo(json.dumps(marked) if marks else sample.model_dump_json())
            continue
        mark = "  quarantined" if sample.id in out_of_it else ""
        mark += "  withdrawn" if sample.id in gone else ""
        one = sample.provenance
        said = f"{sample.messages[-2].content!r} -> {sample.messages[-1].content!r}"
        out.print(
            f"{sample.id}  r{one.round}  {one.domain}/{one.skill} L{one.level}  {one.source}  {one.episode}{mark}\n"
            f"    {printable(said)}",
            markup=False,
        )
    if not jsonl:
        out.print(f"{len(rows)} rows", markup=False)


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
        for part in one.domains:
            worse = ", significantly worse" if part.significantly_worse else ""
            out.print(f"  {part.domain}: {part.parent} -> {part.student} of {part.items}{worse}", markup=False)
    for item in items:
        marks = "".join("+" if passed else "-" for passed in (item.parent_passed, item.student_passed))
        out.print(f"{marks}  {printable(item.task.instruction)}", markup=False)
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
