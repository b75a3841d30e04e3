"""Steps made into one node: at once where none needs what another finds."""

import asyncio
from typing import Any, cast

import pytest
from langgraph.runtime import Runtime

from noria.errors import EndpointError, ReplyError
from noria.graphs.episode_state import State, Update
from noria.graphs.nodes import Node, together

NOBODY = cast(Runtime[Any], None)


def run(*nodes: Node) -> Update:
    return asyncio.run(asyncio.wait_for(together(*nodes)({"reply": "said"}, NOBODY), 5))


def test_each_may_wait_for_what_another_does() -> None:
    other = asyncio.Event()

    async def critic(state: State, runtime: object) -> Update:
        await other.wait()
        return {"critiques": (state["reply"],)}

    async def adversary(state: State, runtime: object) -> Update:
        other.set()
        return {"attacks": (state["reply"],)}

    assert run(critic, adversary) == {"critiques": ("said",), "attacks": ("said",)}


def test_of_two_that_break_the_first_is_told_and_both_come_to_their_end() -> None:
    ended = []

    async def critic(state: State, runtime: object) -> Update:
        await asyncio.sleep(0.01)
        ended.append("critic")
        raise ValueError("the critic's")

    async def adversary(state: State, runtime: object) -> Update:
        ended.append("adversary")
        raise ValueError("the adversary's")

    with pytest.raises(ValueError, match="the critic's"):
        run(critic, adversary)
    assert ended == ["adversary", "critic"]


def test_what_one_decides_stands_though_the_reply_of_another_cannot_be_read() -> None:
    def critic(fault: Exception) -> Node:
        async def breaks(state: State, runtime: object) -> Update:
            raise fault

        return breaks

    async def proves(state: State, runtime: object) -> Update:
        return {"attacks": ("a proof",), "decision": "broken"}

    async def holds(state: State, runtime: object) -> Update:
        return {"attacks": ("nothing",)}

    unread = ReplyError("no JSON")
    assert run(critic(unread), proves) == {"attacks": ("a proof",), "decision": "broken"}
    for fault, other in ((unread, holds), (ValueError("ours"), proves), (EndpointError("gone"), proves)):
        with pytest.raises(type(fault), match=str(fault)):
            run(critic(fault), other)


def test_who_gives_up_the_node_gives_up_its_steps() -> None:
    given_up = []

    async def waits(state: State, runtime: object) -> Update:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            given_up.append(state["reply"])
            raise
        return {}

    async def cancelled() -> None:
        task = asyncio.ensure_future(together(waits, waits)({"reply": "said"}, NOBODY))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert given_up == ["said", "said"]
