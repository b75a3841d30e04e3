"""Rewriting: the critic advises, the generator words again, the solver answers again; programs hold the meaning.

    accepted ─► advice ─► reword ─► as good? ─► revise ─► as good? ─► accepted, revised as far as it passed
                            └ no ─► the old wording    └ no ─► the old response

After CoachLM (arXiv 2311.13246), which revises the pairs of a data set instead of dropping
them, and Self-Refine (arXiv 2303.17651), whose feedback and refinement come from policies that
are prompted and not trained. What they let a model judge, a program judges here.
"""

from typing import Any

from langgraph.runtime import Runtime

from noria.agents.enhancing import REVISED, Advice
from noria.config.methods.quality import Rewrite
from noria.graphs.context import Context
from noria.graphs.enhancing.revising import ACCEPTED, Tried, answered, fixed, seats, told, worded
from noria.graphs.episode_state import State, Update
from noria.identity import stream
from noria.types import Critique

PREFERRED = ACCEPTED + 6
"""Attempt number of the judge's preference between old and revised response, in both orders."""

NAME = "rewrite"


async def step(state: State, runtime: Runtime[Context], rules: Rewrite) -> Update:
    """Revise an accepted candidate, and tell what came of it."""
    context, dealt = runtime.context, state["dealt"]
    if stream(dealt.random, NAME).random() >= rules.share or fixed(state, context):
        return {}
    critique = state["critiques"][-1]
    advice = Advice(instruction=critique.advice, response=critique.advice)
    if rules.advice == "fresh":
        asked = seats(context, dealt)
        fresh = await asked.advise(dealt, context.domain(dealt), state["task"], state["target"])
        if fresh is None:
            return told(state, {}, NAME, "the critic's advice cannot be read; the old stands")
        advice = fresh
    found: dict[str, Any] = {}
    said: list[str] = []
    for part in ("instruction", "response"):
        if part not in rules.parts:
            continue
        now: State = {**state, **found}  # type: ignore[typeddict-item]
        wish = Critique(policy=critique.policy, faults=critique.faults, advice=getattr(advice, part), revise=True)
        tried = await (
            _wording(context, now, wish, rules) if part == "instruction" else _response(context, now, wish, rules)
        )
        found |= tried.found
        said.append(f"{part}: {tried.why}")
        if "decision" in found:
            return found
    return told(state, found, NAME, "; ".join(said))


async def _wording(context: Context, state: State, wish: Critique, rules: Rewrite) -> Tried:
    if not (wish.advice or wish.faults):
        return Tried({}, "the critic has no advice")
    dealt, domain = state["dealt"], context.domain(state["dealt"])
    wording = await seats(context, dealt).reword(
        dealt, domain, state["task"], wish, number=REVISED, temperature=context.temperature(dealt)
    )
    return await worded(context, state, wording, rules.meaning, 0, "generator")


async def _response(context: Context, state: State, wish: Critique, rules: Rewrite) -> Tried:
    if not wish.advice:
        return Tried({}, "the critic has no advice")
    dealt, task, old = state["dealt"], state["task"], state["target"]
    asked = seats(context, dealt)
    text, policy = await asked.revise(dealt, context.domain(dealt), task, old, wish.advice, number=REVISED)
    tried = await answered(context, state, text, policy, 1)
    if rules.preferred and "target" in tried.found:
        new = tried.found["target"]
        if await asked.judge.prefer(dealt, task, old, new, PREFERRED) != new:
            return Tried({"attempts": tried.found["attempts"]}, "the judge does not prefer the revised response")
    return tried
