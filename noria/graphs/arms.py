"""The arms of a study inside a session: what stands where a part of the loop was put aside.

    attempt ─► [verified: review + challenge ─► rule] ─► (settle)
            └► [a control: one answer is drawn] ─► take ─► (settle)

A control is told what is right by nobody: its answer is drawn among all, or among those that have the form of one.
What its attempts were worth is in the ledger all the same, for whoever measures it; of what is dealt the levels
alone hang on it, as in every arm, which can only help the control.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from langgraph.runtime import Runtime

from noria.evaluators.domain import Domain
from noria.evaluators.gate import Decision
from noria.graphs.episode_state import State, Update, turned_away
from noria.identity import stream
from noria.types import Attack, Attempt, Critique, Dealt, Reason, Stage, Task

if TYPE_CHECKING:
    from noria.graphs.context import Context

NO_CRITIQUE = Critique(policy="", faults=(), advice="", revise=False)
"""What a critic that was put aside finds."""

NO_ATTACK = Attack(policy="", probes=())
"""What an adversary that was put aside tries."""


def chosen(context: "Context", dealt: Dealt, domain: Domain, task: Task, made: Sequence[Attempt]) -> Update:
    """What a control learns of a task: one of the answers, whatever it is worth; none where none has the form."""
    formed = context.config.arm.accept == "well_formed"
    fit = [one for one in made if one.response and (not formed or domain.formed(task.grounding, one.response))]
    found: Update = {
        "attempts": tuple(made), "solve_rate": sum(one.passed for one in made) / len(made) if made else 0.0,
        "critiques": (), "attacks": (), "verdicts": (),
    }  # fmt: skip
    if not fit:
        what = "has the form of an answer" if formed else "says anything"
        return found | turned_away(Reason.UNSOLVED, f"none of {len(made)} attempts {what}")
    return found | {"target": stream(dealt.random, "arm").choice(fit), "stage": Stage.SOLVABLE}


async def take(state: State, runtime: Runtime["Context"]) -> Update:
    """Accept what was drawn."""
    said = f"{runtime.context.config.arm.accept}: nobody asked whether it is right"
    return {"decision": Decision("accept", Reason.TAKEN, said)}


def surplus(context: "Context", number: int) -> frozenset[str]:
    """The answers of a round and of those before it beyond what the arm may learn of each; the same every time."""
    gone: set[str] = set()
    for at, most in enumerate(context.config.arm.rows[:number], 1):
        own = sorted(one.id for one in context.history.heads(number=at) if one.role == "solver")
        name = f"{context.config.random}/{at}"
        gone.update(own if not most else set(own) - set(stream(name, "arm").sample(own, min(most, len(own)))))
    return frozenset(gone)
