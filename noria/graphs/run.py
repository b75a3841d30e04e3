"""Running a session: open what it needs, turn the wheel, leave everything closed and resumable.

    config ─► ledger (locked) ─► seeds, policies ─► fleet ─► graph + checkpointer ─► summary

The same path starts a session and resumes one: what the ledger already holds is found, and
what it does not hold is made. Servers are ended and the ledger is closed however it ends.
"""

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from noria.agents.base import Desk
from noria.config import SessionConfig
from noria.errors import ConfigError, SessionError, storage
from noria.evaluators.registry import domains
from noria.graphs.context import Context, Trainer
from noria.graphs.session import build
from noria.graphs.summary import summarise
from noria.identity import content_id
from noria.inference.fleet import Fleet, Launcher
from noria.inference.limiter import Limiter
from noria.inference.openai_client import OpenAIClient
from noria.memory import seeds, tables
from noria.memory.history import History
from noria.memory.ledger import FILE, Ledger, replace
from noria.memory.neighbours import Neighbours, catch_up
from noria.prompts import Templates
from noria.types import Episode, Policy

CHECKPOINTS = "checkpoints.db"
PROMPTS = "prompts"
THREAD = "session"


@dataclass(frozen=True)
class Means:
    """What a session is run with: the real thing, or scripts and fakes."""

    launcher: Launcher
    trainer: Trainer
    base: Policy | None
    """The student's base; none where no seat is held by a local policy."""
    limiter: Limiter


@dataclass(frozen=True)
class Watch:
    """Who is told what happens."""

    tell: Callable[[str, dict[str, Any]], None] = lambda event, facts: None
    ended: Callable[[Episode], None] = lambda episode: None
    opened: Callable[[Context], None] = field(default=lambda context: None)


def stored(folder: Path) -> SessionConfig:
    """The config a session was started with.

    Raises:
        SessionError: the folder holds no session.
    """
    ledger = Ledger(folder)
    text = ledger.fact("config")
    ledger.close()
    if text is None:
        raise SessionError(f"The session {str(folder)!r} was never started.", mend="`noria run` starts it.")
    # The folder may have been moved since it was written.
    return SessionConfig.model_validate_json(text).model_copy(update={"session": folder})


def must_be_new(folder: Path) -> None:
    """Refuse to start a session over another.

    Raises:
        SessionError: the folder holds a session.
    """
    if (folder / FILE).exists():
        raise SessionError(
            f"{str(folder)!r} already holds a session.",
            mend=f"`noria resume {folder}` goes on with it; another `session:` starts a new one.",
        )


async def run(config: SessionConfig, means: Means, watch: Watch = Watch()) -> dict[str, Any]:  # noqa: B008  (frozen)
    """Play a session to its end, from its beginning or from where it was left; returns its summary.

    Raises:
        NoriaError: bad input, or a run that failed midway and can be resumed.
    """
    async with opened(config, means, watch) as context:
        async with _checkpoints(config.session) as saver:
            graph = build().compile(checkpointer=saver, name="session")
            place: Any = {"configurable": {"thread_id": THREAD}, "max_concurrency": None}
            snapshot = await graph.aget_state(place)
            started = {"round": _unfinished(context.history)}
            state = await graph.ainvoke(
                None if snapshot.next else started, place, context=context, durability="sync"
            ) if not context.history.ledger.fact("finished") else {"stop": context.history.ledger.fact("finished")}  # fmt: skip
        await context.history.keep_fact("finished", state["stop"])
        return summarise(context.history)


def _unfinished(history: History) -> int:
    """The round to begin with where no checkpoint says: the first that has not ended."""
    return next((number for number, phase, _ in history.rounds() if phase != "ended"), len(history.rounds()) + 1)


@asynccontextmanager
async def _checkpoints(folder: Path) -> AsyncIterator[AsyncSqliteSaver]:
    with storage(folder / CHECKPOINTS):
        async with AsyncSqliteSaver.from_conn_string(str(folder / CHECKPOINTS)) as saver:
            yield saver


@asynccontextmanager
async def opened(config: SessionConfig, means: Means, watch: Watch) -> AsyncIterator[Context]:
    """A session's context, with its pool served; everything is closed on the way out."""
    known = domains(dict(config.domains))
    found, skipped = seeds.gather(config.seeds)
    folder = config.session
    templates = Templates([folder / PROMPTS, *([config.prompts] if config.prompts else [])])
    async with AsyncExitStack() as stack:
        ledger = Ledger(folder, write=True)
        stack.callback(ledger.close)
        history = History(ledger)
        await _begin(history, config, templates)
        await history.keep_seeds(found)
        if means.base and history.pointer("base") is None:
            await history.keep_policy(means.base, "base", "student")
        index = Neighbours(folder)
        stack.callback(index.close)
        await catch_up(history, index)
        fleet = Fleet(means.launcher, means.limiter)
        stack.push_async_callback(fleet.close)
        desk = Desk(fleet.pool, history, templates, fleet.served_as)
        context = Context(
            config, known, history, index, desk, fleet, means.trainer, tell=watch.tell, ended=watch.ended
        )  # fmt: skip
        await _serve(context, means)
        for sentence in skipped:
            watch.tell("skipped", {"row": sentence})
        watch.opened(context)
        yield context


async def _begin(history: History, config: SessionConfig, templates: Templates) -> None:
    """Write down what the session is: its config, and its own copy of the prompts."""
    if history.ledger.fact("config") is None:
        await history.keep_fact("config", config.model_dump_json())
        await history.keep_fact("started", str(time.time()))
    folder = config.session / PROMPTS
    with storage(folder):
        folder.mkdir(exist_ok=True)
        for name in templates.versions():
            if not (folder / f"{name}.md").exists():
                (folder / f"{name}.md").write_text(templates[name].text, encoding="utf-8")


async def _serve(context: Context, means: Means) -> None:
    """Bring the pool up: remote endpoints, the base, and the student that holds the solver's seat."""
    config, history = context.config, context.history
    for name, endpoint in config.endpoints.items():
        address = endpoint.address()
        policy = Policy(id=content_id("policy", [address, endpoint.model]), name=endpoint.model)
        if history.policy(policy.name) is None:
            await history.keep_policy(policy)
        client = OpenAIClient(address, endpoint.key(), limiter=means.limiter, deadline=config.play.deadline)
        context.fleet.serve_remote(policy, client)
        context.remote[name] = policy.id
    if config.needs_local():
        if means.base is None:
            raise ConfigError("A seat is held by a local policy, but the session has no student.")
        base, student = context.pointer("base"), context.pointer("student")
        for policy in (base, student):
            await context.bring_up(policy)
    context.lineage.update(policy.id for policy in history.policies() if policy.student or policy.name == "base")


def note_machine(folder: Path, peak_bytes: int, seconds: float) -> None:
    """Add what a run needed of the machine to its session, which is closed by now."""
    if not (folder / FILE).exists():
        return
    ledger = Ledger(folder, write=True)
    had = json.loads(ledger.fact("machine") or "{}")
    total = {
        "peak_bytes": max(had.get("peak_bytes", 0), peak_bytes),
        "seconds": round(had.get("seconds", 0.0) + seconds, 1),
    }
    ledger.write_now(replace(tables.meta, {"key": "machine", "value": json.dumps(total)}))
    ledger.close()


def summary(folder: Path) -> dict[str, Any]:
    """The summary of a session that may be running or not.

    Raises:
        SessionError: the folder holds no readable session.
    """
    ledger = Ledger(folder)
    try:
        return summarise(History(ledger))
    finally:
        ledger.close()
