"""The first half of an episode: a proposal is made, read, found new and grounded; and worded again on request.

propose ─► form ─► novelty ─► ground          revise ─► ground          each line one node of the graph
"""

from langgraph.runtime import Runtime

from noria.agents.generator import Generator
from noria.agents.judge import Judge
from noria.evaluators import gate
from noria.graphs import candidate
from noria.graphs.context import Context
from noria.graphs.episode_state import State, Update, turned_away
from noria.graphs.quarantine import distrust
from noria.types import Check, Dealt, Reason, Stage, Task

TOLD_BACK = "back_translation"


async def propose(state: State, runtime: Runtime[Context]) -> Update:
    """The generator chooses parameters in the dealt window and words the task."""
    context, dealt = runtime.context, state["dealt"]
    generator: Generator = Generator.seated(context.desk, dealt)
    domain = context.domain(dealt)
    if why := distrust(context.history, domain.verifier):
        return turned_away(Reason.UNTRUSTED, why)
    if domain.warrant == "judged" and not dealt.veto:
        return turned_away(Reason.UNTRUSTED, gate.BENCHED)  # before anything is paid for
    reply = await generator.propose(dealt, domain, temperature=context.temperature(dealt))
    found: Update = {}
    if generator.fell_back:
        # What was asked plainly is no strategy's.
        found = {"dealt": dealt.model_copy(update={"strategy": "", "brief": {}})}
        why = "the endpoint tells no chat template, or has no raw completions"
        context.tell("fell_back", {"episode": dealt.episode, "strategy": dealt.strategy, "why": why})
    if not reply:
        return found | turned_away(Reason.SILENT, "the generator's reply was empty or cut")
    return found | {"reply": reply, "stage": Stage.PROPOSED}


async def form(state: State, runtime: Runtime[Context]) -> Update:
    """The reply is read and established, its bucket looked up, its wording kept or replaced by the program's."""
    context, dealt = runtime.context, state["dealt"]
    read = await candidate.read(state["reply"], dealt, context.domain(dealt), context.desk.runner)
    if isinstance(read, gate.Decision):
        return {"decision": read}
    return {"draft": read, "checks": read.checks, "stage": Stage.WELL_FORMED}


async def novelty(state: State, runtime: Runtime[Context]) -> Update:
    """The candidate claims its parameters and its solution, in deal order."""
    context, dealt = runtime.context, state["dealt"]
    claim = candidate.claim(state["draft"], context.domain(dealt))
    refusal = await context.hands.clerk(dealt.episode).claim(dealt, claim)
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
    task = candidate.ground(state["draft"], dealt, context.domain(dealt))
    if isinstance(task, gate.Decision):
        return {"decision": task}
    found: Update = {"task": task, "drafts": (*state.get("drafts", ()), task)}
    if told := await _told_back(context, dealt, task):
        found["checks"] = (*(check for check in state["checks"] if check.name != told.name), told)
        if not told.passed:
            return found | turned_away(Reason.UNGROUNDED, f"{told.name}: {told.evidence}")
    return found | {"stage": Stage.GROUNDED}


async def _told_back(context: Context, dealt: Dealt, task: Task) -> Check | None:
    """Whether the program that judges means what was asked; none where a program knows that by itself.

    Only a judge can tell, so where the judge is benched the answer is no.
    """
    to_tell = context.domain(dealt).to_tell(task.grounding)
    if to_tell is None:
        return None
    program, meant = to_tell
    if not dealt.veto:
        return Check.of(
            TOLD_BACK, False, "only the judge can tell whether the functions mean the rule, and it is benched"
        )
    generator: Generator = Generator.seated(context.desk, dealt)
    judge: Judge = Judge.seated(context.desk, dealt)
    said = await generator.explain(dealt, task, program)
    follows = await judge.entails(dealt, task, said, meant)
    return Check.of(
        TOLD_BACK,
        follows,
        f"the functions say {said!r}, from which {meant!r} {'follows' if follows else 'does not follow'}",
    )


async def revise(state: State, runtime: Runtime[Context]) -> Update:
    """The generator words the task again; a wording that lost the parameters leaves the old draft standing."""
    context, dealt, task = runtime.context, state["dealt"], state["task"]
    generator: Generator = Generator.seated(context.desk, dealt)
    domain, critique = context.domain(dealt), state["critiques"][-1]
    wording = await generator.reword(dealt, domain, task, critique, temperature=context.temperature(dealt))
    draft = candidate.reworded(state["draft"], wording, domain)
    if draft is None:
        kept = gate.Decision("accept", Reason.VERIFIED, "no better wording came; the first draft passed every check")
        return {"decision": kept}
    return {"draft": draft, "checks": draft.checks + state["checks"][len(draft.checks) :], "decision": None}
