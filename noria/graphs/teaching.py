"""Sequence-level distillation: a stronger policy attempts the student's tasks too.

    the solver's attempts ─► none passed, or drawn ─► the teacher's ─► checked ─► target

After *Sequence-Level Knowledge Distillation* (Kim and Rush, arXiv 1606.07947): the student learns
the sequences that its teacher writes, and not the teacher's distributions. Here only what
passes the domain's check is learned, so a teacher that errs costs tokens and teaches nothing. It plays in the
solver's role under attempt numbers of its own, so that a resumed round finds what it said.
"""

from langgraph.runtime import Runtime

from noria.agents.student import Solver
from noria.config.methods.distillation import Distil
from noria.graphs.context import Context
from noria.graphs.episode_state import State
from noria.identity import stream
from noria.types import TAUGHT, Attempt, Check

AFTER = 100
"""Attempt numbers beyond this are the teacher's."""


async def attempt(state: State, runtime: Runtime[Context], rules: Distil, made: list[Attempt]) -> list[Attempt]:
    """What the teacher answers to a task; nothing where it is not asked, or sits as solver itself.

    Raises:
        EndpointError: its endpoint cannot answer.
    """
    context, dealt, task = runtime.context, state["dealt"], state["task"]
    teacher = teaching(context, rules)
    if teacher == context.desk.sits(dealt.seats["solver"]):
        return []
    drawn = stream(dealt.random, "distil").random() < rules.share
    if not drawn and not (rules.failed and not any(one.passed for one in made)):
        return []
    solver = Solver(context.desk, teacher)
    solver.dealt = True  # the config that deals does not change in a session
    return await solver.attempt(
        dealt, context.domain(dealt), task, count=rules.attempts, temperature=rules.temperature, source="pool",
        after=AFTER, told=(Check.of(TAUGHT, True, f"{context.policy(teacher).name} taught it"),),
    )  # fmt: skip


def teaching(context: Context, rules: Distil) -> str:
    """The id of the policy that teaches."""
    return context.remote.get(rules.teacher) or context.pointer("base").id
