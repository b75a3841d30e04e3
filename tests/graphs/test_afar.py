"""Hands played elsewhere: the same episodes as here, whoever is lost, and by whom a policy is called."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from noria import failpoints
from noria.config import Endpoint, SessionConfig
from noria.errors import AfarError, ConfigError, EndpointError, RunError
from noria.graphs.afar.line import CutError, Fault, Letter, Line
from noria.graphs.opening import Watch
from noria.graphs.run import run
from noria.inference.fake_server import FakeServer
from noria.inference.puppet import Puppet
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.verification import verify
from noria.types import ROLES, Sample
from tests import build
from tests.graphs.afar import Here, elsewhere, players

GAME: dict[str, Any] = {
    "domains": {"arithmetic": (1, 2), "constraints": (1,)},
    "play": {"episodes": 24, "batch": 8, "attempts": 2},
}


def samples(settings: SessionConfig) -> dict[str, Sample]:
    ledger = Ledger(settings.session)
    try:
        return {one.id: one for one in History(ledger).samples()}
    finally:
        ledger.close()


def same(found: dict[str, Any], whole: dict[str, Any]) -> None:
    """They accepted the same for the same reasons, and paid for it once."""
    for what in ("funnel", "reasons", "samples", "exams"):
        one, other = found[what], whole[what]
        if what == "exams":
            one, other = ([{**exam, "seconds": 0} for exam in side] for side in (one, other))
        assert one == other
    assert [(one["role"], one["calls"]) for one in found["seats"]] == [
        (one["role"], one["calls"]) for one in whole["seats"]
    ]


def test_players_play_the_same_session(tmp_path: Path) -> None:
    settings = build.config(tmp_path, **GAME, stop={"rounds": 2})
    there = elsewhere(settings)
    whole = asyncio.run(run(settings, build.means(settings)))
    said: list[str] = []
    watch = Watch(tell=lambda event, facts: said.append(facts["said"]) if event == "player" else None)
    found = asyncio.run(run(there, players(build.means(there), 2), watch))
    same(found, whole)
    assert samples(there) == samples(settings)
    assert len(said) == 2
    ledger = Ledger(there.session)
    assert verify(ledger).samples == len(samples(there))
    ledger.close()


def test_what_a_lost_player_had_said_is_paid_for_once(tmp_path: Path) -> None:
    settings = build.config(tmp_path, **GAME)
    there = elsewhere(settings)
    whole = asyncio.run(run(settings, build.means(settings)))
    begun, stored, twice, lost = Counter[str](), set[str](), set[str](), list[str]()

    def witness(point: str, what: Any) -> None:
        if point == "call.begun":
            begun[str(what)] += 1
            if str(what) in stored:
                twice.add(str(what))
        if point == "ledger.acknowledged":
            stored.update(row.row["key"] for row in what if getattr(row, "table", None) is not None
                          and row.table.name == "turns")  # fmt: skip

    def tell(event: str, facts: dict[str, Any]) -> None:
        if event == "player" and "is lost" in facts["said"]:
            lost.append(facts["said"])

    failpoints.watch(witness)
    try:
        found = asyncio.run(run(there, players(build.means(there), 2, lasts=(3, 12, 30)), Watch(tell=tell)))
    finally:
        failpoints.watch(None)
    same(found, whole)
    assert samples(there) == samples(settings)
    assert len(lost) == 3
    assert not twice


def test_players_that_are_lost_again_and_again_end_the_run_which_can_be_resumed(tmp_path: Path) -> None:
    settings = build.config(tmp_path, **GAME)
    there = elsewhere(settings)
    with pytest.raises(RunError, match="Every player is lost: 6 since an episode ended") as fault:
        asyncio.run(run(there, players(build.means(there), 2, lasts=(1,) * 6)))
    assert "noria resume" in fault.value.mend
    found = asyncio.run(run(there, players(build.means(there), 1)))
    assert found["funnel"]["dealt"] == 24


def test_a_player_calls_endpoints_itself_and_has_the_rest_called(tmp_path: Path) -> None:
    asked: list[Here] = []

    async def play(near: bool, name: str) -> tuple[int, Counter[str]]:
        async with FakeServer(models=("big",)) as server:
            settings = build.config(
                tmp_path / name, endpoints={"big": Endpoint(url=server.url, model="big")},
                seats=dict.fromkeys(ROLES, "big") | {"solver": "student"},
            )  # fmt: skip
            asked.clear()
            await run(settings, players(build.means(settings), 1, near=near, born=asked.append))
            return server.calls, Counter(what for one in asked for what in one.heard)

    calls, said = asyncio.run(play(True, "near"))
    there, passed_on = asyncio.run(play(False, "far"))
    assert calls == there
    # Only the student's calls pass through the session's process; from another machine, those of a loopback too.
    assert 0 < said["call"] < passed_on["call"]
    assert said["turn"] == passed_on["turn"] == passed_on["call"]


def test_an_endpoint_that_fails_elsewhere_ends_the_run_here(tmp_path: Path) -> None:
    def broken(request: Any) -> Any:
        if request.role == "generator":
            raise EndpointError("The endpoint is away.")
        return Puppet()(request)

    settings = build.config(tmp_path)
    with pytest.raises(RunError, match="The run cannot go on: The endpoint is away"):
        asyncio.run(run(settings, players(build.means(settings, broken), 1)))


def test_a_key_is_never_sent_and_missed_where_it_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY_OF_BIG", "s3cret")
    houses: list[bytes] = []

    def sent(house: bytes) -> None:
        houses.append(house)
        monkeypatch.delenv("SECRET_KEY_OF_BIG")

    async def play() -> None:
        async with FakeServer(models=("big",), key="s3cret") as server:
            big = Endpoint(url=server.url, model="big", key_env="SECRET_KEY_OF_BIG")
            settings = build.config(tmp_path, endpoints={"big": big}, seats=dict.fromkeys(ROLES, "big"))
            await run(settings, players(build.means(settings), 1, sent=sent))

    with pytest.raises(ConfigError, match="has no SECRET_KEY_OF_BIG in its environment"):
        asyncio.run(play())
    assert b"SECRET_KEY_OF_BIG" in houses[0]
    assert b"s3cret" not in houses[0]


async def test_a_line_carries_faults_as_what_they_were() -> None:
    async def serve(what: str, *given: Any) -> Any:
        if what == "bad":
            raise ConfigError("The seed is wrong.", mend="Mend it.")
        if what == "ours":
            raise ZeroDivisionError("no")
        return given

    here, there = Line(serve), Line(serve)

    async def carry(one: Line, other: Line) -> None:
        while True:
            other.hear(await one.spoken())

    carriers = [asyncio.create_task(carry(here, there)), asyncio.create_task(carry(there, here))]
    assert await here.ask("echo", 1, 2) == (1, 2)
    with pytest.raises(ConfigError, match=r"The seed is wrong\. Mend it\."):
        await here.ask("bad")
    with pytest.raises(AfarError, match=r"ZeroDivisionError: no"):
        await there.ask("ours")
    waiting = asyncio.create_task(Line.ask(here, "echo"))
    for one in carriers:
        one.cancel()
    here.cut()
    with pytest.raises(CutError):
        await waiting
    with pytest.raises(CutError):
        await here.ask("echo")
    assert isinstance(Fault("NoSuchThing", "x").error(), AfarError)
    assert Letter(0, "told", ()).fault is None
