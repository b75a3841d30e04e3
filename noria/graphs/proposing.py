"""The first half of an episode: a proposal is made, read, found new and grounded; and worded again on request.

propose ─► form ─► novelty ─► ground          revise ─► ground
"""

from langgraph.runtime import Runtime

from noria.agents.generator import Generator
from noria.evaluators import gate
from noria.graphs import candidate
from noria.graphs.context import Context
from noria.graphs.episode_state import State, Update, turned_away
from noria.graphs.quarantine import distrust
from noria.types import Check, Reason, Stage


async def propose(state: State, runtime: Runtime[Context]) -> Update:
    """The generator chooses parameters in the dealt window and words the task."""
    context, dealt = runtime.context, state["dealt"]
    generator: Generator = Generator.seated(context.desk, dealt)
    domain = context.domains[dealt.domain]
    if why := distrust(context.history, domain.verifier):
        return turned_away(Reason.UNTRUSTED, why)
    reply = await generator.propose(dealt, domain, temperature=context.config.play.temperature)
    if not reply:
        return turned_away(Reason.SILENT, "the generator's reply was empty or cut")
    return {"reply": reply, "stage": Stage.PROPOSED}


async def form(state: State, runtime: Runtime[Context]) -> Update:
    """The reply is read, its bucket looked up, its wording kept or replaced by the program's."""
    dealt = state["dealt"]
    read = candidate.read(state["reply"], dealt, runtime.context.domains[dealt.domain])
    if isinstance(read, gate.Decision):
        return {"decision": read}
    return {"draft": read, "checks": read.checks, "stage": Stage.WELL_FORMED}


async def novelty(state: State, runtime: Runtime[Context]) -> Update:
    """The candidate claims its parameters and its solution, in deal order."""
    context, dealt = runtime.context, state["dealt"]
    claim = candidate.claim(state["draft"], context.domains[dealt.domain])
    refusal = await context.clerk.claim(dealt, claim)
    checks = (
        *state["checks"],
        Check.of("novelty", refusal is None, refusal[1] if refusal else "nobody asked it before"),
    )
    if refusal:
        return turned_away(*refusal, *checks)
    return {"checks": checks, "stage": Stage.NOVEL}


async def ground(state: State, runtime: Runtime[Context]) -> Update:
    """A program builds the truth."""
    context, dealt = runtime.context, state["dealt"]
    task = await candidate.ground(state["draft"], dealt, context.domains[dealt.domain], context.desk.runner)
    if isinstance(task, gate.Decision):
        return {"decision": task}
    return {"task": task, "drafts": (*state.get("drafts", ()), task), "stage": Stage.GROUNDED}


async def revise(state: State, runtime: Runtime[Context]) -> Update:
    """The generator words the task again; a wording that lost the parameters leaves the old draft standing."""
    context, dealt, task = runtime.context, state["dealt"], state["task"]
    generator: Generator = Generator.seated(context.desk, dealt)
    domain, critique = context.domains[dealt.domain], state["critiques"][-1]
    wording = await generator.reword(dealt, domain, task, critique, temperature=context.config.play.temperature)
    draft = candidate.reworded(state["draft"], wording, domain)
    if draft is None:
        kept = gate.Decision("accept", Reason.VERIFIED, "no better wording came; the first draft passed every check")
        return {"decision": kept}
    return {"draft": draft, "checks": draft.checks + state["checks"][len(draft.checks) :], "decision": None}
