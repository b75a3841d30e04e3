"""The last step before a candidate is accepted: what it would teach is projected, and read for what may not be learned.

settle = screen ─┬─► admit
                 └─► refuse

A variant of its instruction that may not be learned is left out alone: the candidate needs it not.
"""

from langgraph.runtime import Runtime

from noria.graphs import closed_book, projection
from noria.graphs.context import Context
from noria.graphs.episode_state import State, Update, turned_away
from noria.types import Check, Message, TurnKey

CHECK = "hygiene"


async def screen(state: State, runtime: Runtime[Context]) -> Update:
    """The samples are made; where one may not be learned, the candidate is refused with the reason."""
    context, dealt, task = runtime.context, state["dealt"], state["task"]
    proposal = context.history.turn(TurnKey(episode=dealt.episode, role="generator", draft=1, attempt=1))
    checks = (*state["checks"], Check.of(CHECK, True, "nothing that may not be learned"))

    def ask(instruction: str) -> tuple[Message, ...]:
        return context.desk.sheet(dealt.episode).templates.render("solver", instruction=instruction)

    samples = projection.samples(
        {**state, "checks": checks}, context.domain(dealt), asked=ask(task.instruction), proposed=proposal,
        proven=context.config.arm.accept == "verified",
    )  # fmt: skip
    samples += closed_book.rows(context, dealt, task, state["draft"].point, samples[0])
    exams, says = context.exams(), context.hygiene.says(task.domain, task.level, task.parameters)
    stain = next((found for one in samples if (found := context.hygiene.stain(one, exams, says))), None)
    if stain is None:
        variants = projection.variants(samples[0], state.get("variants", ()), ask)
        clean = [one for one in variants if context.hygiene.stain(one, exams, says) is None]
        if left := len(variants) - len(clean):
            checks = (*state["checks"], Check.of(CHECK, True, f"clean, but for {left} variants that are left out"))
        return {"samples": (*samples, *clean), "checks": checks}
    return turned_away(stain.reason, stain.evidence, *state["checks"], Check.of(CHECK, False, stain.evidence))
