"""Policies come up, are flipped to and leave under load: nobody's call fails, and whoever is asked answers."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from noria.config import Serve
from noria.errors import EndpointError
from noria.inference.client import Client, Request
from noria.inference.fake_vllm import command
from noria.inference.fleet import Fleet
from noria.inference.limiter import Limiter
from noria.inference.local import OneClient, VllmLauncher
from noria.inference.scripted import ScriptedClient
from noria.inference.vllm_server import on_cpu
from noria.types import Message, Policy

SAID = (Message(role="user", content="What is 1 + 2?"),)
CALLERS = 6


def request(fleet: Fleet, policy: Policy) -> Request:
    return Request("solver", fleet.served_as(policy.id), SAID, max_tokens=8, policy=policy.id)


class Load:
    """Callers that ask whoever plays, without a pause."""

    def __init__(self, fleet: Fleet, plays: Policy) -> None:
        self.fleet = fleet
        self.plays = plays
        self.answers = Counter[tuple[str, str]]()
        """By who was asked and who answered."""
        self.faults: list[Exception] = []
        self.stop = False

    async def caller(self) -> None:
        while not self.stop:
            asked = self.plays
            try:
                done = await self.fleet.pool.complete(request(self.fleet, asked))
            except Exception as fault:
                self.faults.append(fault)
                await asyncio.sleep(0.05)
            else:
                self.answers[asked.name, done.replies[0]] += 1

    async def answered(self, policy: Policy, more: int) -> None:
        """Until a policy has given some more answers."""
        until = self.answers[policy.name, policy.name] + more
        await eventually(lambda: self.answers[policy.name, policy.name] >= until or bool(self.faults))


@pytest.mark.parametrize("kind", ["merged", "adapter"])
async def test_no_call_fails_and_none_is_answered_by_another_through_a_flip_and_a_rollback(
    tmp_path: Path, kind: str
) -> None:
    limiter, servers = Limiter(CALLERS), tmp_path / "servers"
    launcher = VllmLauncher(
        servers, Serve(student="merged" if kind == "merged" else "adapter", start_timeout=120), limiter,
        dtype="float32", rank=8, deadline=60, environment={}, command=command("--named", "--latency-ms", "40"),
    )  # fmt: skip
    fleet = Fleet(launcher, limiter)
    base = Policy(id="policy-base", name="base", folder=str(tmp_path))
    where = {"folder": str(tmp_path)} if kind == "merged" else {"adapter": str(tmp_path)}
    old, new = (Policy(id=f"policy-{at}", name=f"student-r000{at}", **where) for at in (1, 2))
    try:
        await fleet.bring_up(base)
        await fleet.bring_up(old)
        load = Load(fleet, old)
        playing = [asyncio.create_task(load.caller()) for _ in range(CALLERS)]
        await load.answered(old, CALLERS)
        before = load.answers.total()
        await fleet.bring_up(new)
        if kind == "merged":
            assert load.answers.total() > before, "the old policy stood still while a server started"
        for leaves, comes in ((old, new), (new, old)):
            await fleet.bring_up(comes)
            load.plays = comes  # the flip; the calls in flight are still those of who played
            await fleet.retire(leaves.id)
            assert not fleet.is_up(leaves.id)
            up = {one.name.removesuffix(".owner.json") for one in servers.glob("*.owner.json")}
            assert up == ({"base", comes.name} if kind == "merged" else {"base"})
            await load.answered(comes, 2 * CALLERS)
        load.stop = True
        await asyncio.gather(*playing)
    finally:
        await fleet.close()
    assert load.faults == []
    assert {asked for asked, _ in load.answers} == {old.name, new.name}
    assert all(asked == by for asked, by in load.answers), load.answers


@pytest.mark.parametrize("plugins", ["", "noria_cpu_adapters"])
async def test_a_student_is_an_adapter_where_servers_group_and_what_was_merged_before_has_its_own_server(
    tmp_path: Path, plugins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_PLUGINS", plugins)
    limiter, servers = Limiter(2), tmp_path / "servers"
    launcher = VllmLauncher(
        servers, Serve(start_timeout=120), limiter, dtype="float32", rank=8, deadline=60, environment={},
        command=command("--named"),
    )  # fmt: skip
    assert launcher.merged is (on_cpu() and not plugins)
    fleet, place = Fleet(launcher, limiter), str(tmp_path)
    base, merged = (Policy(id=f"policy-{name}", name=name, folder=place, adapter=place) for name in ("base", "merged"))
    base = base.model_copy(update={"adapter": ""})
    adapter = Policy(id="policy-adapter", name="adapter", adapter=place)
    try:
        for one in (base, merged, *(() if launcher.merged else (adapter,))):
            await fleet.bring_up(one)
            assert (await fleet.pool.complete(request(fleet, one))).replies == (one.name,)
        assert {one.name.removesuffix(".owner.json") for one in servers.glob("*.owner.json")} == {"base", "merged"}
    finally:
        await fleet.close()


class Slow(OneClient):
    """A launcher that takes until it is let go, and may fail."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.go, self.fails = asyncio.Event(), False
        self.launched, self.ended = list[str](), list[str]()

    async def launch(self, policy: Policy) -> Client:
        self.launched.append(policy.name)
        await self.go.wait()
        if self.fails:
            raise EndpointError("It does not start.")
        return self.client

    async def retire(self, policy: Policy) -> None:
        self.ended.append(policy.name)


