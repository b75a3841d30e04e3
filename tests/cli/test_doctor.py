"""The doctor looks at real things: a real Chroma, a real embedder, an endpoint over real HTTP."""

import asyncio
from pathlib import Path

from noria.inference.fake_server import FakeServer
from tests.cli.shell import config, load, noria

ROLES = ("generator", "critic", "adversary", "judge", "solver")


async def test_what_works_is_told_and_what_does_not_comes_with_its_mend(tmp_path: Path) -> None:
    async with FakeServer(adapters=False) as good, FakeServer(schemas=False) as bad:
        endpoints = {"good": {"url": good.url, "model": "base"}, "bad": {"url": bad.url, "model": "base"}}
        path = config(tmp_path, endpoints=endpoints, seats=dict.fromkeys(ROLES, "good"))
        done = await asyncio.to_thread(noria, "doctor", "--json", "-c", path)
    found = {one["name"]: one for one in load(done.stdout)}
    assert done.returncode == 2
    assert [name for name, one in found.items() if not one["ok"]] == ["endpoint bad, JSON schema"]
    assert "vLLM" in found["endpoint bad, JSON schema"]["mend"]
    assert "1 of" in done.stderr
    assert {"Python", "disk", "memory", "Chroma", "embedder", "templates", "endpoint good, choice"} <= set(found)
    assert {"sandbox landlock", "sandbox bwrap"} <= set(found)


async def test_status_is_zero_where_all_that_is_needed_works(tmp_path: Path) -> None:
    async with FakeServer(adapters=False) as good:
        endpoints = {"good": {"url": good.url, "model": "base"}}
        path = config(tmp_path, endpoints=endpoints, seats=dict.fromkeys(ROLES, "good"))
        done = await asyncio.to_thread(noria, "doctor", "-c", path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok    endpoint good, chat: " in done.stdout
    assert "seats: generator, critic, adversary, judge, solver" in done.stdout


async def test_replicas_are_asked_one_by_one_and_two_that_disagree_are_named(tmp_path: Path) -> None:
    async with FakeServer(root="/models/a") as one, FakeServer(root="/models/b") as other:
        path = config(
            tmp_path,
            endpoints={"far": {"urls": [one.url, other.url], "model": "base"}},
            seats=dict.fromkeys(ROLES, "far"),
        )
        done = await asyncio.to_thread(noria, "doctor", "--config", str(path))
        assert done.returncode == 2
        assert f"ok    endpoint far at {other.url}, chat: " in done.stdout
        said = f"endpoint far, agreement: 'base' is /models/a at {one.url} and /models/b at {other.url}"
        assert f"FAIL  {said}" in done.stdout
        other.root = "/models/a"
        done = await asyncio.to_thread(noria, "doctor", "--config", str(path))
    assert "ok    endpoint far, agreement: 2 of 2 replicas are there, and agree" in done.stdout
    assert done.returncode == 0
