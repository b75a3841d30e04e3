"""The test: a policy is served alone, and asked every item once, some several times, and read general text to.

    policy ─► served ─► greedy, every item      ─► Outcome, written once it is whole
                     ─► sampled, k tries of some
                     ─► prose, read

Turns are kept in a ledger of the arm's own, so a test that was broken off pays for nothing twice.
"""

import asyncio
import time
from pathlib import Path

from noria.agents.base import Desk
from noria.agents.reading import read
from noria.agents.student import Solver, checked
from noria.config import Play, SandboxRules
from noria.evaluators.sandbox.runner import Chosen
from noria.graphs.opening import Means
from noria.inference.fleet import Fleet
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.prompts import Templates
from noria.studies.gain.outcomes import Drawn, Outcome
from noria.training.examine import Items
from noria.types import Policy


async def ask(policy: Policy, drawn: Drawn, tries: int, *, means: Means, templates: Templates, folder: Path) -> Outcome:
    """What a policy does in the test.

    Raises:
        EndpointError: it cannot be served or asked.
        SessionError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    started, ledger = time.monotonic(), Ledger(folder, write=True)
    fleet, runner = Fleet(means.launcher, means.limiter), Chosen(SandboxRules().minimum)
    try:
        if policy.adapter and not policy.folder and means.base is not None:
            await fleet.bring_up(means.base)
        elif policy.folder:
            policy = policy.model_copy(update={"adapter": ""})  # its merged weights stand alone
        await fleet.bring_up(policy)
        desk = Desk(fleet.pool, History(ledger), templates, fleet.served_as, runner)
        solver = Solver(desk, policy.id)
        answers, sampled, prose = await asyncio.gather(
            solver.examine("greedy", 1, drawn.items()),
            several(solver, drawn.items(sampled=True), tries),
            read(desk, policy.id, "prose", 1),
        )
        return Outcome(
            right="".join("01"[attempt.passed] for attempt, _ in answers),
            cut="".join("01"[cut] for _, cut in answers), sampled=tuple(sampled), prose=prose or (),
            seconds=round(time.monotonic() - started, 1),
        )  # fmt: skip
    finally:
        await fleet.close()
        runner.close()
        ledger.close()


async def several(solver: Solver, items: Items, tries: int) -> list[int]:
    """How many of `tries` answers to each item are right, at the temperature that sessions play at."""

    async def one(number: int) -> int:
        (task, domain), found, turns = items[number - 1], list[str](), 0
        while len(found) < tries and turns < tries:
            turns += 1
            ask = solver.solving(task, domain, n=tries - len(found), temperature=Play().temperature)
            turn = await solver.turn("sampled", turns, number, ask)
            found += turn.replies
            if not turn.replies:
                break
        made = [
            await checked(domain, task, said, solver.policy, "student", solver.desk.runner) for said in found[:tries]
        ]  # fmt: skip
        return sum(attempt.passed for attempt in made)

    return list(await asyncio.gather(*(one(number) for number in range(1, len(items) + 1))))
