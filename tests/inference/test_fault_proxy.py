"""The client against real faults on a real socket: what it survives, and what it never takes for an answer."""

import asyncio
import json
import sys
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from noria.errors import EndpointError
from noria.inference.client import Completion, Request
from noria.inference.fake_server import FakeServer
from noria.inference.fault_proxy import FaultProxy
from noria.inference.faults import FAULTS, PLANS, Plan, damaged
from noria.inference.limiter import Limiter
from noria.inference.openai_client import OpenAIClient
from noria.inference.reply import LIMIT, read
from noria.types import Message

CHAT = tuple(fault for fault in FAULTS if not fault.startswith("adapter-"))
ENDLESS = {"stall", "trickle"}
"""Faults that only the deadline ends."""
DATA = {"null", "fewer"}
"""Faults that are answers, only poorer ones."""


def ask(text: str, **changes: Any) -> Request:
    said = (Message(role="user", content=text),)
    return replace(Request(role="solver", model="base", messages=said, max_tokens=16, n=2), **changes)


def echo(request: Request) -> tuple[str, ...]:
    return tuple(f"{request.messages[0].content} {number}" for number in range(request.n))


async def asked(proxy: FaultProxy, *requests: Request, deadline: float = 20.0) -> list[Completion | BaseException]:
    client = OpenAIClient(proxy.url, "k", limiter=Limiter(8), deadline=deadline)
    try:
        return list(await asyncio.gather(*(client.complete(one) for one in requests), return_exceptions=True))
    finally:
        await client.close()


@pytest.mark.parametrize("fault", [one for one in CHAT if one not in ENDLESS | DATA])
async def test_two_faults_in_a_row_cost_time_and_nothing_else(fault: str) -> None:
    plan = Plan({fault: 1}, calls=2, seconds=0.4)
    async with FakeServer(script=echo) as server, FaultProxy(server.url, plan) as proxy:
        (done,) = await asked(proxy, ask("one"))
        assert isinstance(done, Completion), done
        assert done.replies == ("one 0", "one 1")
        assert proxy.did[fault] >= 1


@pytest.mark.parametrize("fault", sorted(ENDLESS))
async def test_silence_is_ended_by_the_deadline(fault: str) -> None:
    async with FakeServer(script=echo) as server, FaultProxy(server.url, Plan({fault: 1})) as proxy:
        (done,) = await asyncio.wait_for(asked(proxy, ask("one"), deadline=1.0), 20)
    assert isinstance(done, EndpointError)
    assert "within 1 s (TimeoutError" in str(done)


@pytest.mark.parametrize("fault", sorted(DATA))
async def test_a_poorer_answer_is_taken_for_what_it_is(fault: str) -> None:
    async with FakeServer(script=echo) as server, FaultProxy(server.url, Plan({fault: 1}, calls=1)) as proxy:
        (done,) = await asked(proxy, ask("one"))
    assert isinstance(done, Completion)
    assert done.replies == {"null": ("", ""), "fewer": ("one 0",)}[fault]


@pytest.mark.parametrize("fault", ["more", "none", "other", "malformed", "cut", "twice"])
async def test_what_is_no_answer_to_the_question_is_refused_in_the_end(fault: str) -> None:
    async with FakeServer(script=echo) as server, FaultProxy(server.url, Plan({fault: 1})) as proxy:
        (done,) = await asked(proxy, ask("one"), deadline=3.0)
    assert isinstance(done, EndpointError)
    assert f"{proxy.url} did not answer for 'base' within 3 s (ValueError" in str(done) or "JSONDecode" in str(done)


async def test_an_answer_that_comes_twice_is_never_the_answer_to_another_question() -> None:
    plan = replace(PLANS["again"], share=1.0)
    async with FakeServer(script=echo) as server, FaultProxy(server.url, plan) as proxy:
        client = OpenAIClient(proxy.url, "k", limiter=Limiter(8), deadline=5.0)
        for number in range(12):
            done = await client.complete(ask(str(number), n=1))
            assert done.replies == (f"{number} 0",)
            await asyncio.sleep(0.01)  # the second reply comes now, on a connection that may be in use again
        await client.close()
    assert proxy.did["again"] == 12


