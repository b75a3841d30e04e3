"""Self-play fine-tuning: verified targets against the previous policy's own answers to the same prompts.

    prompt ─┬─ the verified target ─► chosen
            └─ what the policy that plays now answers ─► rejected, unless it is right as well

*Self-Play Fine-Tuning* (SPIN, Chen et al., arXiv 2401.01335) tells the targets from what the
opponent, the policy before, says itself. The opponent's answer is its first attempt at the task in the ledger, or
asked now. In the paper every such answer is the worse one; here a program knows when
it is not, and a pair whose sides are both right is dropped. The reference is the opponent, as in the paper,
so the loss falls where the student leaves what its predecessor would say.

One has seen it gain in the first round and little after: an opponent that is right leaves no pair.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from noria.agents.student import Solver
from noria.config.methods.preference import Spin
from noria.errors import VerifierError
from noria.training.export.cases import Case
from noria.training.export.contrast import plain
from noria.training.further import Start
from noria.training.launch import Trained
from noria.training.pairing import Barred, gathered
from noria.training.pairs import Pair
from noria.training.preferring import prefer
from noria.training.selecting.selector import Tools
from noria.types import Attempt, Policy

METHOD = "spin"


async def pairs(tools: Tools, rules: Spin, barred: Barred) -> list[Pair]:
    """The pairs of verified targets against the opponent's answers that a round learns from.

    Raises:
        EndpointError: the opponent cannot be asked.
    """
    await tools.bring_up(tools.student)

    async def make(found: Sequence[Case]) -> list[list[Pair]]:
        return list(await asyncio.gather(*(_of(tools, case) for case in found)))

    return await gathered(tools, rules, barred, METHOD, make)


async def _of(tools: Tools, case: Case) -> list[Pair]:
    sample = case.answer
    assert sample is not None
    target = sample.messages[-1].content
    own = await _answer(tools, case)
    if own is None or own.passed or not plain(own.response) or plain(own.response) == plain(target):
        return []
    why = next((f"failed {check.name}" for check in own.checks if not check.passed), "failed check")
    return [
        Pair(
            prompt=sample.messages[:-1], chosen=target, rejected=own.response, sample=sample.id,
            episode=case.episode.id, method=METHOD, why=why, policy=own.policy,
        )
    ]  # fmt: skip


async def _answer(tools: Tools, case: Case) -> Attempt | None:
    """The opponent's first attempt at the task, or what it answers now; none where it cannot be checked."""
    assert case.answer is not None
    task = next((one for one in case.episode.drafts if one.id == case.answer.provenance.task), None)
    if task is None or task.domain not in tools.domains:
        return None
    made = (one for one in case.episode.attempts if (one.task, one.policy) == (task.id, tools.student))
    if (found := next(made, None)) is not None:
        return found
    solver = Solver(tools.desk, tools.student)
    try:
        asked = await solver.examine(
            f"spin-r{tools.number:04}/{case.episode.id}", 1, [(task, tools.domains[task.domain].at(task.level))]
        )
    except VerifierError:
        return None
    return asked[0][0]


async def further(start: Start, rules: Spin) -> Trained | None:
    """Train the adapter so far on the round's pairs, against the opponent as its reference; none where there are none.

    Raises:
        RunError: the training failed; its last words are in the sentence.
    """
    opponent = start.chosen.opponent
    return await prefer(start, rules, METHOD, loss="sigmoid", reference=_weights(opponent, start.base))


def _weights(opponent: Policy | None, base: Policy) -> Path | None:
    """Where the opponent's adapter is; the base's own folder where it is the base."""
    return Path(opponent.adapter) if opponent is not None and opponent.adapter else Path(base.folder)
