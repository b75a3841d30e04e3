"""What a revision must pass: everything that its first form passed, by the same programs.

    new wording  ─► form ─► says (or: near in meaning) ─► same signature ─► response passes ─► probes fail ─► draft
    new response ─► check ─► (judged: the judge accepts) ─► attempt

What does not pass leaves the old standing, with the reason in words. A probe that beats the
verifier itself ends the episode here as it does in `challenge`.
"""

from dataclasses import dataclass, replace

from noria.agents.adversary import Adversary
from noria.agents.critic import Critic
from noria.agents.enhancing import Enhancing
from noria.agents.generator import Generator
from noria.agents.judge import Judge
from noria.agents.student import Solver, checked
from noria.evaluators import probes
from noria.evaluators.gate import Decision
from noria.graphs import candidate
from noria.graphs.context import Context
from noria.graphs.episode_state import State, Update, turned_away
from noria.types import Attack, Attempt, Check, Dealt, Reason, Source, Task, WordedBy, beating

ACCEPTED = 120
"""Attempt numbers of the judge's rulings on revised pairs, and of its preferences, begin here."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a revision."""

    found: Update
    """What the episode takes over; empty where the old stands."""
    why: str
    """In words: what is new, or why the old stands."""


def seats(context: Context, dealt: Dealt) -> Enhancing:
    """The seats of a hand, as they are asked once its candidate is accepted."""
    desk = context.desk
    return Enhancing(*(one.seated(desk, dealt) for one in (Critic, Generator, Solver, Judge)))


def alike(context: Context, state: State, wording: str, bound: float, least: float = 0.0) -> bool:
    """Whether a wording means the same: by its embedding; `least` is the bound where a program holds it already."""
    if context.domain(state["dealt"]).warrant == "verified":
        if not least:
            return True  # `says` holds it, with the form of a wording
        bound = least
    vectors = context.index.embedder.embed([state["task"].instruction, wording])
    return float(vectors[0] @ vectors[1]) >= bound


async def worded(context: Context, state: State, wording: str, meaning: float, number: int, by: WordedBy) -> Tried:
    """A candidate with another wording, if everything that held of the old holds of the new."""
    dealt, old, target = state["dealt"], state["task"], state["target"]
    domain = context.domain(dealt)
    draft = candidate.reworded(state["draft"], wording, domain)
    if draft is None or not alike(context, state, draft.instruction, meaning):
        return Tried({}, "no wording came that is another and means the same")
    draft = replace(draft, worded_by=by)
    task = candidate.ground(draft, dealt, domain)
    if isinstance(task, Decision) or task.grounding.signature != old.grounding.signature:
        return Tried({}, "the new wording is grounded in another truth")
    answer = await checked(domain, task, target.response, target.policy, target.source, context.desk.runner)
    if not answer.passed or not await judged(context, dealt, task, answer, number):
        return Tried({}, "the response does not pass under the new wording")
    attack = Attack(
        policy=Adversary.seated(context.desk, dealt).policy,
        probes=await probes.attack(domain, task, answer.response, context.desk.runner),
    )
    attacked = {"drafts": (*state["drafts"], task), "attacks": (*state["attacks"], attack)}
    if probe := beating(attack.probes):
        verifier = task.grounding.verifier
        why = f"{probe.kind}: {probe.evidence}; it beat {verifier} itself"
        return Tried(attacked | turned_away(Reason.BROKEN, why), why)
    if attack.held:
        return Tried({}, "a probe held against the new wording")
    found = {
        "draft": draft, "task": task, "target": answer, **attacked,
        "checks": draft.checks + state["checks"][len(draft.checks) :],
        "attempts": state["attempts"] if answer.source == "program" else (*state["attempts"], answer),
    }  # fmt: skip
    who = Generator.seated(context.desk, dealt).policy if by == "generator" else "the program"
    return Tried(found, f"it is worded anew by {who}")


async def answered(context: Context, state: State, text: str, policy: str, number: int) -> Tried:
    """A candidate with another response, if it passes what the old passed."""
    dealt, task, old = state["dealt"], state["task"], state["target"]
    if not text or text == old.response:
        return Tried({}, "no other response came")
    source: Source = "student" if policy in context.lineage else "pool"
    new = await checked(context.domain(dealt), task, text, policy, source, context.desk.runner)
    kept = {"attempts": (*state["attempts"], new)}
    if not new.passed:
        failed = next(check for check in new.checks if not check.passed)
        return Tried(kept, f"the revised response fails: {failed.name}: {failed.evidence}")
    if not await judged(context, dealt, task, new, number):
        return Tried(kept, "the judge does not accept the revised response")
    return Tried(kept | {"target": new}, f"it is answered anew by {policy}")


async def judged(context: Context, dealt: Dealt, task: Task, attempt: Attempt, number: int) -> bool:
    """Whether the judge accepts a pair; yes without being asked, where a program can tell."""
    if context.domain(dealt).warrant == "verified":
        return True
    return await seats(context, dealt).accepts(dealt, task, attempt, number=ACCEPTED + number)


def told(state: State, found: Update, name: str, evidence: str) -> Update:
    """The update with a check that says what the method did."""
    checks: tuple[Check, ...] = found.get("checks", state["checks"])
    return found | {"checks": (*checks, Check.of(name, True, evidence))}


def fixed(state: State, context: Context) -> bool:
    """Whether only an answer from the very wording may be learned, so that neither is exchanged."""
    return context.domain(state["dealt"]).model_written(state["task"].grounding)
