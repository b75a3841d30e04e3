"""Whole sessions behind the fault proxy: each storm ends with a finished session or a resumable one, never a hang."""

import asyncio
import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from noria.config import SessionConfig
from noria.errors import EndpointError, RunError
from noria.graphs.opening import Watch
from noria.graphs.run import run
from noria.inference.fake_server import FakeServer
from noria.inference.fault_proxy import FaultProxy
from noria.inference.faults import PLANS
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.types import ROLES, Episode, Sample, Turn
from tests import build

HANG = 90.0
"""Seconds after which a session of six episodes is held to hang; the longest took a tenth of it."""

PROBES = 3
"""Chat calls with which a run asks an endpoint what it can do."""

SILENT = {"stall", "trickle"}

STORMS = ("storm", "silence", "garbage", "miscount", "death", "mix")


def settings(folder: Path, url: str) -> SessionConfig:
    return build.config(
        folder,
        endpoints={"far": {"url": url, "model": "base"}},
        seats=dict.fromkeys(ROLES, "far"),
        play={"episodes": 6, "attempts": 2, "deadline": 2.0},
        judge={"calibration": 2},
        verifiers={"planted": 0},
    )


def kept(folder: Path) -> tuple[dict[str, Turn], list[Sample], list[Episode]]:
    """Turns by key, samples and episodes of a session."""
    ledger = Ledger(folder)
    try:
        history = History(ledger)
        names = ["calibration-r0001", *(one.episode for one in history.deal(1))]
        turns = {turn.key.model_dump_json(): turn for name in names for turn in history.trace(name)}
        return turns, history.samples(), list(history.episodes())
    finally:
        ledger.close()


async def through(config: SessionConfig) -> str:
    """Run a session once; says how it ended."""
    try:
        means = replace(build.means(config), base=None)
        found: dict[str, Any] = await asyncio.wait_for(run(config, means, Watch()), HANG)
    except RunError as fault:
        return "broken" if "noria resume" in str(fault) else f"no word of how to go on: {fault}"
    return str(found["finished"])


async def calm(folder: Path) -> tuple[dict[str, Turn], list[Sample], list[Episode]]:
    """What the same session is without any fault."""
    async with FakeServer() as server, FaultProxy(server.url) as proxy:
        config = settings(folder / "calm", proxy.url)
        assert await through(config) == "rounds: 1 played"
        return kept(config.session)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Turn], list[Sample], list[Episode]]:
    return asyncio.run(calm(tmp_path_factory.mktemp("calm")))


LONG = int(os.environ.get("NORIA_STORMS", "0"))
"""Seeds with which every plan is played, each fault a plan of its own too; 0 plays the mixed ones once."""


def storms() -> list[tuple[str, int]]:
    alone = [name for name in PLANS if name not in STORMS and name != "clear" and not name.startswith("adapter")]
    return [(name, seed) for seed in range(1, LONG + 1) for name in (*STORMS, *alone)] or [(name, 2) for name in STORMS]


@pytest.mark.parametrize(("name", "seed"), storms())
async def test_a_storm_ends_and_what_was_paid_for_stays(
    tmp_path: Path, whole: tuple[dict[str, Turn], list[Sample], list[Episode]], name: str, seed: int
) -> None:
    plan = replace(
        PLANS[name], first=PROBES if seed % 2 else PROBES + 10, calls=25 if name in SILENT else 60, seconds=0.5
    )
    async with FakeServer() as server, FaultProxy(server.url, plan, seed) as proxy:
        config = settings(tmp_path, proxy.url)
        ended = await through(config)
        assert proxy.did, "no fault was met: the test would prove nothing"
        paid, before, _ = kept(config.session)
        asked = proxy.calls
        proxy.clear()
        if ended == "broken":
            ended = await through(config)
            turns, _, _ = kept(config.session)
            # What was recorded is not asked again: the resumed run asks for the rest and no more.
            assert proxy.calls - asked == len(turns) - len(paid) + PROBES
        assert ended == "rounds: 1 played"
    turns, samples, episodes = kept(config.session)
    assert {key: turns[key] for key in paid} == paid
    assert {one.id for one in before} <= {one.id for one in samples}
    assert len({one.id for one in samples}) == len(samples)
    assert len(episodes) == 6
    for turn in turns.values():
        assert 1 <= len(turn.replies) <= (2 if turn.key.role == "solver" else 1)
    accepted = Counter(one.provenance.episode for one in samples if one.role == "solver")
    assert accepted == Counter(one.id for one in episodes if one.outcome == "accepted")
    # An episode that no fault reached is what it is in calm weather.
    turns_then, samples_then, _ = whole
    if all(one.outcome != "error" for one in episodes) and not {"fewer", "null"} & set(proxy.did):
        assert {one.id for one in samples} == {one.id for one in samples_then}
        assert {key: turn.replies for key, turn in turns.items()} == {
            key: one.replies for key, one in turns_then.items()
        }


async def test_an_endpoint_that_is_away_at_the_start_leaves_a_session_that_can_be_resumed(tmp_path: Path) -> None:
    async with FakeServer() as server:
        url, port = server.url, server.port
    config = settings(tmp_path, url)
    with pytest.raises(EndpointError, match="does not answer"):
        await asyncio.wait_for(run(config, replace(build.means(config), base=None)), HANG)
    async with FakeServer(port=port):
        assert await through(config) == "rounds: 1 played"


async def test_a_run_that_stands_still_says_what_it_waits_for_and_how_long_it_will(tmp_path: Path) -> None:
    plan = replace(PLANS["stall"], share=1.0, first=PROBES)
    said: list[str] = []
    async with FakeServer() as server, FaultProxy(server.url, plan) as proxy:
        config = settings(tmp_path, proxy.url)
        watch = Watch(tell=lambda event, facts: said.append(facts["said"]) if event == "waiting" else None, quiet=0.4)
        with pytest.raises(RunError):
            await asyncio.wait_for(run(config, replace(build.means(config), base=None), watch), HANG)
    sentence = (
        rf"nothing has finished for \d+ s; waiting for the judge's answer from 'base' at {proxy.url}, "
        r"(\d+ of them, the oldest )?for \d+ s, given up in [012] s"
    )
    assert any(re.search(sentence, one) for one in said), said
