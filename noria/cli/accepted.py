"""`noria accepted`: the accepted-data log, and `noria accepted verify`: whether it is what was accepted."""

import json
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from noria.cli.main import AsJson, Session, app, err, out
from noria.cli.reading import history
from noria.errors import SessionError
from noria.memory.withdrawals import Withdrawals
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
    withdrawn: Annotated[
        bool, typer.Option("--withdrawn", help="With the samples that a purge withdrew, marked.")
    ] = False,
) -> None:
    """The accepted-data log, without what is withdrawn or rests on a beaten verifier alone (`log` may be left out)."""
    if role not in ("solver", "generator", "all"):
        raise SessionError(f"There is no role {role!r} in the log.", mend="It is solver, generator or all.")
    which: dict[str, Any] = {} if role == "all" else {"role": role}
    with history(session) as story:
        purged = Withdrawals(story.ledger)
        if hidden := 0 if withdrawn else sum(map(purged.count, (role,) if which else ("solver", "generator"))):
            err.print(f"{hidden} rows are left out, withdrawn by a purge (--withdrawn shows them).", markup=False)
        which["withdrawn"] = withdrawn
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
            marks = {"quarantined": sample.provenance.verifier in beaten} if quarantined else {}
            marks |= {"withdrawn": purged.of(sample.id) is not None} if withdrawn else {}
            _show(sample, marks, jsonl=jsonl)
    if not jsonl:
        out.print(f"{count if quarantined else trusted} rows", markup=False)


def _show(sample: Sample, marks: dict[str, bool], *, jsonl: bool) -> None:
    if jsonl:
        typer.echo(json.dumps({**sample.model_dump(mode="json"), **marks}) if marks else sample.model_dump_json())
        return
    mark = "".join(f"  {name}" for name, holds in marks.items() if holds)
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
