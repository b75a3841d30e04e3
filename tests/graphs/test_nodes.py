"""Steps made into one node: at once where none needs what another finds."""

import asyncio
from typing import Any, cast

import pytest
from langgraph.runtime import Runtime

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
