"""A short calibration: what serves a session's policies fastest on this machine, found by serving them.

    a choice ─► child servers ─► base alone is asked ─► base and student by turns ─► tokens a second, twice
              └─► dies, stays silent ─► named, and passed over

    numbers   float32 · bfloat16, merged, on all cores            the best of them ─┐
    student   an adapter in the base's server, in those numbers   the best of them ─┤
    cores     all · spare · split · loose, for that way of serving ◄────────────────┘

Each choice is what a session would get: the real launcher, the real client, and for each answer as much
computing in Noria's own process as an answer costs there, so that cores which are taken from the loop
are missing in the figure. Merged weights are stood for by the base's own, in a second server: they are as large.
One thing is varied at a time: all of it together would take as many servers as there are choices. How many calls a
server has in flight is not sought here, for it is found while it works (`congestion.py`).
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from noria.config import Serve
from noria.errors import EndpointError
from noria.inference.client import Request
from noria.inference.fleet import Fleet
from noria.inference.limiter import Limiter
from noria.inference.local import VllmLauncher
from noria.inference.share import CORES, Threads, cores
from noria.inference.tuned import Choice, Dtype, Served, Tried
from noria.inference.vllm_server import on_cpu
from noria.types import Message, Policy

WORK = 0.002
"""Processor seconds that Noria itself spends on an answer: under 10 ms an episode, of four calls and more."""

PATIENCE = 90.0
"""Seconds a call may take: a server whose engine has died may answer with errors for ever."""

PASSAGE = (
    "A mill stands by a river. The wheel has forty buckets, each of which holds twelve litres when it is full, and it "
    "turns twice a minute while the sluice is open. In summer the river carries less, so that a bucket is half full "
    "at most, and the miller opens the second sluice. Corn is brought in sacks of fifty kilograms, and a stone grinds "
    "three sacks an hour. "
)
"""What all prompts begin with, as those of a role do: it is read once."""


@dataclass(frozen=True)
class Terms:
    """What a calibration works with."""

    base: Policy
    adapter: str
    """Folder of an adapter to the base, whatever it has learned."""
    rules: Serve
    """What the config says is not varied."""
    folder: Path
    """Where the servers' logs go."""
    rank: int = 16
    environment: dict[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    """What is started instead of the installed vLLM."""
    at_once: int = 32
    """Calls in flight."""
    calls: int = 64
    """Calls of one measurement."""
    tokens: int = 32
    """Tokens of an answer, at most."""
    seconds: float = 600.0
    """What all of it may take; what is not tried by then is said to be so."""
    each: float = 240.0
    """What one choice may take, its servers' start included."""


Say = Callable[[Tried], None]


async def calibrate(terms: Terms, say: Say = lambda tried: None) -> tuple[Tried, ...]:
    """Try what may be best; `say` is told each as it was tried."""
    started, tried, longest = time.monotonic(), list[Tried](), 0.0

    async def best(choices: Iterable[Choice]) -> Choice:
        nonlocal longest
        for choice in choices:
            if any(one.choice == choice for one in tried):
                continue
            left = terms.seconds - (time.monotonic() - started)
            if left < longest:
                tried.append(Tried(choice=choice, why=f"no time was left of {terms.seconds:.0f} s"))
            else:
                began = time.monotonic()
                tried.append(await measured(replace(terms, each=min(terms.each, left)), choice))
                longest = max(longest, time.monotonic() - began)
            say(tried[-1])
        return max(tried, key=lambda one: one.speed).choice

    students, dtypes, threads = _open(terms.rules)
    first = Choice(student=students[0], dtype=dtypes[0], threads=threads[0])
    way = await best(first.model_copy(update={"dtype": one}) for one in dtypes)
    for student in students[1:]:
        # Some servers that compute in bfloat16 die of an adapter in it.
        for dtype in dict.fromkeys((way.dtype, dtypes[0])):
            await best([way.model_copy(update={"student": student, "dtype": dtype})])
            if not tried[-1].why:
                break
    way = await best([])
    # One server that has both has nothing to split.
    alike = [one for one in threads if one != "split" or way.student == "merged"]
    await best(way.model_copy(update={"threads": one}) for one in alike)
    return tuple(tried)


def _open(rules: Serve) -> tuple[Sequence[Served], Sequence[Dtype], Sequence[Threads]]:
    """What the config leaves open: ways to serve a student, numbers, and ways to share the cores."""
    students: list[Served] = ["merged", "adapter"] if rules.student == "auto" else [rules.student]
    dtypes: list[Dtype] = ["float32", "bfloat16"] if on_cpu() else ["auto"]
    threads: list[Threads] = ["all"]
    if on_cpu() and len(cores()) > 1 and CORES not in os.environ:
        threads += ["spare", "split", "loose"]
    return (
        students,
        dtypes if rules.dtype == "auto" else [rules.dtype],
        threads if rules.threads == "auto" else [rules.threads],
    )


async def measured(terms: Terms, choice: Choice) -> Tried:
    """One choice, in servers of its own that end with it; a fault of theirs is its outcome."""
    fleet, student = served(terms, choice)
    started = time.monotonic()
    try:
        async with asyncio.timeout(terms.each):
            await up(fleet, terms.base, student)
            await burst(fleet, (terms.base, student), 2, at_once=2, tokens=1)
            start = time.monotonic() - started
            # A first round of answers warms caches and allocators up; it is not counted.
            await burst(fleet, (terms.base, student), terms.at_once, at_once=terms.at_once, tokens=8)
            alone = await burst(fleet, (terms.base,), terms.calls, at_once=terms.at_once, tokens=terms.tokens)
            both = await burst(fleet, (terms.base, student), terms.calls, at_once=terms.at_once, tokens=terms.tokens)
    except EndpointError as fault:
        return Tried(choice=choice, why=await _last_words(fleet) or fault.what)
    except TimeoutError:
        return Tried(choice=choice, why=f"it was not done within {terms.each:.0f} s")
    finally:
        await fleet.close()
    return Tried(choice=choice, start=round(start, 1), alone=round(alone, 1), both=round(both, 1))


async def _last_words(fleet: Fleet) -> str:
    """What a dead server said last, which may die a moment after its connections; empty where all live."""
    for _ in range(20):
        if said := await fleet.launcher.alive():
            return said
        await asyncio.sleep(0.05)
    return ""


def served(terms: Terms, choice: Choice) -> tuple[Fleet, Policy]:
    """A fleet that serves by a choice, and the student that it would be given; nothing is up yet."""
    limiter, folder = Limiter(terms.at_once), terms.folder / str(choice).replace(", ", "-")
    own = {"student": choice.student, "dtype": choice.dtype, "replicas": 1, "port": 0}
    launcher = VllmLauncher(
        folder, terms.rules.model_copy(update=own), limiter, dtype=choice.dtype, rank=terms.rank,
        deadline=min(PATIENCE, terms.each), environment=terms.environment, command=terms.command,
        threads=choice.threads,
    )  # fmt: skip
    merged = choice.student == "merged"
    student = Policy(
        id="policy-student", name="student", folder=terms.base.folder if merged else "",
        adapter="" if merged else terms.adapter,
    )  # fmt: skip
    return Fleet(launcher, limiter), student


async def up(fleet: Fleet, base: Policy, student: Policy) -> None:
    """Bring both up: at once where each has a server of its own.

    Raises:
        EndpointError: one does not come up.
    """
    if student.adapter:
        await fleet.bring_up(base)
        await fleet.bring_up(student)
        return
    try:
        async with asyncio.TaskGroup() as both:
            for one in (base, student):
                both.create_task(fleet.bring_up(one))
    except BaseExceptionGroup as faults:
        raise faults.exceptions[0] from faults


_number = count()


async def burst(fleet: Fleet, policies: Sequence[Policy], calls: int, *, at_once: int, tokens: int) -> float:
    """Completion tokens a second over so many calls, to the policies by turns, `at_once` in flight.

    Raises:
        EndpointError: one of them is not answered.
    """
    made, left = 0, iter(range(calls))

    async def caller() -> None:
        nonlocal made
        for at in left:
            policy = policies[at % len(policies)]
            done = await fleet.pool.complete(asking(policy, fleet.served_as(policy.id), next(_number), tokens))
            made += done.usage.completion_tokens
            until = time.thread_time() + WORK
            while time.thread_time() < until:
                pass

    started = time.monotonic()
    try:
        async with asyncio.TaskGroup() as callers:
            for _ in range(at_once):
                callers.create_task(caller())
    except BaseExceptionGroup as faults:
        raise faults.exceptions[0] from faults
    return made / (time.monotonic() - started)


def asking(policy: Policy, name: str, number: int, tokens: int) -> Request:
    """A question of its own with a long answer."""
    text = f"{PASSAGE}Count upwards from {number}, one number a line, and do not stop."
    said = (Message(role="user", content=text),)
    return Request("solver", name, said, max_tokens=tokens, temperature=0.8, policy=policy.id)
