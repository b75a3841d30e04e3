"""Opening a session: ledger, seeds, prompts, index and the pool that is served.

The same path opens a new session and one that was left: what the ledger holds is found,
what it does not hold is made. Everything is closed on the way out, however it ends.
"""

import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from noria.agents.base import Desk
from noria.config import SessionConfig
from noria.evaluators.sandbox.runner import Chosen
from noria.graphs.adding import playing
from noria.graphs.beginning import begin
from noria.graphs.context import Context, Trainer
from noria.graphs.furnishing import Furnished, furnished
from noria.graphs.hygiene import Hygiene
from noria.graphs.serving import serve
from noria.graphs.steering.listening import listening
from noria.graphs.steering.taking import fresh, in_force
from noria.inference.fleet import Fleet, Launcher
from noria.inference.limiter import Limiter
from noria.memory.documents.passages import kept
from noria.memory.history import History
from noria.memory.ledger import Ledger, is_session
from noria.memory.moves import moves
from noria.memory.neighbours import Neighbours, catch_up
from noria.memory.settling import settle
from noria.memory.timeline import Timeline
from noria.tracing import endpoint, traceparent
from noria.training.standing import must_stand
from noria.types import Episode, Policy, TurnKey
from noria.waiting import QUIET, watched


@dataclass(frozen=True)
class Means:
    """What a session is run with: the real thing, or scripts and fakes."""

    launcher: Launcher
    trainer: Trainer
    base: Policy | None
    """The student's base; none where no seat is held by a local policy."""
    limiter: Limiter
    clock: Callable[[], float] = time.time
    """What is written beside a turn as its time."""
    crew: Callable[[Context, Furnished], AbstractAsyncContextManager[None]] | None = None
    """Who plays hands in other processes, for as long as it is open; none where they are played in this one."""


@dataclass(frozen=True)
class Watch:
    """Who is told what happens."""

    tell: Callable[[str, dict[str, Any]], None] = lambda event, facts: None
    ended: Callable[[Episode], None] = lambda episode: None
    opened: Callable[[Context], None] = field(default=lambda context: None)
    quiet: float = QUIET
    """Seconds without anything finished after which whoever watches is told what is waited for."""


@asynccontextmanager
async def opened(config: SessionConfig, means: Means, watch: Watch) -> AsyncIterator[Context]:
    """A session's context, with its pool served; everything is closed on the way out."""
    told = await furnished(config)
    config = told.config
    folder = config.session
    if not is_session(folder):
        fresh(config)  # a template that is wrong is refused before anything is written
    if elsewhere := settle(folder, config.store):
        watch.tell("kept", elsewhere)
    async with AsyncExitStack() as stack:
        ledger = Ledger(folder, write=True)
        stack.callback(ledger.close)
        history = History(ledger)
        if (student := history.pointer("student")) is not None:
            must_stand(student)  # before anything is written or started
        await stack.enter_async_context(watched(lambda said: watch.tell("waiting", {"said": said}), quiet=watch.quiet))
        templates = in_force(history, config)
        # The config comes last: a session that has one knows its base, and so whether it is a dry run.
        if means.base and history.pointer("base") is None:
            await history.keep_policy(means.base, "base", "student")
        await history.keep_seeds(told.seeds)
        await begin(history, config, templates)
        index = Neighbours(folder)
        stack.callback(index.close)
        await catch_up(history, index)
        index.hold(passages := kept(history))
        fleet = Fleet(means.launcher, means.limiter)
        fleet.pool.say = lambda said: watch.tell("replica", {"said": said})
        stack.push_async_callback(fleet.close)
        hygiene = Hygiene(config, told.domains, lambda texts: index.embedder.embed(texts), told.benchmarks)
        runner = Chosen(config.sandbox.minimum)
        stack.callback(runner.close)
        instead: dict[str, str] = {}
        desk = Desk(
            fleet.pool, history, templates, fleet.served_as, runner,
            lambda policy: instead.get(policy, policy), means.clock, _traced(history),
        )  # fmt: skip
        context = Context(
            config, told.domains, history, index, desk, fleet, means.trainer, hygiene,
            instead=instead, tell=watch.tell, ended=watch.ended, episode=playing(config.methods, config.arm),
        )  # fmt: skip
        stack.push_async_callback(context.border.close)
        for one in moves(history):
            context.withdraw(one.withdrawn, one.after)
        await stack.enter_async_context(listening(context))
        await serve(context, base=means.base is not None, limiter=means.limiter)
        if means.crew is not None:
            await stack.enter_async_context(means.crew(context, told))
        for sentence in told.skipped:
            watch.tell("skipped", {"row": sentence})
        if passages and not history.ledger.fact("documents"):
            watch.tell("documents", told.source.facts())
            await history.keep_fact("documents", json.dumps(told.source.facts()))
        for sentence in told.left_out:
            watch.tell("left_out", {"domain": sentence})
        for name, why in told.without.items():
            watch.tell("without", {"method": name, "why": why})
        await history.keep_fact("left_out", json.dumps(told.left_out))
        await history.keep_fact("without", json.dumps(told.without))
        if barred := await hygiene.read_rows(history):
            watch.tell("unclean_rows", {"found": Counter(barred.values())})
        watch.opened(context)
        context.serves = True
        yield context


def _traced(history: History) -> Callable[[TurnKey], str]:
    """What a call is told of the trace that it belongs to; nothing where no traces are asked for."""
    name = Timeline(history).session
    return (lambda key: traceparent(name, key)) if endpoint(os.environ) else (lambda key: "")
