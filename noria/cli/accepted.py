"""`noria accepted`: the accepted-data log, and `noria accepted verify`: whether it is what was accepted."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from noria.cli import filters
from noria.cli.main import AsJson, Session, app, err, out
from noria.cli.paging import NoPager, fitted, most, show, told
from noria.cli.reading import history
from noria.errors import SessionError
from noria.memory.accepted import PAGE
from noria.memory.history import History
from noria.memory.withdrawals import Withdrawals
from noria.types import Quarantine, Sample
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
    jsonl: Annotated[
        bool, typer.Option("--jsonl", "--json", help="One JSON object a row: messages and provenance; all rows.")
    ] = False,
    role: Annotated[str, typer.Option(help="solver, generator, or all.")] = "solver",
    domain: filters.Domain = "",
    level: filters.Level = None,
    policy: filters.Policy = "",
    number: filters.Round = None,
    source: filters.Source = "",
    warrant: filters.Warrant = "",
    strategy: filters.Strategy = "",
    verdict: filters.Verdict = "",
    template: filters.Template = "",
    search: filters.Search = "",
    limit: filters.Limit = None,
    before: filters.Before = None,
    quarantined: Annotated[
        bool, typer.Option("--quarantined", help="With the samples that rest on a beaten verifier alone, marked.")
    ] = False,
    withdrawn: Annotated[
        bool, typer.Option("--withdrawn", help="With the samples that a purge withdrew, marked.")
    ] = False,
    no_pager: NoPager = False,
) -> None:
    """The accepted-data log, without what is withdrawn or rests on a beaten verifier alone (`log` may be left out)."""
    if role not in ("solver", "generator", "all"):
        raise SessionError(f"There is no role {role!r} in the log.", mend="It is solver, generator or all.")
    flags = {
        "domain": domain, "level": level, "policy": policy, "round": number, "source": source, "warrant": warrant,
        "strategy": strategy, "verdict": verdict,
        "template": template, "search": search, "before": before,
    }  # fmt: skip
    limit = most(limit, whole=jsonl)
    with history(session) as story:
        which: dict[str, Any] = {} if role == "all" else {"role": role}
        beaten = _left_out(story, which, withdrawn=withdrawn, quarantined=quarantined)
        which |= {"withdrawn": withdrawn, "without": () if quarantined else beaten}
        if any(value not in (None, "") for value in flags.values()):
            samples, count = _chosen(story, session, which, flags, limit)
        else:
            samples, count = story.each(**which, last=limit or None), story.count(**which)
        shown: list[str] = []
        marks = (beaten if quarantined else None, Withdrawals(story.ledger) if withdrawn else None)

        def lines() -> Iterator[str]:
            for sample in samples:
                shown.append(sample.id)
                yield from _told(sample, *marks, jsonl=jsonl)
            if not jsonl:
                yield told(len(shown), count, story.place(shown[0]) if shown else None)

        show(lines(), paged=not no_pager)


def _left_out(
    story: History, which: dict[str, Any], *, withdrawn: bool, quarantined: bool
) -> dict[str, Quarantine]:  # fmt: skip
    """Say what the log leaves out; the beaten verifiers."""
    purged, roles = Withdrawals(story.ledger), which.values() or ("solver", "generator")
    if hidden := 0 if withdrawn else sum(map(purged.count, roles)):
        err.print(f"{hidden} rows are left out, withdrawn by a purge (--withdrawn shows them).", markup=False)
    beaten = story.quarantined()
    count = story.count(**which, withdrawn=withdrawn)
    trusted = story.count(**which, withdrawn=withdrawn, without=beaten)
    if trusted < count and not quarantined:
        whose = "; ".join(printable(one.why) for one in beaten.values())
        err.print(
            f"{count - trusted} rows are left out, resting on a quarantined verifier alone (--quarantined shows "
            f"them): {whose}",
            markup=False,
        )
    return beaten


def _chosen(
    story: History, session: Path, which: dict[str, Any], flags: dict[str, Any], limit: int
) -> tuple[Iterator[Sample], int]:
    """The samples that flags narrow the log to, and how many there are in all."""
    from noria.memory.catalogue import catalogue

    with catalogue(session) as found:
        chosen = filters.Filter("samples").given(**flags)
        if "role" in which:
            chosen.where("role = :role", role=which["role"])
        if not which["withdrawn"]:
            chosen.where("withdrawn = ''")
        if which["without"]:
            chosen.where("quarantined = ''")
        count, ids = chosen.count(found), [row[0] for row in chosen.last(found, "id", limit)]

    def loaded() -> Iterator[Sample]:
        for at in range(0, len(ids), PAGE):
            some = {one.id: one for one in story.loaded(ids[at : at + PAGE])}
            yield from (some[key] for key in ids[at : at + PAGE])

    return loaded(), count


def _told(
    sample: Sample, beaten: dict[str, Quarantine] | None, purged: Withdrawals | None, *, jsonl: bool
) -> Iterator[str]:
    """The lines of one row, marked where that was asked for."""
    marks = {} if beaten is None else {"quarantined": sample.provenance.verifier in beaten}
    marks |= {} if purged is None else {"withdrawn": purged.of(sample.id) is not None}
    if jsonl:
        yield json.dumps({**sample.model_dump(mode="json"), **marks}) if marks else sample.model_dump_json()
        return
    mark = "".join(f"  {name}" for name, holds in marks.items() if holds)
    one = sample.provenance
    mark += "  judged" if one.warrant == "judged" else ""
    said = f"{sample.messages[-2].content!r} -> {sample.messages[-1].content!r}"
    yield f"{sample.id}  r{one.round}  {one.domain}/{one.skill} L{one.level}  {one.source}  {one.episode}{mark}"
    yield fitted(printable(said), indent=4)


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
