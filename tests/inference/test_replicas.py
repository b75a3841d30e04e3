"""Three servers of one policy, over real HTTP: who is asked, who is left out, who comes back, what may be served."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.errors import EndpointError
from noria.inference import adapters
from noria.inference.client import Request
from noria.inference.congestion import Congestion
from noria.inference.fake_server import FakeServer
from noria.inference.fault_proxy import FaultProxy
from noria.inference.faults import PLANS, Plan
from noria.inference.health import SILENT, Health
from noria.inference.limiter import Limiter
from noria.inference.listing import disagreement, same
from noria.inference.metrics import Gauges, gauges
from noria.inference.muster import muster
from noria.inference.openai_client import OpenAIClient
from noria.inference.pool import Pool
from noria.inference.replicas import IN_A_ROW, Replica, Replicas
from noria.inference.routing import Least
from noria.types import Message

SAID = (Message(role="user", content="What is 1 + 2?"),)


def request(**changes: Any) -> Request:
    base: dict[str, Any] = {"role": "solver", "model": "base", "messages": SAID, "max_tokens": 16, "policy": "p"}
    return Request(**(base | changes))


def client(*urls: str, limit: int = 24, deadline: float = 20.0, **changes: Any) -> OpenAIClient:
    replicas = [Replica(url, "k", Congestion(limit)) for url in urls]
    return OpenAIClient(
        urls[0], "k", limiter=Limiter(limit), deadline=deadline, replicas=replicas, serves={"base": ""}, **changes
    )


@asynccontextmanager
async def three(**changes: Any) -> AsyncIterator[list[FakeServer]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(FakeServer(script=lambda _: "3", **changes)) for _ in range(3)]


async def asked(mine: OpenAIClient, many: int, **changes: Any) -> None:
    done = await asyncio.gather(*(mine.complete(request(**changes)) for _ in range(many)))
    assert [one.replies for one in done] == [("3",)] * many


async def visited(mine: OpenAIClient) -> None:
    """Look at whoever is ejected now, instead of in a while."""
    for one in mine.replicas.all:
        one.look = 0.0
    async with aiohttp.ClientSession() as session:
        await Health(mine.replicas).visit(session)


async def test_calls_are_spread_over_all_by_what_each_has_in_flight() -> None:
    async with three(latency=0.02) as servers:
        mine = client(*(one.url for one in servers))
        await asked(mine, 60)
        await mine.close()
    assert sorted(one.calls for one in servers) == [20, 20, 20]


async def test_a_faster_replica_gets_more() -> None:
    fast, slow = FakeServer(script=lambda _: "3"), FakeServer(script=lambda _: "3", latency=2.0)
    async with fast, slow:
        mine = client(slow.url, fast.url, limit=4)
        await asked(mine, 40)
        await mine.close()
    assert fast.calls > 2 * slow.calls


async def test_one_that_dies_loses_its_calls_to_the_others_and_comes_back_when_it_lives() -> None:
    said: list[str] = []
    async with three(latency=0.05) as servers, FaultProxy(servers[0].url) as proxy:
        mine = client(proxy.url, servers[1].url, servers[2].url)
        mine.replicas.say = said.append
        first = mine.replicas.all[0]
        playing = asyncio.create_task(asked(mine, 120))
        await until(lambda: first.in_flight)
        proxy.plan = Plan({"die": 1}, seconds=1.0, first=proxy.calls, calls=1)
        await playing
        assert proxy.did["die"] == 1
        assert first.ejections
        assert f"{proxy.url} is ejected, 2 of 3 replicas left: 3 calls in a row failed there" in said[0]
        proxy.clear()
        before = servers[0].calls
        await until(lambda: not first.why)
        assert f"{proxy.url} is back, 3 of 3 replicas in use" in said
        await asked(mine, 30)
        await mine.close()
    assert servers[0].calls > before


async def test_calls_that_hang_on_an_ejected_replica_are_sent_to_another_at_once() -> None:
    async with three() as servers, FaultProxy(servers[0].url, PLANS["stall"]) as proxy:
        proxy.plan = Plan({"stall": 1})
        mine = client(proxy.url, servers[1].url, deadline=60)
        playing = asyncio.create_task(asked(mine, 4))
        await until(lambda: proxy.did["stall"] == 2)
        started = time.monotonic()
        mine.replicas.eject(mine.replicas.all[0], "its process died")
        await playing
        await mine.close()
    assert time.monotonic() - started < 20


async def test_one_that_takes_calls_and_falls_silent_is_found_out_long_before_the_deadline() -> None:
    async def hung(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with FakeServer(script=lambda _: "3") as well, await asyncio.start_server(hung, "127.0.0.1", 0) as frozen:
        mine = client(f"http://127.0.0.1:{frozen.sockets[0].getsockname()[1]}/v1", well.url, deadline=60)
        first = mine.replicas.all[0]
        playing = asyncio.create_task(asked(mine, 6))
        await until(lambda: well.calls and first.in_flight)
        health = Health(mine.replicas, patience=0.05)
        async with aiohttp.ClientSession() as session:
            for _ in range(SILENT):
                await health.hear(session)
        assert first.why == f"it has calls in flight and was silent at {SILENT} looks in a row"
        await asyncio.wait_for(playing, 20)
        await mine.close()


async def test_one_whose_process_died_is_left_out_at_once_and_for_good() -> None:
    async with three() as servers:
        urls = [one.url for one in servers]
        await servers.pop(0).__aexit__()
        mine = client(*urls)
        dead = mine.replicas.all[0]
        dead.gone = lambda: "the server died: out of memory"
        await asked(mine, 12)
        assert dead.why == "the server died: out of memory"
        await visited(mine)
        assert dead.why
        await mine.close()


async def test_where_all_are_gone_nobody_waits_and_where_all_are_away_the_deadline_ends_it() -> None:
    async with three() as servers:
        urls = [one.url for one in servers]
    mine = client(*urls, deadline=1.5)
    with pytest.raises(EndpointError, match=r"and 2 more did not answer for 'base' within 2 s \(.*"):
        await mine.complete(request())
    await mine.close()
    mine = client(*urls, deadline=60)
    for one in mine.replicas.all:
        one.gone = lambda: "it died"
    started = time.monotonic()
    with pytest.raises(EndpointError, match="will not answer for 'base': it died"):
        await mine.complete(request())
    await mine.close()
    assert time.monotonic() - started < 20


async def test_all_of_them_ejected_are_tried_still_and_one_that_answers_is_used() -> None:
    async with three() as servers:
        mine = client(*(one.url for one in servers))
        for one in mine.replicas.all:
            mine.replicas.eject(one, "a test says so")
        assert mine.replicas.in_use == 0
        await asked(mine, 6)
        await visited(mine)
        assert mine.replicas.in_use == 3
        await mine.close()


async def test_a_replica_that_forgot_its_model_is_left_out_and_the_call_goes_elsewhere() -> None:
    async with three() as servers:
        mine = client(*(one.url for one in servers))
        servers[1].models = ("other",)
        await asked(mine, 9)
        assert "lacks what it should serve" in mine.replicas.all[1].why
        await visited(mine)
        assert mine.replicas.all[1].why == "it does not serve 'base' but other"
        servers[1].models = ("base",)
        await visited(mine)
        assert mine.replicas.in_use == 3
        await mine.close()


async def test_an_endpoint_that_is_alone_is_never_ejected() -> None:
    async with FakeServer(script=lambda _: "3", faults=["500"] * 4) as server:
        mine = client(server.url)
        await asked(mine, 1)
        assert mine.replicas.all[0].ejections == 0
        await mine.close()


async def test_a_refusal_that_is_the_callers_own_is_final() -> None:
    async with three(longest=2) as servers:
        mine = client(*(one.url for one in servers))
        with pytest.raises(EndpointError, match="refuses 'base': status 400"):
            await mine.complete(request())
        assert mine.replicas.in_use == 3
        await mine.close()


async def test_an_adapter_is_on_all_before_it_is_served_and_leaves_all() -> None:
    async with three() as servers:
        mine = client(*(one.url for one in servers))
        await adapters.add(mine.replicas, "student-r0001", "/adapters/1")
        assert [one.loaded for one in servers] == [{"student-r0001": "/adapters/1"}] * 3
        await asked(mine, 6, model="student-r0001")
        await adapters.remove(mine.replicas, "student-r0001")
        assert [one.loaded for one in servers] == [{}] * 3
        await mine.close()


async def test_one_that_cannot_load_it_is_left_out_until_it_can() -> None:
    said: list[str] = []
    async with three() as servers:
        servers[2].unloadable = True
        mine = client(*(one.url for one in servers))
        mine.replicas.say = said.append
        await adapters.add(mine.replicas, "student-r0001", "/adapters/1")
        assert "does not load_lora_adapter 'student-r0001': status 500: The adapter does not fit" in said[0]
        before = servers[2].calls
        await asked(mine, 12, model="student-r0001")
        assert servers[2].calls == before
        await visited(mine)
        assert mine.replicas.all[2].why
        servers[2].unloadable = False
        await visited(mine)
        assert mine.replicas.in_use == 3
        assert servers[2].loaded == {"student-r0001": "/adapters/1"}
        await mine.close()


async def test_where_none_can_load_it_it_is_refused_and_the_base_plays_on() -> None:
    async with three(unloadable=True) as servers:
        mine = client(*(one.url for one in servers))
        with pytest.raises(EndpointError, match="No replica loads the adapter 'student-r0001'"):
            await adapters.add(mine.replicas, "student-r0001", "/adapters/1")
        assert mine.replicas.adapters == {}
        assert mine.replicas.in_use == 3
        await asked(mine, 6)
        await mine.close()


async def test_a_straggler_is_left_behind_and_the_flip_does_not_wait_for_it() -> None:
    async with three() as servers, FaultProxy(servers[0].url, Plan({"adapter-stall": 1})) as proxy:
        mine = client(proxy.url, servers[1].url, servers[2].url)
        started = time.monotonic()
        await adapters.add(mine.replicas, "student-r0001", "/adapters/1", grace=0.2)
        assert time.monotonic() - started < 20
        assert "did not load 'student-r0001' within 0.2 s after another had" in mine.replicas.all[0].why
        proxy.clear()
        await visited(mine)
        assert mine.replicas.in_use == 3
        assert servers[0].loaded == {"student-r0001": "/adapters/1"}
        await mine.close()


async def test_one_that_lists_another_folder_is_left_out_by_a_sentence_that_names_both() -> None:
    async with three() as servers:
        mine = client(*(one.url for one in servers))
        servers[1].loaded = Elsewhere()
        await adapters.add(mine.replicas, "student-r0001", "/adapters/1")
        sentence = f"'student-r0001' at {servers[1].url} is /elsewhere/1, and not /adapters/1."
        assert mine.replicas.all[1].why == sentence
        await mine.close()


class Elsewhere(dict[str, str]):
    """Says of every adapter that it is another."""

    def __setitem__(self, name: str, folder: str) -> None:
        super().__setitem__(name, folder.replace("adapters", "elsewhere"))


async def test_one_that_dies_in_mid_flip_comes_back_with_the_adapter_and_no_call_is_lost() -> None:
    async with three(latency=0.02) as servers, FaultProxy(servers[0].url) as proxy:
        mine = client(proxy.url, servers[1].url, servers[2].url)
        first = mine.replicas.all[0]
        playing = asyncio.create_task(asked(mine, 200))
        await until(lambda: first.in_flight)
        proxy.plan = Plan({"adapter-stall": 1})
        flip = asyncio.create_task(adapters.add(mine.replicas, "student-r0001", "/adapters/1"))
        await until(lambda: proxy.did["adapter-stall"])
        proxy.plan = Plan({"die": 1}, seconds=1.0, first=proxy.calls, calls=1)
        await flip
        assert first.ejections
        await asked(mine, 20, model="student-r0001")
        await playing
        proxy.clear()
        await until(lambda: not first.why)
        assert servers[0].loaded == {"student-r0001": "/adapters/1"}
        await asked(mine, 30, model="student-r0001")
        await mine.close()


async def test_a_queue_that_the_server_tells_of_makes_the_window_smaller() -> None:
    async with FakeServer(script=lambda _: "3", latency=0.05, at_once=4) as server:
        mine = client(server.url, limit=40)
        window = mine.replicas.all[0].congestion
        playing = asyncio.create_task(asked(mine, 400))
        await until(lambda: window.limit < 40)
        assert window.tells
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        await mine.close()


async def test_replicas_that_disagree_are_refused_by_a_sentence_that_names_both() -> None:
    async with three(root="/models/a") as servers:
        urls = [one.url for one in servers]
        found = await muster(urls, "k", "base", ["solver"])
        assert (found.root, found.away) == ("/models/a", {})
        servers[1].root = "/models/b"
        with pytest.raises(EndpointError) as fault:
            await muster(urls, "k", "base", ["solver"])
        assert f"'base' is /models/a at {urls[0]} and /models/b at {urls[1]}" in str(fault.value)
        servers[1].models, servers[1].root = ("other",), "/models/a"
        with pytest.raises(EndpointError) as fault:
            await muster(urls, "k", "base", ["solver"])
        assert f"{urls[0]} serves 'base' and {urls[1]} does not, but other" in str(fault.value)


async def test_who_is_away_at_the_start_is_left_out_and_all_away_is_refused() -> None:
    async with three() as servers:
        urls = [one.url for one in servers]
        await servers.pop(0).__aexit__()
        found = await muster(urls, "k", "base", ["solver"])
        assert list(found.away) == urls[:1]
    with pytest.raises(EndpointError, match="does not answer"):
        await muster(urls, "k", "base", ["solver"])


def test_roots_are_compared_where_they_are_told() -> None:
    assert same("", "/models/a")
    assert same("/data/models/a", "/mnt/models/a/")
    assert not same("/data/models/a", "/data/models/b")
    assert not same("org/a", "org/b")
    assert disagreement("m", {"http://a": {"m": ""}, "http://b": {"m": "r"}, "http://c": {"m": "r"}}) == ""
    assert disagreement("m", {"http://a": {}, "http://b": {}}) == ""


def test_the_gauges_of_a_vllm_are_read_and_of_nothing_else() -> None:
    page = (
        b"# TYPE vllm:num_requests_running gauge\n"
        b'vllm:num_requests_running{engine="0",model_name="base"} 3.0\n'
        b'vllm:num_requests_running{engine="1",model_name="base"} 4.0\n'
        b'vllm:num_requests_waiting{engine="0",model_name="base"} 1e0\n'
        b'vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 9.0\n'
        b'vllm:kv_cache_usage_perc{engine="0",model_name="base"} 0.25\n'
    )
    assert gauges(page) == Gauges(7.0, 1.0, 0.25)
    assert gauges(b"llamacpp:requests_processing 1\n") is None
    assert gauges(b"") is None


async def test_the_pool_tells_of_each_replica_and_of_none_where_one_is_alone() -> None:
    said: list[str] = []
    async with three() as servers:
        pool = Pool()
        pool.say = said.append
        pool.serve("alone", client(servers[0].url))
        mine = client(*(one.url for one in servers))
        pool.serve("p", mine)
        pool.serve("adapter of p", mine)
        for _ in range(3):
            await pool.complete(request())
        seen = pool.replicas()
        assert [one.url for one in seen] == [one.url for one in servers]
        assert all(one.rate > 0 and one.in_flight == 0 and not one.why for one in seen)
        mine.replicas.eject(mine.replicas.all[1], "a test says so")
        assert said == [f"{servers[1].url} is ejected, 2 of 3 replicas left: a test says so"]
        assert [one.ejections for one in pool.replicas()] == [0, 1, 0]
        await pool.close()


async def test_who_waits_in_line_goes_in_turn_and_a_call_that_is_tried_again_goes_first() -> None:
    only = Replica("http://a/v1", "", Congestion(1))
    replicas, limiter, order = Replicas([only]), Limiter(4), list[str]()

    async def call(name: str, *, again: bool = False) -> None:
        one = await limiter.enter(replicas, again=again)
        order.append(name)
        await asyncio.sleep(0)
        limiter.leave(replicas, one)

    held = await limiter.enter(replicas)
    calls = [asyncio.create_task(call(name)) for name in ("first", "second", "third")]
    await asyncio.sleep(0)
    calls.append(asyncio.create_task(call("again", again=True)))
    await asyncio.sleep(0)
    calls[1].cancel()
    await asyncio.sleep(0)
    limiter.leave(replicas, held)
    await asyncio.gather(*calls, return_exceptions=True)
    assert order == ["again", "first", "third"]
    assert only.in_flight == 0


async def test_a_call_that_is_cancelled_as_its_turn_comes_gives_it_back() -> None:
    only = Replica("http://a/v1", "", Congestion(1))
    replicas, limiter = Replicas([only]), Limiter(1)
    held = await limiter.enter(replicas)
    mine = asyncio.create_task(limiter.enter(replicas))
    await asyncio.sleep(0)
    limiter.leave(replicas, held)
    mine.cancel()
    await asyncio.gather(mine, return_exceptions=True)
    assert only.in_flight == 0
    assert await asyncio.wait_for(limiter.enter(replicas), 5) is only


async def test_a_line_before_full_servers_holds_up_nobody_who_waits_for_others() -> None:
    slow, fast = (
        Replicas([Replica(f"http://{name}/v1", "", Congestion(limit))]) for name, limit in (("a", 1), ("b", 9))
    )
    limiter = Limiter(3)
    await limiter.enter(slow)
    waits = [asyncio.create_task(limiter.enter(slow)) for _ in range(5)]
    await asyncio.sleep(0)
    held = [await asyncio.wait_for(limiter.enter(fast), 5) for _ in range(2)]
    late = asyncio.create_task(limiter.enter(fast))
    await asyncio.sleep(0)
    assert not late.done()
    limiter.leave(fast, held[0])
    assert await asyncio.wait_for(late, 5) is held[0]
    for one in waits:
        one.cancel()
    await asyncio.gather(*waits, return_exceptions=True)


async def test_a_closed_gate_lets_a_call_that_is_tried_again_through() -> None:
    replicas, limiter = Replicas([Replica("http://a/v1", "", Congestion(9))]), Limiter(1)
    held = await limiter.enter(replicas)
    new = asyncio.create_task(limiter.enter(replicas))
    again = asyncio.create_task(limiter.enter(replicas, again=True))
    await asyncio.sleep(0)
    limiter.close()
    limiter.leave(replicas, held)
    limiter.leave(replicas, await asyncio.wait_for(again, 5))
    await asyncio.sleep(0)
    assert not new.done()
    limiter.open()
    await asyncio.wait_for(new, 5)


async def until(so: Callable[[], object], seconds: float = 20.0) -> None:
    """Look until it is so, or give up."""
    async with asyncio.timeout(seconds):
        while not so():  # noqa: ASYNC110  (a server on the other side of a socket rings no bell)
            await asyncio.sleep(0.01)


async def test_faults_in_a_row_count_and_an_answer_between_them_begins_anew() -> None:
    one, other = (Replica(f"http://{name}/v1", "", Congestion(4)) for name in "ab")
    replicas = Replicas([one, other])
    for _ in range(IN_A_ROW - 1):
        replicas.failed(one, "status 500")
    replicas.answered(one, 3)
    for _ in range(IN_A_ROW - 1):
        replicas.failed(one, "status 500")
    assert replicas.in_use == 2
    replicas.failed(one, "status 500")
    assert replicas.in_use == 1
    assert one.why == "3 calls in a row failed there, the last with status 500"


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["put", "drop", "least"]), st.integers(0, 9))))
@settings(max_examples=200, deadline=None)
def test_the_least_is_the_least(steps: list[tuple[int, str, int]]) -> None:
    shelf: Least[int] = Least()
    loads: dict[int, int] = {}
    for item, what, load in steps:
        if what == "put":
            shelf.put(item, load)
            loads[item] = load
        elif what == "drop":
            shelf.drop(item)
            loads.pop(item, None)
        assert len(shelf) == len(loads)
        found, other = shelf.least(), shelf.least(item)
        assert (found is None) == (not loads)
        if found is not None:
            assert loads[found] == min(loads.values())
            assert other is not None
            assert loads[other] == min((have for one, have in loads.items() if one != item), default=loads[found])