async def test_a_body_without_end_is_left_at_the_limit() -> None:
    async with FakeServer(script=echo) as server, FaultProxy(server.url, Plan({"giant": 1}, calls=1)) as proxy:
        (done,) = await asked(proxy, ask("one"))
        assert isinstance(done, Completion)
        assert LIMIT < proxy.giant_sent < 3 * LIMIT


async def test_an_absurd_wait_is_followed_as_far_as_the_deadline_bears() -> None:
    plan = Plan({"429-absurd": 1}, calls=7)
    async with FakeServer(script=echo) as server, FaultProxy(server.url, plan) as proxy:
        done = await asked(proxy, *(ask(str(at)) for at in range(6)), deadline=6.0)
    assert [getattr(one, "replies", one) for one in done] == [(f"{at} 0", f"{at} 1") for at in range(6)]


async def test_a_dead_port_refuses_and_comes_back() -> None:
    plan = Plan({"die": 1}, calls=1, seconds=0.5)
    async with FakeServer() as server, FaultProxy(server.url, plan) as proxy, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.post(f"{proxy.url}/chat/completions", json={})
        await asyncio.sleep(0.1)
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"{proxy.url}/models")
        await asyncio.sleep(0.8)
        async with session.get(f"{proxy.url}/models") as reply:
            assert (await reply.json())["data"][0]["id"] == "base"


@pytest.mark.parametrize(("fault", "status"), [("adapter-refused", 400), ("adapter-broken", 500)])
async def test_an_adapter_can_fail_to_load(fault: str, status: int) -> None:
    async with FakeServer() as server, FaultProxy(server.url, Plan({fault: 1}, calls=1)) as proxy:
        async with aiohttp.ClientSession() as session:
            for expected in (status, 200):
                body = {"lora_name": "a", "lora_path": "/a"}
                async with session.post(f"{proxy.url}/load_lora_adapter", json=body) as reply:
                    assert reply.status == expected
        assert list(server.loaded) == ["a"]


def test_a_plan_is_the_same_twice_and_ends() -> None:
    plan = PLANS["mix"]
    calls = range(plan.first + plan.calls + 50)
    once = [plan.fault(call, 1) for call in calls]
    assert once == [plan.fault(call, 1) for call in calls]
    assert once != [plan.fault(call, 2) for call in calls]
    assert {""} < set(once[: plan.first + plan.calls])
    assert set(once[plan.first + plan.calls :]) == {""}
    assert not any(fault.startswith("adapter-") for fault in once)


BODY = {"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "4"}}], "usage": None}


@pytest.mark.parametrize("number", range(30))
def test_nothing_that_is_no_completion_is_read_as_one(number: int) -> None:
    for fault in ("cut", "malformed", "other", "twice", "more", "none"):
        with pytest.raises(ValueError):
            read(damaged(fault, json.dumps(BODY).encode(), number), ask("one", n=1), 0.0)


def test_half_a_character_is_mended_and_the_rest_kept() -> None:
    said = json.dumps(BODY).replace('"4"', r'"4 \ud800 \ud83d\ude00"').encode()
    assert read(said, ask("one", n=1), 0.0).replies == ("4 \ufffd 😀",)


async def test_the_command_serves_before_an_endpoint() -> None:
    async with FakeServer(script=echo) as server:
        command = [
            "-m",
            "noria.inference.fault_proxy",
            "--to",
            server.url,
            "--plan",
            "500",
            "--share",
            "1",
            "--calls",
            "1",
        ]
        process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        url = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))["url"]
        async with aiohttp.ClientSession() as session:
            for expected in (500, 200):
                body = {"model": "base", "messages": [{"role": "user", "content": "hello"}]}
                async with session.post(f"{url}/chat/completions", json=body) as reply:
                    assert reply.status == expected
        process.terminate()
        await process.wait()
