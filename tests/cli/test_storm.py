"""A storm at the command line: a sentence and status 1, and `noria resume` goes on once it is over."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from noria.inference.fake_server import FakeServer
from noria.inference.fault_proxy import FaultProxy
from noria.inference.faults import PLANS
from tests.cli.shell import config, load, refused, right

SEATS = dict.fromkeys(("generator", "critic", "adversary", "judge", "solver"), "far")


async def test_a_run_that_breaks_in_a_storm_says_how_to_go_on_and_does(tmp_path: Path) -> None:
    plan = replace(PLANS["503"], share=1.0, first=40, calls=10_000)
    async with FakeServer() as server, FaultProxy(server.url, plan) as proxy:
        changes: dict[str, Any] = {
            "endpoints": {"far": {"url": proxy.url, "model": "base"}},
            "seats": SEATS,
            "play": {"episodes": 12, "attempts": 2, "deadline": 2},
            "verifiers": {"planted": 0},
            "stop": {"rounds": 1},
        }
        path = config(tmp_path, **changes)
        said = await asyncio.to_thread(refused, "run", "--config", path, status=1)
        assert "status 503: a planned 503" in said
        assert "noria resume" in said
        asked = proxy.calls
        proxy.clear()
        found = load(await asyncio.to_thread(right, "resume", tmp_path / "session", "--json"))
        assert found["finished"] == "rounds: 1 played"
        assert sum(found["reasons"].values()) == 12
        assert proxy.calls > asked
        # 40 calls went through before the storm: three probes, and turns that are not paid for twice.
        assert sum(one["calls"] for one in found["seats"]) == (40 - 3) + (proxy.calls - asked - 3)
