"""`noria accepted`: the accepted-data log, and `noria accepted verify`: whether it is what was accepted."""

import json
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from noria.cli.main import AsJson, Session, app, err, out
from noria.cli.reading import history
from noria.errors import SessionError
from noria.types import Sample
from noria.viewer.text import printable

LOG = "log"
"""The command that a session's folder alone means."""


class _LogUnlessNamed(TyperGroup):
    """A group whose first word may be a session's folder: then it is the log that is asked for."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args[:1] not in (["--help"], [LOG], ["verify"]):
            args = [LOG, *args]
        return super().parse_args(ctx, args)


accepted = typer.Typer(
    cls=_LogUnlessNamed,
    help="The accepted-data log: `noria accepted SESSION` prints it, `noria accepted verify SESSION` proves it.",
)
app.add_typer(accepted, name="accepted")


@accepted.command(LOG)
def log(
    session: Session,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object a row: messages and provenance.")] = False,
    role: Annotated[str, typer.Option(help="solver, generator, or all.")] = "solver",
    limit: Annotated[
        int | None, typer.Option("-n", "--limit", min=1, help="At most so many rows, newest last.")
    ] = None,
    quarantined: Annotated[
        bool, typer.Option("--quarantined", help="With the samples that rest on a beaten verifier alone, marked.")
    ] = False,
) -> None:
    """The accepted-data log, without what rests on a beaten verifier alone. The word `log` may be left out."""
    if role not in ("solver", "generator", "all"):
        raise SessionError(f"There is no role {role!r} in the log.", mend="It is solver, generator or all.")
    which = {} if role == "all" else {"role": role}
    with history(session) as story:
        beaten, count = story.quarantined(), story.count(**which)
        trusted = story.count(**which, without=beaten)
        if trusted < count and not quarantined:
            whose = "; ".join(printable(one.why) for one in beaten.values())
            err.print(
                f"{count - trusted} rows are left out, resting on a quarantined verifier alone (--quarantined shows "
                f"them): {whose}",
                markup=False,
            )
        for sample in story.each(**which, without=() if quarantined else beaten, last=limit):
            _show(sample, jsonl=jsonl, marked=quarantined, out_of_it=sample.provenance.verifier in beaten)
    if not jsonl:
        out.print(f"{count if quarantined else trusted} rows", markup=False)


def _show(sample: Sample, *, jsonl: bool, marked: bool, out_of_it: bool) -> None:
    if jsonl:
        body = json.dumps({**sample.model_dump(mode="json"), "quarantined": out_of_it}) if marked else ""
        typer.echo(body or sample.model_dump_json())
        return
    mark = "  quarantined" if out_of_it else ""
    one = sample.provenance
    said = f"{sample.messages[-2].content!r} -> {sample.messages[-1].content!r}"
    out.print(
        f"{sample.id}  r{one.round}  {one.domain}/{one.skill} L{one.level}  {one.source}  {one.episode}{mark}\n"
        f"    {printable(said)}",
        markup=False,
    )


@accepted.command()
def verify(
    session: Session,
    head: Annotated[str, typer.Option("--head", help="A head printed earlier: it must still be in the chain.")] = "",
    as_json: AsJson = False,
) -> None:
    """Walk the chain of accepted samples: nothing was edited, taken out, put in, moved or cut off."""
    from noria.memory.verification import verify as walk

    with history(session) as story:
        found = walk(story.ledger, head)
    if as_json:
        typer.echo(json.dumps({"samples": found.samples, "head": found.head}))
    else:
        out.print(f"{found.samples} samples, chained without a break; head {found.head}", markup=False)
