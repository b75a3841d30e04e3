"""`noria purge`: samples leave use with everything that was learned from them.

named ─► shown (numbers by domain and policy, adapters) ─► asked ─► one transaction ─► the index follows
                                                                             └─► --retrain
"""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from noria.cli.main import AsJson, Session, app, err, out
from noria.cli.reading import history
from noria.errors import ConfigError, SessionError
from noria.memory.history import History
from noria.memory.purge import Purge, Root, carry_out, of_ids, of_policy, of_source, of_verifier, plan, trains_yet
from noria.viewer.story import counted, many
from noria.viewer.text import printable

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Samples, or episodes with all they gave.")]


@app.command()
def purge(
    session: Session,
    ids: Ids = None,
    policy: Annotated[str, typer.Option("--policy", help="What this policy wrote, and the policy itself.")] = "",
    verifier: Annotated[str, typer.Option("--verifier", help="What rests on this verifier.")] = "",
    source: Annotated[
        str, typer.Option("--source", help="What student, pool or program answered; or a seed's id.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would do, and do nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    retrain: Annotated[bool, typer.Option("--retrain", help="Train the student again without them.")] = False,
    as_json: AsJson = False,
) -> None:
    """Withdraw samples with everything that was learned from them; the rows stay in the ledger, out of all use."""
    if sum(map(bool, (ids, policy, verifier, source))) != 1:
        raise ConfigError("A purge names one thing.", mend="Give --policy, --verifier, --source, or ids of samples.")
    with history(session, write=not dry_run) as story:
        over = bool(story.ledger.fact("finished"))
        found = plan(story, _root(story, ids, policy, verifier, source))
        if not as_json:
            for line in shown(found, retrain=retrain, soon=trains_yet(story)):
                out.print(line, markup=False)
        number, done = 0, not dry_run and not found.empty and (yes or _agreed())
        if done:
            number = carry_out(story, found, retrain=retrain)
            _follow(session, story)
        at_once = bool(number) and over
    if as_json:
        typer.echo(json.dumps(_body(found) | {"done": done, "retrains_in": number}))
    elif done:
        out.print(
            f"Withdrawn. `noria accepted {session} --withdrawn` shows them, `noria status {session}` counts anew."
        )
    if at_once:
        _go_on(session, as_json=as_json)
    elif number:
        (err if as_json else out).print(f"`noria resume {session}` trains again, in round {number}.", markup=False)


def _root(story: History, ids: list[str] | None, policy: str, verifier: str, source: str) -> Root:
    if policy:
        return of_policy(story, policy)
    if verifier:
        return of_verifier(story, verifier)
    return of_source(story, source) if source else of_ids(story, ids or [])


def _agreed() -> bool:
    """Ask.

    Raises:
        SessionError: nobody is there to answer.
    """
    try:
        agreed = typer.confirm("Go on?", err=True)
    except typer.Abort:
        raise SessionError("Nobody answered, and nothing was changed.", mend="Give --yes, or --dry-run.") from None
    if not agreed:
        out.print("Nothing was changed.")
    return agreed


def _follow(session: Path, story: History) -> None:
    """Let the neighbour index follow; it follows later where it cannot now, for the outbox remembers."""
    from noria.memory.neighbours import Neighbours, catch_up

    index = Neighbours(session)
    try:
        asyncio.run(catch_up(story, index))
    finally:
        index.close()


def _go_on(session: Path, *, as_json: bool) -> None:
    """Train again now, through the ordinary round of a session that goes on."""
    from noria.cli.running import resume

    resume(session, as_json)


def _body(found: Purge) -> dict[str, Any]:
    return {
        "root": found.root.said, "samples": found.count, "why": {why: len(ids) for why, ids in found.samples.items()},
        "ids": sorted(one for ids in found.samples.values() for one in ids), "seeds": list(found.seeds),
        "by_domain": found.by_domain, "by_policy": found.by_policy,
        "policies": found.policies, "left": found.left, "swayed": found.swayed, "shown": found.shown,
        "student": found.student.name if found.student else "", "back_to": found.back_to.name if found.back_to else "",
        "retrains": found.retrains,
    }  # fmt: skip


def shown(found: Purge, *, retrain: bool, soon: bool) -> list[str]:
    """What a purge would do, in lines. `soon`: the round that runs has its training before it."""
    if found.empty:
        return [f"A purge of {found.root.said} withdraws nothing: nothing that stands hangs on it."]
    going = f"withdraws {many(found.count, 'sample')}; {found.left} stand afterwards."
    lines = [f"A purge of {printable(found.root.said)} {going}"]
    lines += [f"  {len(ids)}: {printable(why)}" for why, ids in found.samples.items()]
    if found.count:
        lines.append(f"  by domain: {counted(found.by_domain)}")
        lines.append(f"  written by: {counted(found.by_policy)}")
    lines += [f"  {many(1, 'seed')}: {seed} is dealt no more and anchors no training" for seed in found.seeds]
    lines += [f"  {found.names[one]} is tainted, {why}: it plays no more" for one, why in found.policies.items()]
    if found.swayed:
        lines.append(
            f"  {many(found.swayed, 'sample')} stay that one of these policies only judged, reviewed or attacked"
        )
    if found.shown:
        lines.append(f"  {many(found.shown, 'sample')} stay that only had one of these shown as a neighbour")
    if found.back_to and found.student:
        lines.append(f"  the student steps back from {found.student.name} to {found.back_to.name}")
    if retrain and not found.retrains:
        lines.append("  there is nothing to train again: the student has learned from none of them")
    elif retrain and soon:
        lines.append("  the round that runs trains from the base without them: `noria resume` goes on with it")
    elif retrain:
        lines.append(
            f"  the student of round {found.retrains} is trained again without them, and examined before it plays"
        )
    return lines
