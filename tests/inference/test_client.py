"""The client against a server that speaks real HTTP."""

import asyncio
import time
from collections.abc import Callable

import pytest

from noria.errors import EndpointError
from noria.inference.client import Request
from noria.inference.fake_server import FakeServer, Fault
from noria.inference.limiter import Limiter
from noria.inference.openai_client import OpenAIClient
from noria.inference.pool import Pool
from noria.types import Message

SAID = (Message(role="user", content="What is 1 + 2?"),)


def request(**changes: object) -> Request:
    return Request(**({"role": "solver", "model": "base", "messages": SAID, "max_tokens": 16} | changes))  # type: ignore[arg-type]


def client(server: FakeServer, *, key: str = "k", limit: int = 8, deadline: float = 10) -> OpenAIClient:
    return OpenAIClient(server.url, key, limiter=Limiter(limit), deadline=deadline)


async def asked(server: FakeServer, *requests: Request, deadline: float = 10) -> list[object]:
    mine = client(server, deadline=deadline)
    try:
        return list(await asyncio.gather(*(mine.complete(one) for one in requests), return_exceptions=True))
    finally:
        await mine.close()


async def test_an_answer_comes_with_its_usage_and_time() -> None:
    async with FakeServer(script=lambda _: ("3", "4")) as server:
        mine = client(server)
        done = await mine.complete(request(n=2))
        await mine.close()
    assert done.replies == ("3", "4")
    assert done.finish == ("stop", "stop")
    assert done.usage.prompt_tokens > 0
    assert done.usage.completion_tokens == 2
    assert 0 < done.seconds < 5


async def test_a_choice_comes_with_the_logprob_of_each_word() -> None:
    async with FakeServer(script=lambda _: "reject") as server:
        mine = client(server)
        done = await mine.complete(request(role="judge", choices=("accept", "reject")))
        await mine.close()
    assert done.replies == ("reject",)
    assert set(done.logprobs) == {"accept", "reject"}
    assert done.logprobs["reject"] > done.logprobs["accept"]


@pytest.mark.parametrize("fault", ["500", "429", "drop", "truncate"])
async def test_a_fault_of_transport_is_tried_again(fault: Fault) -> None:
    async with FakeServer(script=lambda _: "3", faults=[fault, fault]) as server:
        (done,) = await asked(server, request())
        assert server.calls == 3
    assert getattr(done, "replies", done) == ("3",)


async def test_a_refusal_is_not_tried_again() -> None:
    async with FakeServer(key="right") as server:
        (fault,) = await asked(server, request())
        assert isinstance(fault, EndpointError)
        assert "wrong key" in str(fault)
    async with FakeServer() as server:
        (fault,) = await asked(server, request(model="other"))
        assert isinstance(fault, EndpointError)
        assert "does not exist" in str(fault)
        assert server.calls == 1


async def test_a_deadline_ends_the_trying() -> None:
    async with FakeServer(faults=["500"] * 1000) as server:
        started = time.monotonic()
        (fault,) = await asked(server, request(), deadline=1.5)
        assert isinstance(fault, EndpointError)
        assert "within" in str(fault)
        assert time.monotonic() - started < 6


async def test_an_endpoint_that_is_away_is_named() -> None:
    server = FakeServer()
    async with server:
        pass
    (fault,) = await asked(server, request(), deadline=1)
    assert isinstance(fault, EndpointError)
    assert server.url in str(fault)


async def test_no_more_calls_are_in_flight_than_the_limiter_allows() -> None:
    most, now = 0, 0
    limiter = Limiter(3)

    async def call() -> None:
        nonlocal most, now
        async with limiter.place():
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.01)
            now -= 1

    await asyncio.gather(*(call() for _ in range(20)))
    assert most == 3


async def test_a_closed_gate_holds_new_calls_and_lets_old_ones_finish() -> None:
    limiter = Limiter(2)
    order: list[str] = []

    async def call(name: str, during: Callable[[], None]) -> None:
        async with limiter.place():
            during()
            await asyncio.sleep(0)
            order.append(name)

    async def reopen() -> None:
        await asyncio.sleep(0.05)
        order.append("opened")
        limiter.open()

    await asyncio.gather(call("first", limiter.close), call("second", lambda: None), reopen())
    assert order == ["first", "opened", "second"]


async def test_the_pool_routes_by_policy_even_where_two_are_served_under_one_name() -> None:
    async with FakeServer(script=lambda _: "one") as first, FakeServer(script=lambda _: "two") as second:
        pool = Pool()
        pool.serve("policy-1", client(first))
        pool.serve("policy-2", client(second))
        assert (await pool.complete(request(policy="policy-1"))).replies == ("one",)
        assert (await pool.complete(request(policy="policy-2"))).replies == ("two",)
        prompt, completion = pool.tokens()
        assert prompt > 0
        assert completion == 2
        await pool.retire("policy-2")
        with pytest.raises(EndpointError, match=r"Nobody serves 'base' \(policy-2\); served are: policy-1"):
            await pool.complete(request(policy="policy-2"))
        await pool.close()


async def test_a_server_that_is_gone_is_not_waited_for() -> None:
    async with FakeServer() as server:
        url = server.url
    mine = OpenAIClient(url, "k", limiter=Limiter(1), deadline=60, gone=lambda: "it died: out of memory")
    started = time.monotonic()
    with pytest.raises(EndpointError, match="will not answer for 'base': it died: out of memory"):
        await mine.complete(request())
    await mine.close()
    assert time.monotonic() - started < 10


async def test_three_hundred_calls_at_once_all_come_back() -> None:
    async with FakeServer(script=lambda request: request.messages[0].content) as server:
        said = [(Message(role="user", content=str(at)),) for at in range(300)]
        done = await asked(server, *(request(messages=one) for one in said), deadline=30)
    assert [one.replies[0] for one in done] == [str(at) for at in range(300)]  # type: ignore[attr-defined]


async def test_a_call_carries_its_trace_context_where_there_is_one_and_no_header_else() -> None:
    told = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with FakeServer(script=lambda _: "3") as server:
        await asked(server, request(traceparent=told))
        await asked(server, request())
    assert server.traceparents == [told, ""]
