"""Paraphrases: an accepted instruction in further wordings, each a sample of its own with the same response.

    instruction ─► generator, n at once ─┐
                └► program's phrasings ──┴─► form ─► says ─► response passes ─► not a leak ─► variants ─► screen

After AugGPT (arXiv 2302.13007), which trusts the rephrasing model; here each wording is held by
the domain's program, or by its embedding where there is none. An episode is still one accepted
task: its variants say which sample they are of, and go wherever that one goes.
"""

from langgraph.runtime import Runtime

from noria.agents.student import checked
from noria.config.methods.quality import Paraphrase
from noria.evaluators.foreign import own_words, spelled
from noria.graphs import candidate
from noria.graphs.context import Context
from noria.graphs.enhancing.revising import alike, fixed, seats, told
from noria.graphs.episode_state import State, Update
from noria.identity import content_id, stream
from noria.types import PARAPHRASE, Task, WordedBy

DRAWS = 8
"""Phrasings that the program draws for each variant that lacks."""

LEAST = 0.4
"""Similarity that a generator's variant keeps where a program reads it, for it may ramble on beyond what that reads:
of the default base's, what rambled was at 0.38 and less, what did not at 0.43 and more."""


async def step(state: State, runtime: Runtime[Context], rules: Paraphrase) -> Update:
    """Find variants of an accepted instruction, and tell how many of how many passed."""
    context, dealt, task = runtime.context, state["dealt"], state["task"]
    if fixed(state, context):
        return {}
    domain, found = context.domain(dealt), dict[str, Task]()
    tried = {"generator": 0, "program": 0}

    async def take(wording: str, by: WordedBy) -> None:
        if len(found) >= rules.variants:
            return
        text = domain.worded(state["draft"].point, wording)
        if _same(text, task.instruction) or any(_same(text, one) for one in found):
            return
        tried[by] += 1
        if variant := await _variant(context, state, text, by, rules):
            found[text] = variant

    if "generator" in rules.by:
        asked = seats(context, dealt)
        temperature = max(context.temperature(dealt), 0.7)  # n replies at 0 would be one
        for wording in await asked.paraphrase(dealt, domain, task, count=rules.variants, temperature=temperature):
            await take(wording, "generator")
    if "program" in rules.by:
        rng = stream(dealt.random, PARAPHRASE)
        for _ in range(DRAWS * (rules.variants - len(found))):
            await take(domain.phrase(state["draft"].point, rng), "program")
    made = {by: sum(one.worded_by == by for one in found.values()) for by in tried}
    said = ", ".join(f"{made[by]} of {tried[by]} wordings by the {by} stand" for by in rules.by)
    return told(state, {"variants": tuple(found.values())}, PARAPHRASE, said)


async def _variant(context: Context, state: State, text: str, by: WordedBy, rules: Paraphrase) -> Task | None:
    """The task in other words, if everything that holds of it holds of them."""
    dealt, task, target, point = state["dealt"], state["task"], state["target"], state["draft"].point
    domain = context.domain(dealt)
    own = own_words(domain, point) if by == "generator" else spelled(text)
    if not all(check.passed for check in candidate.wording_checks(domain, point, text, own)):
        return None
    if domain.leaks(task.grounding, text) or not alike(
        context, state, text, rules.meaning, LEAST if by == "generator" else 0.0
    ):
        return None
    identity = {"domain": domain.name, "parameters": task.parameters, "instruction": text}
    told = {"id": content_id("task", identity), "instruction": text, "worded_by": by}
    variant = task.model_copy(update=told)
    answer = await checked(domain, variant, target.response, target.policy, target.source, context.desk.runner)
    return variant if answer.passed else None


def _same(one: str, other: str) -> bool:
    """Whether two wordings differ in case and space alone."""
    return one.lower().split() == other.lower().split()
