"""Whole sessions on several servers of one policy: what is accepted is what one server gives, whoever dies."""

import asyncio
import io
import os
import re
import signal
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from noria.cli.live import LiveView
from noria.cli.report import print_summary
from noria.config import SessionConfig
from noria.errors import ConfigError, EndpointError
from noria.graphs.folder import summary
from noria.graphs.opening import Watch
from noria.graphs.run import run
from noria.inference.fake_server import FakeServer
from noria.inference.fault_proxy import FaultProxy
from noria.inference.faults import Plan
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.types import ROLES
from tests import build
from tests.graphs import test_adapters as adapters

HANG = 120.0
PROBES = 3


def settings(folder: Path, *urls: str) -> SessionConfig:
    return build.config(
        folder,
        endpoints={"far": {"urls": urls, "model": "base"}},
        seats=dict.fromkeys(ROLES, "far"),
        play={"episodes": 12, "attempts": 2, "deadline": 30},
        judge={"calibration": 2},
        verifiers={"planted": 0},
    )


async def through(config: SessionConfig) -> list[str]:
    """Play a session to its end; what was said of replicas."""
    said: list[str] = []
    watch = Watch(tell=lambda event, facts: said.append(facts["said"]) if event == "replica" else None)
    found = await asyncio.wait_for(run(config, replace(build.means(config), base=None), watch), HANG)
    assert found["finished"] == "rounds: 1 played"
    return said


def accepted(config: SessionConfig) -> tuple[set[str], dict[str, str]]:
    """The accepted samples, and how each episode ended."""
    ledger = Ledger(config.session)
    try:
        history = History(ledger)
        return {one.id for one in history.samples()}, {one.id: one.outcome for one in history.episodes()}
    finally:
        ledger.close()


async def test_three_replicas_accept_what_one_does_though_one_dies_and_comes_back(tmp_path: Path) -> None:
    async with FakeServer() as server:
        alone = settings(tmp_path / "alone", server.url)
        await through(alone)
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(FakeServer(latency=0.02)) for _ in range(3)]
        plan = Plan({"die": 1}, first=PROBES + 5, calls=1, seconds=0.5)
        proxy = await stack.enter_async_context(FaultProxy(servers[0].url, plan))
        config = settings(tmp_path / "three", proxy.url, servers[1].url, servers[2].url)
        said = await through(config)
    assert proxy.did["die"] == 1
    assert any(f"{proxy.url} is ejected, 2 of 3 replicas left" in one for one in said), said
    assert all(one.calls > PROBES + 5 for one in servers)
    assert accepted(config) == accepted(alone)
    assert accepted(config)[0]
    told = summary(config.session)["replicas"]
    assert list(told) == [proxy.url, servers[1].url, servers[2].url]
    assert told[proxy.url]["ejections"]
    shown = Console(file=io.StringIO(), width=200)
    print_summary(shown, summary(config.session))
    assert isinstance(shown.file, io.StringIO)
    assert re.search(rf"Replica {proxy.url}: 0 of \d+ in flight, \d+ tokens/s, \d+ ejection", shown.file.getvalue())


def test_the_live_view_says_when_a_replica_goes() -> None:
    console = Console(file=io.StringIO(), width=200)
    LiveView(console).tell("replica", {"said": "http://a/v1 is back, 3 of 3 replicas in use"})
    assert isinstance(console.file, io.StringIO)
    assert "http://a/v1 is back, 3 of 3 replicas in use" in console.file.getvalue()


async def test_one_that_is_away_at_the_start_is_left_out_and_one_of_another_model_refused(tmp_path: Path) -> None:
    async with FakeServer() as server, FakeServer(models=("other",)) as other:
        away = "http://127.0.0.1:9/v1"
        said = await through(settings(tmp_path / "away", server.url, away))
        assert any(f"{away} is ejected, 1 of 2 replicas left" in one for one in said), said
        config = settings(tmp_path / "other", server.url, other.url)
        with pytest.raises(EndpointError, match=f"{server.url} serves 'base' and {other.url} does not, but other"):
            await asyncio.wait_for(run(config, replace(build.means(config), base=None)), HANG)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="two servers need two cores")
async def test_a_local_policy_of_two_servers_plays_on_when_one_dies(tmp_path: Path) -> None:
    config = adapters.settings(tmp_path, "adapter")
    config = config.model_copy(update={"serve": config.serve.model_copy(update={"replicas": 2})})
    means, said = adapters.means(config, tmp_path), list[str]()

    def tell(event: str, facts: dict[str, Any]) -> None:
        if event == "replica":
            said.append(facts["said"])
        if event == "deal":
            record = (config.session / "servers" / "base.2.owner.json").read_text()
            os.killpg(int(record.split('"pid": ')[1].split(",")[0]), signal.SIGKILL)

    found = await asyncio.wait_for(run(config, means, Watch(tell=tell)), HANG)
    assert found["finished"] == "rounds: 1 played"
    assert len(found["exams"]) == 1
    assert any("1 of 2 replicas left: the vLLM server for 'base.2' died" in one for one in said), said
    assert not list((config.session / "servers").glob("*.owner.json")), "a server was left behind"


async def test_more_servers_than_the_machine_holds_are_refused(tmp_path: Path) -> None:
    config = adapters.settings(tmp_path, "adapter")
    config = config.model_copy(update={"serve": config.serve.model_copy(update={"replicas": 10_000})})
    with pytest.raises(EndpointError, match=r"10000 servers of a policy do not fit on \d+ (core|GPU)s?\."):
        await asyncio.wait_for(run(config, adapters.means(config, tmp_path)), HANG)


def test_an_endpoint_has_one_address_or_several_and_none_twice() -> None:
    one = build.config(Path("x"), endpoints={"far": {"urls": ["http://a/v1/", "http://b/v1"], "model": "m"}})
    assert one.endpoints["far"].addresses() == ("http://a/v1", "http://b/v1")
    assert one.endpoints["far"].address() == "http://a/v1"
    for wrong, said in (
        ({"url": "http://a/v1", "urls": ["http://b/v1"]}, "url and urls are both given"),
        ({"urls": ["http://a/v1", "http://a/v1/"]}, "urls names http://a/v1 twice"),
    ):
        with pytest.raises(ValueError, match=said):
            build.config(Path("x"), endpoints={"far": {**wrong, "model": "m"}})
    bare = build.config(Path("x"), endpoints={"far": {"urls": ["a/v1"], "model": "m"}})
    with pytest.raises(ConfigError, match="has no address"):
        bare.endpoints["far"].addresses()
