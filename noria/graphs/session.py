"""One session: the wheel.

    plan ─► play (a batch of episodes, side by side) ─► settle ─┬─► play … (next batch)
      ▲                                                         └─► curate ─► train ─► examine ─┬─► promote ──┐
      │                                                                                         └─► keep_out ─┤
      └──────────────────────────────── guard (go on · stop) ◄────────────────────────────────────────────────┘

The graph's state holds numbers and ids; the ledger holds the story, and where the two
disagree the ledger is right. So every node first asks the ledger what is done already: a
node that runs again after a crash pays for nothing twice. A failing episode would cancel
its siblings, so it never raises: it is settled as an error. Only what ends the whole
session (a full disk, a dead server) leaves the graph, and then the session can be resumed.
"""

from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send
from typing_extensions import TypedDict

from noria.graphs import learning, playing, rounds
from noria.graphs.context import Context


class State(TypedDict, total=False):
    """The note beside a field names the node that writes it."""

    round: int  # guard
    batch: int  # plan, settle
    batches: int  # plan
    episodes: list[str]  # plan, settle
    student: str  # train: id of the trained policy, empty where none was trained
    promoted: bool  # examine
    stop: str  # guard


class Hand(TypedDict):
    """What one episode is sent."""

    round: int
    batch: int
    episode: str


Update = dict[str, Any]


async def plan(state: State, runtime: Runtime[Context]) -> Update:
    """Commit the round's deal, or find it committed."""
    number = state.get("round", 1)
    dealt = await rounds.plan(runtime.context, number)
    size = runtime.context.config.play.batch
    batches = -(-len(dealt) // size)
    first = [one.episode for one in dealt[:size]]
    return {"round": number, "batch": 0, "batches": batches, "episodes": first, "student": "", "promoted": False}


async def play(state: Hand, runtime: Runtime[Context]) -> Update:
    """Play one episode to its end; what breaks in it is its outcome."""
    await playing.play(runtime.context, state["round"], state["batch"], state["episode"])
    return {}


async def settle(state: State, runtime: Runtime[Context]) -> Update:
    """Bring the neighbour index up to the ledger, and deal out the next batch."""
    dealt = await rounds.settle(runtime.context, state["round"])
    size, batch = runtime.context.config.play.batch, state["batch"] + 1
    following = [one.episode for one in dealt[batch * size : (batch + 1) * size]]
    return {"batch": batch, "episodes": following}


async def curate(state: State, runtime: Runtime[Context]) -> Update:
    """Choose the rows to learn from."""
    await learning.curate(runtime.context, state["round"])
    return {}


async def train(state: State, runtime: Runtime[Context]) -> Update:
    """Fine-tune the student from its base, unless there is too little to learn from."""
    return {"student": await learning.train(runtime.context, state["round"])}


async def examine(state: State, runtime: Runtime[Context]) -> Update:
    """Parent and student sit the same fresh exam."""
    return {"promoted": await learning.examine(runtime.context, state["round"], state["student"])}


async def promote(state: State, runtime: Runtime[Context]) -> Update:
    """The student takes its seat."""
    await learning.promote(runtime.context, state["round"], state["student"])
    return {}


async def keep_out(state: State, runtime: Runtime[Context]) -> Update:
    """The parent plays on."""
    await learning.keep_out(runtime.context, state["round"], state["student"])
    return {}


async def guard(state: State, runtime: Runtime[Context]) -> Update:
    """Go on or stop, and say why."""
    stop = await rounds.guard(runtime.context, state["round"])
    return {"stop": stop} if stop else {"round": state["round"] + 1, "stop": ""}


def hands(state: State) -> list[Send] | Literal["curate"]:
    """A hand for each episode of the batch, or on to curate when none is left."""
    if not state["episodes"]:
        return "curate"
    return [Send("play", Hand(round=state["round"], batch=state["batch"], episode=one)) for one in state["episodes"]]


def trained(state: State) -> Literal["examine", "keep_out"]:
    """Whether there is a student to examine."""
    return "examine" if state["student"] else "keep_out"


def passed(state: State) -> Literal["promote", "keep_out"]:
    """What the exam decided."""
    return "promote" if state["promoted"] else "keep_out"


def turning(state: State) -> Literal["on", "stop"]:
    """Whether the wheel turns on."""
    return "stop" if state["stop"] else "on"


def build() -> StateGraph[State, Context, State, State]:
    """The session as a graph, not yet compiled: who runs it brings the checkpointer."""
    graph = StateGraph(State, context_schema=Context)
    for node in (plan, settle, curate, train, examine, promote, keep_out, guard):
        graph.add_node(node.__name__, node)
    graph.add_node("play", play, input_schema=Hand)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", hands, ["play", "curate"])
    graph.add_edge("play", "settle")
    graph.add_conditional_edges("settle", hands, ["play", "curate"])
    graph.add_edge("curate", "train")
    graph.add_conditional_edges("train", trained, ["examine", "keep_out"])
    graph.add_conditional_edges("examine", passed, ["promote", "keep_out"])
    graph.add_edge("promote", "guard")
    graph.add_edge("keep_out", "guard")
    graph.add_conditional_edges("guard", turning, {"on": "plan", "stop": END})
    return graph


graph = build().compile(name="session")
"""The session for LangGraph's own tooling, which brings its own checkpointer."""