STUDENT = Policy(id="policy-1", name="student-r0001")


def slow() -> tuple[Fleet, Slow]:
    launcher = Slow(ScriptedClient(lambda asked: asked.model, delay=0.05))
    return Fleet(launcher, Limiter(8)), launcher


async def test_who_asks_a_policy_that_comes_up_waits_and_it_comes_up_once() -> None:
    fleet, launcher = slow()
    with fleet.expecting(STUDENT):
        asked = asyncio.create_task(fleet.pool.complete(request(fleet, STUDENT)))
        wanted = [asyncio.create_task(fleet.bring_up(STUDENT)) for _ in range(3)]
        await asyncio.sleep(0.1)
        assert not asked.done()
        launcher.go.set()
        await asyncio.gather(*wanted)
    assert (await asked).replies == (STUDENT.name,)
    assert launcher.launched == [STUDENT.name]


async def test_who_waits_for_a_policy_that_does_not_come_up_is_refused() -> None:
    fleet, launcher = slow()
    launcher.fails = True
    launcher.go.set()
    with fleet.expecting(STUDENT):
        asked = asyncio.create_task(fleet.pool.complete(request(fleet, STUDENT)))
        await asyncio.sleep(0)
        with pytest.raises(EndpointError, match="It does not start"):
            await fleet.bring_up(STUDENT)
        assert not asked.done()
    with pytest.raises(EndpointError, match="Nobody serves 'student-r0001'"):
        await asked
    with pytest.raises(EndpointError, match="is not served"):
        fleet.served_as(STUDENT.id)


async def test_a_policy_leaves_after_its_last_call_and_one_that_is_wanted_again_stays() -> None:
    fleet, launcher = slow()
    launcher.go.set()
    await fleet.bring_up(STUDENT)
    asked = asyncio.create_task(fleet.pool.complete(request(fleet, STUDENT)))
    await asyncio.sleep(0)
    leaving = asyncio.create_task(fleet.retire(STUDENT.id))
    await asyncio.sleep(0)
    assert not fleet.is_up(STUDENT.id)
    await fleet.bring_up(STUDENT)
    await leaving
    assert (await asked).replies == (STUDENT.name,)
    assert fleet.is_up(STUDENT.id)
    assert launcher.ended == []
    asked = asyncio.create_task(fleet.pool.complete(request(fleet, STUDENT)))
    await asyncio.sleep(0)
    await fleet.retire(STUDENT.id)
    assert asked.done()
    assert launcher.ended == [STUDENT.name]
    assert launcher.launched == [STUDENT.name]


async def eventually(holds: Callable[[], bool]) -> None:
    for _ in range(2400):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came to hold")
