"""One dealt hand played to its end, whatever breaks in it.

A failing episode would cancel its siblings, so it never raises: it is settled as an error,
with the reason and how far it came. Only what ends the whole session leaves it.
"""

import time

from langchain_core.runnables.config import var_child_runnable_config

from noria.errors import (
    ConfigError,
    EndpointError,
    NoriaError,
    ReplyError,
    RunError,
    SessionError,
    VerifierError,
    placed,
)
from noria.evaluators.gate import Decision
from noria.graphs import projection
from noria.graphs.context import Context
from noria.graphs.withdrawing import reseated, spoilt
from noria.types import Dealt, Episode, Reason, Stage

PATIENCE = 8
"""Endpoint errors in a row after which a session stops rather than spends its deal on them."""


async def play(context: Context, number: int, batch: int, key: str) -> None:
    """Play one episode; whatever breaks in it is settled as its outcome."""
    clerk, dealt = context.hand(number, batch, key)
    try:
        episode = context.history.episode(key) or await _played(context, dealt)
    finally:
        clerk.let_pass(dealt)
    context.hands.end(context, key)
    context.ended(episode)


async def _played(context: Context, dealt: Dealt) -> Episode:
    started, dealt = time.monotonic(), reseated(context, dealt)
    if why := spoilt(context, dealt):
        refused, stage = Decision("reject", Reason.WITHDRAWN, why), _reached(context, dealt)
        episode = projection.ended({"dealt": dealt, "decision": refused, "stage": stage}, "refused")
        await context.history.settle(episode)
        return episode
    try:
        await (context.afar.play(dealt) if context.afar else through(context, dealt))
        settled = context.history.episode(dealt.episode)
        assert settled is not None, "an episode was played to its end and is not settled"
        context.refused_calls = 0
        return settled
    except (RunError, SessionError):
        raise
    except EndpointError as fault:
        await _must_live(context, fault)
        reason, evidence = Reason.ENDPOINT, str(fault)
    except ReplyError as fault:
        reason, evidence = Reason.UNREADABLE, str(fault)
    except VerifierError as fault:
        reason, evidence = Reason.VERIFIER, str(fault)
    except ConfigError as fault:  # a template that cannot be rendered with these fields
        reason, evidence = Reason.FAULT, str(fault)
    except NoriaError:
        raise
    except Exception as fault:  # a fault of ours in one episode must not end its siblings
        reason, evidence = Reason.FAULT, placed(fault)
    state = {"dealt": dealt, "decision": Decision("reject", reason, evidence), "stage": _reached(context, dealt)}
    episode = projection.ended(state, "error").model_copy(update={"seconds": time.monotonic() - started})
    await context.history.settle(episode)
    return episode


async def through(context: Context, dealt: Dealt) -> None:
    """One hand through the episode's graph, whose last node settles it; what breaks in it is raised."""
    # A run of its own and no part of the session's: that one's durability fails without a checkpointer (LangGraph
    # 1.2.22), its control would end episodes that play, and what it says of itself is copied for every node.
    inherited = var_child_runnable_config.set(None)
    try:
        # What a step changed is told to nobody: to put that together takes longer than the step, and while nothing
        # is told of it, LangGraph runs a node in this task and starts none for it.
        async for _ in context.episode.astream({"dealt": dealt}, context=context, stream_mode=[]):
            pass
    finally:
        var_child_runnable_config.reset(inherited)


def _reached(context: Context, dealt: Dealt) -> Stage:
    """How far an episode came that broke, as its finished turns tell."""
    roles = {turn.key.role for turn in context.history.trace(dealt.episode)}
    if roles & {"critic", "adversary", "judge"}:
        return Stage.SOLVABLE
    if "solver" in roles:
        return Stage.GROUNDED
    return Stage.PROPOSED if "generator" in roles else Stage.DEALT


async def _must_live(context: Context, fault: EndpointError) -> None:
    """Let one endpoint error be an episode's outcome, unless a server died or nothing comes through.

    Raises:
        RunError: going on would only spend the deal on errors.
    """
    context.refused_calls += 1
    if (words := await context.fleet.launcher.alive()) or context.refused_calls >= PATIENCE:
        raise RunError(f"The run cannot go on: {words or fault}", mend="`noria resume` goes on from here.") from fault
