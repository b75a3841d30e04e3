"""What the nodes of an episode's graph are made of: steps, in turn or at once, and a word for what follows.

    steps, one after another ─► straight ─┐
    steps, all at once ───────► together ─┴─► one node ─► leading ─► it says itself where to go,
                                                                     and settles where that is the end

A step of LangGraph takes a core longer, whatever its node does, than most programs
between two calls, and the episode keeps no checkpoint that a finer graph could go on from.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from langgraph.graph import END
from langgraph.runtime import Runtime
from langgraph.types import Command

from noria.errors import ReplyError
from noria.graphs.context import Context
from noria.graphs.episode_state import State, Update

Node = Callable[..., Awaitable[Update]]
"""A node of the graph: state and runtime to what it found."""


def straight(*nodes: Node) -> Node:
    """Nodes as one: one after another, each on what was found before it, until one decides."""

    async def through(state: State, runtime: Runtime[Context]) -> Update:
        found: Update = {}
        for node in nodes:
            found |= await node(cast(State, {**state, **found}), runtime)
            if found.get("decision"):
                break
        return found

    return through


def together(*nodes: Node) -> Node:
    """Nodes as one: all at once, on the same state; what breaks in several is what broke in the first of them.

    Each goes to its end, whatever becomes of the others: its call is under way and will be paid for. What one decides
    stands though another's reply cannot be read: a proof that beat a verifier is not lost to it.
    """

    async def side_by_side(state: State, runtime: Runtime[Context]) -> Update:
        found, broke = Update(), list[BaseException]()
        for one in await asyncio.gather(*(node(state, runtime) for node in nodes), return_exceptions=True):
            if isinstance(one, BaseException):
                broke.append(one)
            else:
                found |= one
        if broke and not (found.get("decision") and all(isinstance(one, ReplyError) for one in broke)):
            raise broke[0]
        return found

    return side_by_side


def leading(
    node: Node, where: Callable[[State], str], to: Mapping[str, str], last: Node
) -> Callable[..., Awaitable[Command[str]]]:
    """A node that says itself what follows it, and does what is the `last` where that is the end.

    LangGraph would ask an edge with a condition by copying every channel of the state, which takes longer than all
    else that it does between two nodes.
    """

    async def led(state: State, runtime: Runtime[Context]) -> Command[str]:
        found = await node(state, runtime)
        known = cast(State, {**state, **found})
        after = to[where(known)]
        if after == END:
            found |= await last(known, runtime)
        return Command(update=found, goto=after)

    return led


def named(to: Mapping[str, str]) -> dict[str, str]:
    """What follows a node, each with the words that lead there, as a drawing shows it."""
    words: dict[str, list[str]] = defaultdict(list)
    for word, after in to.items():
        words[after].append(word)
    return {after: " or ".join(said) for after, said in words.items()}
