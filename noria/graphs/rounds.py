"""What each node of the session does to a round; every step may be run again.

A step first asks the ledger whether it was done. Its seconds and tokens are added to the
round's stage table when it ends, so that a resumed round counts what both lives spent.
"""

import os
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from noria.agents.judge import Judge
from noria.agents.student import Solver
from noria.errors import EndpointError, NoriaError, ReplyError, RunError, SessionError
from noria.evaluators.gate import Decision
from noria.graphs import candidate
from noria.graphs.context import Context
from noria.graphs.episode import build as build_episode
from noria.graphs.plan import deal
from noria.identity import content_id
from noria.memory.neighbours import catch_up
from noria.training import curate as curating
from noria.training import examine as examining
from noria.types import ROLES, Dealt, Episode, Policy, Reason, Stage

EPISODE = build_episode()


@asynccontextmanager
async def stage(context: Context, number: int, name: str) -> AsyncIterator[None]:
    """Measure a stage of a round: wall seconds, prompt and completion tokens."""
    started, before = time.monotonic(), context.fleet.tokens()
    context.tell("stage", {"round": number, "stage": name})
    try:
        yield
    finally:
        await add_stage(context, number, name, time.monotonic() - started, before)


async def add_stage(context: Context, number: int, name: str, seconds: float, before: tuple[int, int]) -> None:
    """Add what a stage spent to the round's table."""
    after = context.fleet.tokens()
    table = context.history.round(number).get("stages", {})
    had = table.get(name, {"seconds": 0.0, "prompt_tokens": 0, "completion_tokens": 0})
    spent = {
        "seconds": round(had["seconds"] + seconds, 3),
        "prompt_tokens": had["prompt_tokens"] + after[0] - before[0],
        "completion_tokens": had["completion_tokens"] + after[1] - before[1],
    }
    await context.history.keep_round(number, name, stages={**table, name: spent})


async def plan(context: Context, number: int) -> list[Dealt]:
    """The round's deal: found committed, or made and committed now."""
    dealt = context.history.deal(number)
    if not dealt:
        async with stage(context, number, "plan"):
            config, seats = context.config, context.seats()
            calibration = await Judge(context.desk, seats["judge"]).calibrate(
                f"calibration-r{number:04}",
                list(context.domains.values()),
                [config.domains[name][0] for name in context.domains],
                config.judge.calibration,
            )
            dealt = deal(
                config, context.domains, context.history, context.index, number,
                seats=seats, templates=context.desk.templates.versions(), veto=calibration.veto,
            )  # fmt: skip
            found = {name: getattr(calibration, name) for name in calibration.__slots__} | {"veto": calibration.veto}
            facts = {**context.history.round(number), "judge": found, "seats": seats}
            await context.history.keep_deal(number, dealt, **facts)
    context.tell("deal", {"round": number, "episodes": len(dealt), "ended": len(context.history.ended(number))})
    context.mark = (time.monotonic(), context.fleet.tokens())
    return dealt


async def play(context: Context, number: int, batch: int, key: str) -> None:
    """Play one episode; whatever breaks in it is settled as its outcome."""
    clerk, dealt = context.hand(number, batch, key)
    try:
        episode = context.history.episode(key) or await _played(context, dealt)
    finally:
        clerk.let_pass(dealt)
    context.ended(episode)


async def _played(context: Context, dealt: Dealt) -> Episode:
    started = time.monotonic()
    try:
        # The parent's `sync` is inherited and fails where there is no checkpointer (LangGraph 1.2.22).
        result = await EPISODE.ainvoke({"dealt": dealt}, context=context, durability="async")
        episode: Episode = result["episode"]
        context.refused_calls = 0
        return episode
    except (RunError, SessionError):
        raise
    except EndpointError as fault:
        await context.must_live(fault)
        reason, evidence = Reason.ENDPOINT, str(fault)
    except ReplyError as fault:
        reason, evidence = Reason.UNREADABLE, str(fault)
    except NoriaError:
        raise
    except Exception as fault:  # a fault of ours in one episode must not end its siblings
        reason, evidence = Reason.FAULT, _where(fault)
    state = {"dealt": dealt, "decision": Decision("reject", reason, evidence), "stage": _reached(context, dealt)}
    episode = candidate.ended(state, "error").model_copy(update={"seconds": time.monotonic() - started})
    await context.history.settle(episode)
    return episode


def _where(fault: Exception) -> str:
    """A fault of ours in one line: what it is and the line of Noria it came from."""
    frames = [frame for frame in traceback.extract_tb(fault.__traceback__) if f"{os.sep}noria{os.sep}" in frame.filename]
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(fault).__name__}: {fault}{place}"


def _reached(context: Context, dealt: Dealt) -> Stage:
    """How far an episode came that broke, as its finished turns tell."""
    roles = {turn.key.role for turn in context.history.trace(dealt.episode)}
    if roles & {"critic", "adversary", "judge"}:
        return Stage.SOLVABLE
    if "solver" in roles:
        return Stage.GROUNDED
    return Stage.PROPOSED if "generator" in roles else Stage.DEALT


