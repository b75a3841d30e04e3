"""One episode: a seed becomes a candidate, and the candidate earns its place or is turned away.

    propose ─► attempt ─► review + challenge ─► rule ─► (settle)
                  ▲                              │
                  └─────────── revise ◄──────────┘

Critic and adversary are asked at once, for neither is shown what the other says. Each node asks its seats,
and what programs do with the reply belongs to it, for a step of the graph costs more than most of what they
do: a proposal is read, found new and grounded in its own node, a new wording in `revise`. Cheap checks first:
the first that fails ends the episode. Whichever node is the last settles it: `settle` screens what was accepted
and alone writes, in one transaction. A node writes what it found and never catches; what breaks leaves the graph,
and the session settles an episode that ended in an error.
"""

from collections.abc import Callable
from typing import Literal, cast

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from noria.failpoints import at
from noria.graphs import arms, projection
from noria.graphs.context import Context
from noria.graphs.episode_state import State, Update
from noria.graphs.nodes import Node, leading, named, straight, together
from noria.graphs.proposing import form, ground, novelty, propose, revise
from noria.graphs.screening import screen
from noria.graphs.trying import attempt, challenge, review, rule


async def admit(state: State, runtime: Runtime[Context]) -> Update:
    """Write the episode and its samples, together."""
    samples = state["samples"]
    episode = projection.ended(dict(state), "accepted", sample=samples[0].id)
    at("episode.played")
    await runtime.context.history.settle(episode, samples)
    at("episode.settled")
    return {"episode": episode}


async def refuse(state: State, runtime: Runtime[Context]) -> Update:
    """Write the episode with its reason."""
    episode = projection.ended(dict(state), "refused")
    at("episode.played")
    await runtime.context.history.settle(episode)
    at("episode.settled")
    return {"episode": episode}


async def settle(state: State, runtime: Runtime[Context]) -> Update:
    """Screen what was accepted; admit what is still accepted then, and refuse all else."""
    found = await screen(state, runtime) if accepted(state) else {}
    known = cast(State, {**state, **found})
    return found | await (admit if accepted(known) else refuse)(known, runtime)


def accepted(state: State) -> bool:
    """Whether the gate took the candidate, and nobody refused it since."""
    decision = state.get("decision")
    return decision is not None and decision.ruling == "accept"


def onward(state: State) -> Literal["on", "end"]:
    """Whether the first failed check ended the episode."""
    return "end" if state.get("decision") else "on"


def ruling(state: State) -> Literal["accept", "revise", "reject"]:
    """What the gate decided."""
    return state["decision"].ruling


def redrafted(state: State) -> Literal["on", "accept", "end"]:
    """Whether there is a new draft to examine; else the old one was kept, or the new one has no truth."""
    return "accept" if accepted(state) else onward(state)


def cleared(state: State) -> Literal["on", "end"]:
    """Whether the candidate is still accepted after a method has worked on it."""
    return "on" if accepted(state) else "end"


def build(
    route: Node | None = None, enhance: Node | None = None, *, control: bool = False, critic: bool = True
) -> CompiledStateGraph[State, Context, State, State]:
    """The episode as a graph that keeps no checkpoints: the ledger holds its finished turns.

    `route` and `enhance` are nodes that methods add between an acceptance and its screening; a `control` of
    a study takes an answer where others are reviewed, attacked and ruled on; where there is no `critic` to ask,
    nobody waits for one.
    """
    graph = StateGraph(State, context_schema=Context)

    def add(name: str, node: Node, where: Callable[[State], str], **to: str) -> None:
        graph.add_node(name, leading(node, where, to, settle), destinations=named(to))

    added = {name: node for name, node in (("route", route), ("enhance", enhance)) if node is not None}
    first, *then = (*added, END)
    tried = "take" if control else "review_and_challenge" if critic else "challenge"
    graph.add_edge(START, "propose")
    add("propose", straight(propose, form, novelty, ground), onward, on="attempt", end=END)
    add("attempt", attempt, onward, on=tried, end=END)
    if control:
        add("take", arms.take, cleared, on=first, end=END)
    else:
        add(tried, together(review, challenge) if critic else straight(review, challenge), onward, on="rule", end=END)
        add("rule", rule, ruling, accept=first, revise="revise", reject=END)
        add("revise", straight(revise, ground), redrafted, on="attempt", accept=first, end=END)
    for (name, step), following in zip(added.items(), then, strict=True):
        add(name, step, cleared, on=following, end=END)
    return graph.compile(checkpointer=False, name="episode")


graph = build()
"""The episode, compiled once: a session plays it, LangGraph's tooling draws it."""
