"""Cleansing: an accepted candidate that scores as toxic is said in clean words, or refused.

    instruction, response ─► score ─┬─ below the bound ─► as it is
                                    └─► reword, else the program's own words ─► checks, score ─┬─► clean
                                        answer again, else the program's truth                 └─► refused: unclean

The scorer and the bound are those of `toxicity`. Before the candidate is screened, so that what a
word list would refuse may be saved; what is clean in the end was checked like any revision.
"""

from typing import Any

from langgraph.runtime import Runtime

from noria.agents.enhancing import CLEANSED, SCORED
from noria.config.methods.quality import Cleanse
from noria.graphs import candidate
from noria.graphs.context import Context
from noria.graphs.enhancing.revising import Tried, answered, fixed, seats, told, worded
from noria.graphs.episode_state import State, Update, turned_away
from noria.identity import stream
from noria.training.scorers import scorer
from noria.types import Critique, Reason

NAME = "cleanse"

WISH = "Say it in polite words."

MEANING = 0.6
"""Similarity that clean words keep to others where no program can tell: an insult is part of what was meant."""


async def step(state: State, runtime: Runtime[Context], rules: Cleanse) -> Update:
    """Clean a candidate, and tell what was done; refuse it where that fails."""
    context = runtime.context
    before = await _scores(context, state, SCORED)
    if not any(before):
        return {}
    found: dict[str, Any] = {}
    said: list[str] = []
    if fixed(state, context):
        return _refused("it may be put in no other words")
    for part, toxic in zip(("instruction", "response"), before, strict=True):
        if not toxic:
            continue
        tried = await (_wording if part == "instruction" else _response)(context, _now(state, found))
        found |= tried.found
        said.append(f"{part}: {tried.why}")
        if "decision" in found:
            return found
    if any(await _scores(context, _now(state, found), SCORED + 2)):
        return found | _refused("; ".join(said))
    return told(state, found, NAME, "; ".join(said))


def _now(state: State, found: Update) -> State:
    return {**state, **found}  # type: ignore[typeddict-item]


def _refused(why: str) -> Update:
    return turned_away(Reason.UNCLEAN, f"its toxicity reaches the bound, and no clean form of it stands: {why}")


async def _scores(context: Context, state: State, number: int) -> list[bool]:
    """Whether the instruction and the response reach the bound; what cannot be scored does."""
    rules, dealt, task = context.config.methods.toxicity, state["dealt"], state["task"]
    assert rules is not None, "the config was checked"
    reads = scorer(rules, seats(context, dealt).judge, dealt.episode, task.draft, number)
    scores = await reads.score([task.instruction, state["target"].response])
    return [one is None or one >= rules.bound for one in scores]


async def _wording(context: Context, state: State) -> Tried:
    """Other words of the generator's, or the program's own."""
    dealt, task = state["dealt"], state["task"]
    domain, asked = context.domain(dealt), seats(context, dealt)
    wish = Critique(policy=asked.critic.policy, faults=("unclear",), advice=WISH, revise=True)
    wording = await asked.reword(dealt, domain, task, wish, number=CLEANSED, temperature=context.temperature(dealt))
    tried = await worded(context, state, wording, MEANING, 2, "generator")
    if tried.found and (
        "decision" in tried.found or not (await _scores(context, _now(state, tried.found), SCORED + 4))[0]
    ):
        return tried
    own = domain.phrase(state["draft"].point, stream(dealt.random, NAME))
    return await worded(context, state, own, MEANING, 3, "program")


async def _response(context: Context, state: State) -> Tried:
    """Another response of the solver's, or the program's truth where that may be learned."""
    dealt, task = state["dealt"], state["task"]
    domain = context.domain(dealt)
    text, policy = await seats(context, dealt).revise(dealt, domain, task, state["target"], WISH, number=CLEANSED)
    tried = await answered(context, state, text, policy, 4)
    if "target" in tried.found and not (await _scores(context, _now(state, tried.found), SCORED + 6))[1]:
        return tried
    if context.config.play.targets == "verified" or domain.warrant == "judged":
        return tried
    truth = await candidate.program_truth(dealt, domain, task, context.desk.runner)
    return Tried({"target": truth}, "it is answered by the program") if truth.passed else tried