async def settle(context: Context, number: int) -> list[Dealt]:
    """After a batch: the index follows the ledger; the time of play is written down."""
    await catch_up(context.history, context.index)
    started, tokens = context.mark
    await add_stage(context, number, "play", time.monotonic() - started, tokens)
    context.mark = (time.monotonic(), context.fleet.tokens())
    return context.history.deal(number)


async def curate(context: Context, number: int) -> None:
    """Choose the rows of the round and write them where the trainer finds them."""
    async with stage(context, number, "curate"):
        chosen = _curated(context, number)
        await context.history.keep_round(number, "curated", curated=chosen.composition)


def _curated(context: Context, number: int) -> curating.Curated:
    history = context.history
    return curating.curate(
        history.samples(number=number),
        history.samples(before=number),
        history.seeds(),
        context.config.train,
        f"{context.config.random}/{number}",
    )


async def train(context: Context, number: int) -> str:
    """Train a student, or say why not; returns its id, empty where there is none."""
    name = student_name(number)
    if (made := context.history.policy(name)) is not None:
        return made.id
    chosen = _curated(context, number)
    needed = context.config.train.min_rows
    if chosen.composition["new"] < needed:
        why = f"{chosen.composition['new']} new rows, {needed} are needed to train"
        await context.history.keep_round(number, "untrained", untrained=why)
        context.tell("untrained", {"round": number, "why": why})
        return ""
    base = context.pointer("base")
    async with stage(context, number, "train"), context.fleet.quiet():
        policy = await context.trainer(name, number, base, chosen, lambda step: context.tell("step", step))
        policy = policy.model_copy(update={"training": {**policy.training, "samples": list(chosen.samples)}})
        await context.history.keep_policy(policy)
    return policy.id


async def examine(context: Context, number: int, student: str) -> bool:
    """Parent and student on the same fresh items; found held, or held now."""
    held = next((exam for exam in context.history.exams() if exam.round == number), None)
    if held is not None:
        return held.promoted
    parent, policy = context.pointer("student"), context.policy(student)
    used = {
        content_id("parameters", [item.task.domain, item.task.parameters])
        for earlier in range(1, number)
        for item in context.history.exam_items(earlier)
    }
    rules = context.config.exam
    items = examining.draw(
        context.domains, dict(context.config.domains), rules.items, f"{context.config.random}/{number}/exam", used=used
    )
    async with stage(context, number, "examine"):
        await context.bring_up(policy)
        exam, answered = await examining.examine(
            number, Solver(context.desk, parent.id), Solver(context.desk, policy.id), items, rules
        )
    await context.history.keep_exam(exam, answered)
    context.tell("exam", {"exam": exam})
    return exam.promoted


async def promote(context: Context, number: int, student: str) -> None:
    """Flip the pointer: the student plays from the next deal on; its parent is retired if no seat needs it."""
    parent, policy = context.pointer("student"), context.policy(student)
    await context.bring_up(policy)
    await context.history.keep_policy(policy, "student")
    context.lineage.add(policy.id)
    await context.history.keep_round(number, "promoted", promoted=policy.name)
    if parent.id != context.pointer("base").id:
        await context.fleet.retire(parent.id)
    context.tell("promote", {"round": number, "policy": policy.name, "parent": parent.name})


async def keep_out(context: Context, number: int, student: str) -> None:
    """The parent plays on; a student that was trained stays in the ledger and leaves the fleet."""
    if student:
        await context.fleet.retire(student)
        context.tell("keep_out", {"round": number, "policy": context.policy(student).name})
    await context.history.keep_round(number, "kept_out" if student else "untrained")


async def guard(context: Context, number: int) -> str:
    """The reason to stop after this round, empty to go on."""
    stop = context.config.stop
    rounds = context.history.rounds()
    await context.history.keep_round(number, "ended")
    if number >= stop.rounds:
        return f"rounds: {number} played"
    spent = sum(context.history.tokens())
    if stop.tokens is not None and spent >= stop.tokens:
        return f"tokens: {spent} spent of {stop.tokens}"
    hours = sum(one["seconds"] for _, _, facts in rounds for one in facts.get("stages", {}).values()) / 3600
    if stop.hours is not None and hours >= stop.hours:
        return f"hours: {hours:.2f} spent of {stop.hours}"
    still = 0
    for _, _, facts in reversed(rounds):
        if "promoted" in facts:
            break
        still += 1
    if stop.plateau is not None and still >= stop.plateau:
        return f"plateau: {still} rounds without a promotion"
    return ""


def student_name(number: int) -> str:
    """The name of the student trained in a round; never used twice."""
    return f"student-r{number:04}"


def seated(context: Context) -> dict[str, Policy]:
    """Role to the policy in its seat."""
    return {role: context.policy(policy) for role, policy in context.seats().items() if role in ROLES}
