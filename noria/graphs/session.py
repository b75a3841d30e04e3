"""One session: the wheel.

    plan ─► steer ─┬─► play (a batch of episodes, side by side) ─► settle ─► steer … (next batch)
      ▲            └─► curate ─► train ─► examine ─┬─► promote ─► seat ─┐
      │                                            └─► keep_out ────────┤
      ├──────────────────────────── guard ─┬─► stop                     │
      ├─ cool_down ◄───────────────────────┤   ▲                        │
      └─ step_back ◄───────────────────────┘   └──────── probate ◄──────┘

The graph's state holds numbers and ids; the ledger holds the story, and is right where the two
disagree. So every node first asks the ledger what is done already: one that runs again after a crash
pays for nothing twice. A batch begins while the last hands of the one before play (see `border`). `steer` and
`promote` may interrupt the graph and wait for a person, with nothing in hand. A failing episode would cancel its
siblings, so it never raises: it is settled as an error. Only what ends the session leaves the graph, resumable.
"""

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from noria.failpoints import at
from noria.graphs import believing, guarding, learning, playing, probation, rounds, seating
from noria.graphs.context import Context
from noria.graphs.edges import hands, passed, trained, turning
from noria.graphs.session_state import Hand, State, Update
from noria.graphs.steering import steering
from noria.graphs.steering.holding import stand


async def plan(state: State, runtime: Runtime[Context]) -> Update:
    """Commit the round's deal, or find it committed."""
    number = state.get("round", 1)
    dealt = await rounds.plan(runtime.context, number)
    size = runtime.context.config.play.batch
    first, batches = [one.episode for one in dealt[:size]], -(-len(dealt) // size)
    begun = {"round": number, "batch": 0, "batches": batches, "episodes": first, "behind": {}}
    return {**begun, "student": "", "promoted": False}


async def steer(state: State, runtime: Runtime[Context]) -> Update:
    """Heed what people said: stand still while it is owed, and commit what the next batch is played under."""
    await steering.steer(runtime.context, state["round"], state["batch"], state["episodes"])
    return {}


async def play(state: Hand, runtime: Runtime[Context]) -> Update:
    """Play one episode, unless it may be carried over; what breaks in it is its outcome."""
    await runtime.context.border.play(runtime.context, state, playing.play)
    return {}


async def settle(state: State, runtime: Runtime[Context]) -> Update:
    """Bring the neighbour index up to the ledger, and deal out the next batch."""
    batch = state["batch"] + 1
    following, behind = await rounds.settle(runtime.context, state["round"], batch)
    at("batch.settled")
    return {"batch": batch, "episodes": following, "behind": behind}


async def curate(state: State, runtime: Runtime[Context]) -> Update:
    """Choose the rows to learn from."""
    await learning.curate(runtime.context, state["round"])
    return {}


async def train(state: State, runtime: Runtime[Context]) -> Update:
    """Fine-tune the student from its base, unless there is too little to learn from."""
    return {"student": await learning.train(runtime.context, state["round"])}


async def examine(state: State, runtime: Runtime[Context]) -> Update:
    """Parent and student sit the same fresh exam."""
    return {"promoted": await believing.examine(runtime.context, state["round"], state["student"])}


async def promote(state: State, runtime: Runtime[Context]) -> Update:
    """The student takes its seat, once nobody has to be heard on it."""
    stand(runtime.context, state["round"], student=True)
    return {"promoted": await learning.promote(runtime.context, state["round"], state["student"])}


async def keep_out(state: State, runtime: Runtime[Context]) -> Update:
    """The parent plays on."""
    await learning.keep_out(runtime.context, state["round"], state["student"])
    return {}


async def seat(state: State, runtime: Runtime[Context]) -> Update:
    """The promoted student sits the exams of the roles it may hold besides the solver's."""
    if state["promoted"]:
        await seating.seat(runtime.context, state["round"], state["student"])
    at("round.seated")
    return {}


async def probate(state: State, runtime: Runtime[Context]) -> Update:
    """A student promoted in an earlier round is examined once more against its parent; if it is worse, it goes."""
    await seating.judges(runtime.context, state["round"])
    await probation.probate(runtime.context, state["round"])
    at("round.probated")
    return {}


async def guard(state: State, runtime: Runtime[Context]) -> Update:
    """Go on, cool down, step back or stop, and say why."""
    action, why = await guarding.guard(runtime.context, state["round"])
    at("round.guarded")
    return {"action": action, "stop": why if action == "stop" else "", "round": state["round"] + (action != "stop")}


async def cool_down(state: State, runtime: Runtime[Context]) -> Update:
    """The next round plays cooler."""
    await guarding.cool_down(runtime.context, state["round"])
    return {}


async def step_back(state: State, runtime: Runtime[Context]) -> Update:
    """The policy before the current one plays again."""
    await guarding.step_back(runtime.context, state["round"])
    return {}


def build() -> StateGraph[State, Context, State, State]:
    """The session as a graph, not yet compiled: who runs it brings the checkpointer."""
    graph = StateGraph(State, context_schema=Context)
    nodes = (plan, steer, settle, curate, train, examine, promote, seat, keep_out, probate, guard, cool_down)
    for node in (*nodes, step_back):
        graph.add_node(node.__name__, node)
    graph.add_node("play", play, input_schema=Hand)
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "steer")
    graph.add_conditional_edges("steer", hands, ["play", "curate"])
    graph.add_edge("play", "settle")
    graph.add_edge("settle", "steer")
    graph.add_edge("curate", "train")
    graph.add_conditional_edges("train", trained, ["examine", "keep_out"])
    graph.add_conditional_edges("examine", passed, ["promote", "keep_out"])
    graph.add_edge("promote", "seat")
    graph.add_edge("seat", "probate")
    graph.add_edge("keep_out", "probate")
    graph.add_edge("probate", "guard")
    graph.add_conditional_edges(
        "guard", turning, {"on": "plan", "cool_down": "cool_down", "step_back": "step_back", "stop": END}
    )
    graph.add_edge("cool_down", "plan")
    graph.add_edge("step_back", "plan")
    return graph


graph = build().compile(name="session")
"""The session for LangGraph's own tooling, which brings its own checkpointer."""
