"""`noria refused` and `noria trace`: what was turned away and why, and an episode turn by turn."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from noria.cli import filters
from noria.cli.main import AsJson, Session, app, out
from noria.cli.paging import NoPager, fitted, most, show, told
from noria.cli.reading import history
from noria.errors import SessionError
from noria.memory.history import History
from noria.memory.naming import named
from noria.viewer.text import episode_lines, printable

SHOWN = (
    "number, id, round, position, domain, skill, level, outcome, reason, stage, evidence, instruction, answer, "
    "worded_by, verifier, drafts, attempts, passed, solve_rate, generator, critic, adversary, judge, solver, templates"
)
"""What is printed of an episode that was turned away."""


@app.command()
def refused(
    session: Session,
    domain: filters.Domain = "",
    level: filters.Level = None,
    policy: filters.Policy = "",
    number: filters.Round = None,
    reason: filters.Reason = "",
    stage: Annotated[str, typer.Option("--stage", help="Only those that came just as far, such as novel.")] = "",
    verdict: filters.Verdict = "",
    template: filters.Template = "",
    search: filters.Search = "",
    limit: filters.Limit = None,
    before: filters.Before = None,
    as_json: filters.Lines = False,
    no_pager: NoPager = False,
) -> None:
    """The episodes that gave no sample: why, how far each came, and the evidence."""
    from noria.memory.catalogue import catalogue

    flags = {
        "domain": domain, "level": level, "policy": policy, "round": number, "reason": reason, "stage": stage,
        "verdict": verdict, "template": template, "search": search, "before": before,
    }  # fmt: skip
    limit = most(limit, whole=as_json)
    with catalogue(session) as found:
        chosen = filters.Filter("episodes").where("outcome <> 'accepted'").given(**flags)
        count, rows = chosen.count(found), chosen.last(found, SHOWN, limit)

    def lines() -> Iterator[str]:
        for row in rows:
            if as_json:
                yield json.dumps({**dict(row), "templates": json.loads(row["templates"])})
                continue
            yield f"{_head(row)}, after {row['stage'].replace('_', ' ')}"
            yield fitted(" ".join(printable(row["evidence"]).split()), indent=4)
            if row["instruction"]:
                answered = f" -> {row['answer']!r}" if row["answer"] else ""
                yield fitted(printable(f"{row['instruction']!r}{answered}"), indent=4)
        if not as_json:
            yield told(len(rows), count, rows[0]["number"] if rows else None)

    show(lines(), paged=not no_pager)


def _head(row: Any) -> str:
    return f"{row['id']}  r{row['round']}  {row['domain']} L{row['level']}  {row['outcome']}: {row['reason']}"


@app.command()
def trace(
    session: Session,
    episode: Annotated[str, typer.Argument(help="The episode's id; without one, the episodes are listed.")] = "",
    number: filters.Round = None,
    domain: filters.Domain = "",
    level: filters.Level = None,
    policy: filters.Policy = "",
    reason: filters.Reason = "",
    outcome: Annotated[str, typer.Option("--outcome", help="Only accepted, refused or error.")] = "",
    verdict: filters.Verdict = "",
    template: filters.Template = "",
    search: filters.Search = "",
    limit: filters.Limit = None,
    before: filters.Before = None,
    otlp: Annotated[
        Path | None, typer.Option("--otlp", help="Write the episode, the round or the session as OpenTelemetry spans.")
    ] = None,
    as_json: AsJson = False,
    no_pager: NoPager = False,
) -> None:
    """Every turn of every seat of an episode, and what was checked; without an episode, the list of them."""
    if otlp is not None:
        _spans(session, otlp, episode, number)
        return
    flags = {
        "domain": domain, "level": level, "policy": policy, "round": number, "reason": reason, "outcome": outcome,
        "verdict": verdict, "template": template, "search": search, "before": before,
    }  # fmt: skip
    with history(session) as story:
        if episode:
            show(_episode(story, episode, as_json=as_json), paged=not no_pager)
        else:
            limit = most(limit, whole=as_json)
            show(_list(story, session, flags, limit, as_json=as_json), paged=not no_pager)


def _spans(session: Path, file: Path, episode: str, number: int | None) -> None:
    try:
        from noria.viewer import otlp

        spans = otlp.write(session, file, episode, number)
    except ImportError as fault:
        raise SessionError(
            "This Noria cannot write traces: its OpenTelemetry part is not installed.",
            mend="`pip install 'noria[otel]'` brings it.",
        ) from fault
    out.print(f"{spans} spans are in {file}.", markup=False)


def _list(
    story: History, session: Path, flags: dict[str, Any], limit: int, *, as_json: bool
) -> Iterator[str]:  # fmt: skip
    from noria.memory.catalogue import catalogue

    with catalogue(session) as found:
        chosen = filters.Filter("episodes").given(**flags)
        count = chosen.count(found)
        rows = chosen.last(found, "number, id, round, domain, level, outcome, reason", limit)
    if as_json:
        yield from (one.model_dump_json() for one in story.some_episodes([row["id"] for row in rows]))
        return
    yield from map(_head, rows)
    if len(rows) < count:
        yield told(len(rows), count, rows[0]["number"], "episodes")


def _episode(story: History, key: str, *, as_json: bool) -> Sequence[str]:
    turns, ended = story.trace(key), story.episode(key)
    if ended is None and not turns:
        episode = named(story, key, ("episode",)).id
        turns, ended = story.trace(episode), story.episode(episode)
    if as_json:
        body = {
            "episode": ended.model_dump(mode="json") if ended else None,
            "turns": [turn.model_dump(mode="json") for turn in turns],
        }
        return [json.dumps(body)]
    names = {policy.id: policy.name for policy in story.policies()}
    return list(episode_lines(ended, turns, names, story.quarantined()))
