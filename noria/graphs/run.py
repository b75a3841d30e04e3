"""Running a session: open what it needs, turn the wheel, leave everything closed and resumable.

    config ─► ledger (locked) ─► seeds, policies ─► fleet ─► graph + checkpointer ─┬─► summary
                                                                 ▲                 └─► waits for a person
                                                                 └───────────────────────┘

The same path starts a session and resumes one: what the ledger already holds is found, and
what it does not hold is made. Servers are ended and the ledger is closed however it ends.
"""

from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphDrained
from langgraph.types import Command

from noria.config import SessionConfig
from noria.failpoints import at
from noria.graphs.collecting import rarely
from noria.graphs.context import Context
from noria.graphs.folder import begun, summary
from noria.graphs.midway import checkpoints, midway
from noria.graphs.opening import Means, Watch, opened
from noria.graphs.session import build
from noria.graphs.session_state import State
from noria.graphs.steering.holding import lift, wait
from noria.graphs.summary import summarise
from noria.graphs.withdrawing import retrains
from noria.memory.history import History
from noria.memory.ledger import told

THREAD = "session"

STEPS = 1_000_000
"""Steps of the graph one run may take; the session has its own reasons to stop."""


async def run(config: SessionConfig, means: Means, watch: Watch | None = None) -> dict[str, Any]:
    """Play a session to its end, from its beginning or from where it was left; returns its summary.

    Raises:
        NoriaError: bad input, or a run that failed midway and can be resumed.
        asyncio.CancelledError: it was cancelled, or asked to leave (`Context.leave`); it can be resumed.
    """
    if begun(config.session) and told(config.session, "finished"):
        return summary(config.session)
    async with opened(config, means, watch or Watch()) as context:
        async with checkpoints(config.session) as saver:
            graph = build().compile(checkpointer=saver, name="session")
            place: RunnableConfig = {"configurable": {"thread_id": THREAD}, "recursion_limit": STEPS}
            left = await graph.aget_state(place)
            state, first = left.values, State(round=_unfinished(context.history))
            again = retrains(context.history, first["round"])  # a purge added a round to a session that was over
            if left.next or again or not state.get("stop"):  # else it came to its end and only wants to be written down
                with midway(config.session), rarely():
                    state = await _turned(graph, None if left.next else first, place, context)
        at("session.ended")
        await context.history.keep_fact("finished", state["stop"])
        at("session.finished")
        return summarise(context.history)


async def _turned(graph: Any, begin: Any, place: RunnableConfig, context: Context) -> dict[str, Any]:
    """Let the graph turn to its end, and wait wherever it stands still for a person."""
    if await lift(context.history):
        context.tell("steered", {"said": "it was paused when its process ended, and goes on now"})
    while True:
        try:
            state: dict[str, Any] = await graph.ainvoke(
                begin, place, context=context, durability="sync", control=context.control
            )
        except GraphDrained:
            await context.border.rest()
            raise
        if not (asked := state.get("__interrupt__")):
            return state
        await wait(context, asked[0].value)
        begin = Command(resume=True)


def _unfinished(history: History) -> int:
    """The round to begin with where no checkpoint says: the first that has not ended."""
    return next((number for number, phase, _ in history.rounds() if phase != "ended"), len(history.rounds()) + 1)
