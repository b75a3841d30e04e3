"""Self-distillation: what another wrote is said again by the student, before it learns it.

    target of a program or of another policy ─► shown to the student with its task ─► its own words ─► checked
                                                            passed: the new target  ◄┴► else the old one stands

After *Self-Distillation Bridges Distribution Gap in Language Model Fine-Tuning* (Yang et al., arXiv
2402.13669) and *Self-Data Distillation* (Thangarasa et al., arXiv 2410.09982): a student that
learns its own words forgets less than one that learns another's. The check that passed
the answer must pass what was made of it, so nothing rests on the student's word; the
provenance names the student as the writer.
"""

from langgraph.runtime import Runtime

from noria.agents.student import Solver
from noria.config.methods.distillation import SelfDistil
from noria.graphs.context import Context
from noria.graphs.episode_state import State, Update
from noria.identity import stream
from noria.types import Source

AFTER = 200
"""Attempt numbers beyond this are of answers that are said again."""


async def step(state: State, runtime: Runtime[Context], rules: SelfDistil) -> Update:
    """The target in the student's own words, where these pass; nothing where the student wrote it itself.

    Raises:
        EndpointError: the student's endpoint cannot answer.
    """
    context, dealt, task, target = runtime.context, state["dealt"], state["task"], state["target"]
    solver: Solver = Solver.seated(context.desk, dealt)
    domain = context.domain(dealt)
    if domain.warrant == "judged":  # the judge ruled on these words, and would not see others
        return {}
    if target.policy == solver.policy or stream(dealt.random, "restate").random() >= rules.share:
        return {}
    source: Source = "student" if solver.policy in context.lineage else "pool"
    made = await solver.restate(
        dealt, domain, task, target.response, count=rules.attempts, temperature=rules.temperature,
        source=source, after=AFTER,
    )  # fmt: skip
    kept = (*state["attempts"], *([target] if target.source == "program" else ()))
    own = min((one for one in made if one.passed), key=lambda one: (len(one.response), one.response), default=None)
    if own is None:
        return {"attempts": (*state["attempts"], *made)}
    return {"attempts": (*kept, *made), "target": own}
