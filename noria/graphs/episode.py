"""One episode: a seed becomes a candidate, and the candidate earns its place or is turned away.

    propose ─► form ─► novelty ─► ground ─► attempt ─► review ─► challenge ─► rule ─┬─► screen ─► admit
                                    ▲                                               ├─► refuse ◄─┘
                                    └──────────────── revise ◄──────────────────────┘

Cheap checks first: the first that fails ends the episode. A node writes what it found and
never catches; what breaks leaves the graph, and the session settles an episode that ended
in an error. Only `admit` and `refuse` write, each in one transaction.
"""

from collections.abc import Awaitable, Callable, Mapping
from itertools import pairwise
from typing import Literal, cast

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from noria.failpoints import at
from noria.graphs import arms, projection
from noria.graphs.context import Context
from noria.graphs.episode_state import State, Update
from noria.graphs.proposing import form, ground, novelty, propose, revise
from noria.graphs.screening import screen
from noria.graphs.trying import attempt, challenge, review, rule

Node = Callable[..., Awaitable[Update]]
"""A node of the graph: state and runtime to what it found."""


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


def onward(state: State) -> Literal["on", "refuse"]:
    """Whether the first failed check ended the episode."""
    return "refuse" if state.get("decision") else "on"


def ruling(state: State) -> Literal["accept", "revise", "reject"]:
    """What the gate decided."""
    return state["decision"].ruling


def redrafted(state: State) -> Literal["ground", "screen"]:
    """Whether there is a new draft to examine."""
    return "screen" if state.get("decision") else "ground"


def cleared(state: State) -> Literal["admit", "refuse"]:
    """Whether the candidate is still accepted after it was screened."""
    return "admit" if state["decision"].ruling == "accept" else "refuse"


def leading(node: Node, where: Callable[[State], str], to: Mapping[str, str]) -> Callable[..., Awaitable[Command[str]]]:
    """A node that says itself what follows it.

    LangGraph would ask an edge with a condition by copying every channel of the state, which takes longer than all
    else that it does between two nodes.
    """

    async def led(state: State, runtime: Runtime[Context]) -> Command[str]:
        found = await node(state, runtime)
        return Command(update=found, goto=to[where(cast(State, {**state, **found}))])

    return led


def build(
    route: Node | None = None, enhance: Node | None = None, *, control: bool = False
) -> CompiledStateGraph[State, Context, State, State]:
    """The episode as a graph that keeps no checkpoints: the ledger holds its finished turns.

    `route` and `enhance` are nodes that methods add between an acceptance and its screening; a `control` of
    a study takes an answer where others are reviewed, attacked and ruled on.
    """
    graph = StateGraph(State, context_schema=Context)

    def add(name: str, node: Node, where: Callable[[State], str], to: Mapping[str, str]) -> None:
        graph.add_node(name, leading(node, where, to), destinations={after: said for said, after in to.items()})

    tried: tuple[Node, ...] = (arms.take,) if control else (review, challenge, rule)
    steps: tuple[Node, ...] = (propose, form, novelty, ground, attempt, *tried)
    added = {name: node for name, node in (("route", route), ("enhance", enhance)) if node is not None}
    first, *then = (*added, "screen")
    graph.add_edge(START, "propose")
    for node, after in pairwise(steps):
        if node is review:
            graph.add_node("review", review)
            graph.add_edge("review", "challenge")
        else:
            add(node.__name__, node, onward, {"on": after.__name__, "refuse": "refuse"})
    if control:
        graph.add_node("take", arms.take)
        graph.add_edge("take", first)
    else:
        add("rule", rule, ruling, {"accept": first, "revise": "revise", "reject": "refuse"})
        add("revise", revise, redrafted, {"ground": "ground", "screen": first})
    for (name, step), following in zip(added.items(), then, strict=True):
        add(name, step, cleared, {"admit": following, "refuse": "refuse"})
    add("screen", screen, cleared, {"admit": "admit", "refuse": "refuse"})
    for node in (admit, refuse):
        graph.add_node(node.__name__, node)
        graph.add_edge(node.__name__, END)
    return graph.compile(checkpointer=False, name="episode")


graph = build()
"""The episode, compiled once: a session plays it, LangGraph's tooling draws it."""
