"""A policy sits the generator's exam: it proposes to fresh windows, and programs see how far each proposal comes.

    window ─► proposal ─► read ─► new? ─► grounded? ─► does its truth pass its check? ─► yield

The windows are dealt as the next round would deal them, from a stream of their own: those of
the round that was played would show the student prompts whose accepted proposals it has just
learned. Novelty is asked of the ledger, the index and the exam's own earlier proposals, and
nothing is claimed: what an exam proposes does not take the place of a candidate.
"""

import asyncio

from noria.agents.base import Desk
from noria.agents.generator import Generator
from noria.errors import VerifierError
from noria.evaluators.gate import Decision
from noria.evaluators.role_exams import Answered
from noria.graphs import candidate
from noria.graphs.context import Context
from noria.graphs.novelty import Clerk
from noria.graphs.plan import deal
from noria.graphs.quarantine import Levels
from noria.identity import digest
from noria.types import Dealt, Reason

MARKS = ("well formed", "new", "grounded", "checkable", "own words")
"""What is counted of each proposal; a check that was not reached was not passed."""


def windows(context: Context, number: int, levels: Levels) -> list[Dealt]:
    """Fresh hands for the exam after a round; the same ledger deals the same."""
    config = context.config
    play = config.play.model_copy(update={"episodes": config.roles.items})
    apart = int(digest(f"{config.random}/roles/{number}")[:8], 16)
    own = config.model_copy(update={"random": apart, "play": play, "domains": dict(levels)})
    domains = {name: context.domains[name] for name in levels}
    return deal(
        own, domains, context.history, context.index, number + 1, seats={}, veto=False,
        templates=context.desk.templates.versions(),
    )  # fmt: skip


async def generator(context: Context, policy: str, place: str, hands: list[Dealt]) -> list[Answered]:
    """Propose to every window; right is a proposal that yields a new task that a program can check."""

    async def proposed(hand: Dealt) -> str:
        keyed = hand.model_copy(update={"episode": f"{place}/{hand.position}"})
        temperature = context.temperature(hand)
        return await Generator(context.desk, policy).propose(keyed, context.domain(hand), temperature=temperature)

    replies = await asyncio.gather(*(proposed(hand) for hand in hands))
    clerk = Clerk(context.history, context.index, context.config.play.near_duplicate, hands)
    answers = []
    for hand, reply in zip(hands, replies, strict=True):
        passed = await _passed(context.desk, context, clerk, hand, reply)
        answers.append(Answered("checkable" in passed, {name: name in passed for name in MARKS}, len(passed)))
    return answers


async def _passed(desk: Desk, context: Context, clerk: Clerk, hand: Dealt, reply: str) -> list[str]:
    """The checks that a proposal passes, in their order, up to the first that fails."""
    domain = context.domain(hand)
    try:
        draft = await candidate.read(reply, hand, domain, desk.runner)
        if isinstance(draft, Decision):
            return [] if draft.reason == Reason.MALFORMED else ["well formed"]
        if await clerk.weigh(hand, candidate.claim(draft, domain)):
            return ["well formed"]
        task = candidate.ground(draft, hand, domain)
        if isinstance(task, Decision):
            return ["well formed", "new"]
        # Where a model wrote what checks, establishing it has tried it already.
        if not domain.model_written(task.grounding):
            truth = await candidate.program_truth(hand, domain, task, desk.runner)
            if not truth.passed:
                return ["well formed", "new", "grounded"]
    except VerifierError:
        return []
    return ["well formed", "new", "grounded", "checkable", *(["own words"] if draft.worded_by == "generator" else [])]
