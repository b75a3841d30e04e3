"""The episode's graph of a session: the plain one, or one with the nodes that methods add.

    rule ─► [route] ─► [enhance] ─► (settle)

A method whose hook is `enhance` has in its module the node's step `step(state, runtime, rules)`;
the methods of one node run one after another, each on what the one before made of the
candidate, and the first that refuses ends it. Nothing is imported, and no node is there, where
no such method is on. One whose hook is `route` has `border(context, number, batch, rules)`,
which the session calls once a batch has ended (see `steering`); a `step` it need not have.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from noria.config import Arm
from noria.config.methods import Method, Methods
from noria.graphs import episode
from noria.graphs.context import Context
from noria.graphs.episode_state import State, Update
from noria.graphs.nodes import Node


def playing(methods: Methods, arm: Arm) -> CompiledStateGraph[State, Context, State, State]:
    """The graph that a session with these methods, or a control of a study, plays its episodes by."""
    if arm.accept != "verified":
        return episode.build(control=True)
    route = {name: one for name, one in methods.on("route").items() if hasattr(import_module(one.module), "step")}
    enhance = methods.on("enhance")
    critic = "critic" not in arm.without
    if critic and not route and not enhance:
        return episode.graph
    nodes = (_node(route) if route else None, _node(enhance) if enhance else None)
    return episode.build(*nodes, critic=critic)


def _node(methods: Mapping[str, Method]) -> Node:
    steps = [(import_module(rules.module).step, rules) for rules in methods.values()]

    async def node(state: State, runtime: Runtime[Context]) -> Update:
        found: dict[str, Any] = {}
        for step, rules in steps:
            found |= await step({**state, **found}, runtime, rules)
            if (decision := found.get("decision", state["decision"])).ruling != "accept":
                return found | {"decision": decision}
        return found

    return node
