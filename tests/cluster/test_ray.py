"""Sessions on a real Ray of one machine: as in one process, whoever is killed; refused where it is not right."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from noria.cluster.joining import join
from noria.cluster.means import on_ray
from noria.config import SessionConfig
from noria.errors import ConfigError
from noria.graphs.opening import Means, Watch
from noria.graphs.run import run
from noria.inference.puppet import Puppet
from noria.inference.scripted import ScriptedClient
from noria.training.trainer import PretendTrainer
from noria.types import Episode, Policy
from tests import build
from tests.cli.shell import config, noria, refused
from tests.cluster.head import head, pretending
from tests.graphs.test_afar import same, samples

# Ray reads its environment when it is imported, so no test imports it before the session does.
pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="the extra [ray] is not installed")
RAY = version("ray") if find_spec("ray") else ""

GAME: dict[str, Any] = {
    "domains": {"arithmetic": (1, 2), "constraints": (1,)},
    "play": {"episodes": 24, "batch": 12, "attempts": 2, "players": 2},
}
PID = re.compile(r"pid (\d+)\) plays")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster with room for two players, and for another while one is being missed."""
    with head(tmp_path_factory.mktemp("ray"), cpus=3) as found:
        yield found


@pytest.fixture
def named(address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment names the cluster."""
    monkeypatch.setenv("RAY_ADDRESS", address)
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    return address


@dataclass(frozen=True)
class Whole:
    """A session that was played in one process."""

    settings: SessionConfig
    found: dict[str, Any]
    calls: int


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The session that all others are compared with."""
    settings, client = build.config(tmp_path_factory.mktemp("whole"), **GAME), ScriptedClient(Puppet())
    found = asyncio.run(run(settings, build.means(settings, client=client)))
    return Whole(settings, found, len(client.requests))


class Slow(ScriptedClient):
    """A puppet that takes its time, so that there is a middle to be killed in."""

    def __init__(self) -> None:
        super().__init__(Puppet(), delay=0.05)


class Dying(PretendTrainer):
    """A trainer whose process dies with its first training."""

    async def __call__(self, *given: Any, **named: Any) -> Policy:
        mark = self.folder.parent / "died"
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return await super().__call__(*given, **named)


def played(
    settings: SessionConfig, means: Means, said: Callable[[str], None],
    ended: Callable[[Episode], None] = lambda one: None,
) -> dict[str, Any]:  # fmt: skip
    def tell(event: str, facts: dict[str, Any]) -> None:
        if event == "player":
            said(facts["said"])

    return asyncio.run(run(settings, on_ray(settings, means), Watch(tell=tell, ended=ended)))


@pytest.mark.usefixtures("named")
def test_two_players_play_what_one_process_plays(tmp_path: Path, whole: Whole) -> None:
    there, said = build.config(tmp_path, **GAME), list[str]()
    found = played(there, build.means(there), said.append)
    same(found, whole.found)
    assert samples(there) == samples(whole.settings)
    assert [one["id"] for one in found["policies"]] == [one["id"] for one in whole.found["policies"]]
    pids = {PID.findall(one)[0] for one in said}
    assert len(pids) == 2
    assert str(os.getpid()) not in pids
    assert not sys.modules["ray"].is_initialized()


@pytest.mark.usefixtures("named")
def test_a_killed_player_and_a_killed_training_lose_no_sample_and_pay_for_no_finished_call(
    tmp_path: Path, whole: Whole
) -> None:
    there = build.config(tmp_path, **GAME)
    pids, said, over, client = list[int](), list[str](), list[str](), Slow()

    def tell(line: str) -> None:
        said.append(line)
        pids.extend(int(one) for one in PID.findall(line))

    def ended(episode: Episode) -> None:
        over.append(episode.id)
        if len(over) == 3:
            os.kill(pids[0], signal.SIGKILL)

    means = replace(build.means(there, client=client), trainer=Dying(there.session / "students"))
    found = played(there, means, tell, ended)
    same(found, whole.found)
    assert samples(there) == samples(whole.settings)
    assert sum("is lost" in one for one in said) == 1
    assert (there.session / "died").exists()
    assert [one["id"] for one in found["policies"]] == [one["id"] for one in whole.found["policies"]]
    # What is paid for again was under way for a hand of the player that died, at most one call a hand.
    assert whole.calls <= len(client.requests) <= whole.calls + GAME["play"]["batch"]


def test_nobody_at_the_address_is_said_before_anything_is_written(tmp_path: Path) -> None:
    file = config(tmp_path, executor="ray")
    said = refused("run", "--dry-run", "--config", file, RAY_ADDRESS="127.0.0.1:1")
    assert "No Ray cluster answers at 127.0.0.1:1" in said
    assert "ray start --head" in said
    assert not (tmp_path / "session").exists()
    said = refused("run", "--dry-run", "--config", file, RAY_ADDRESS="http://127.0.0.1:8265")
    assert "is not where machines join a cluster" in said


def test_a_cluster_of_another_version_is_refused_by_both(tmp_path: Path, address: str) -> None:
    file = config(tmp_path, executor="ray")
    with pretending(address, ray_version="2.9.1", python_version="3.10.4"):
        said = refused("run", "--dry-run", "--config", file, RAY_ADDRESS=address, RAY_AUTH_MODE="disabled")
    mine = ".".join(map(str, sys.version_info[:3]))
    assert f"has Ray 2.9.1 and Python 3.10.4, here are Ray {RAY} and Python {mine}." in said
    assert "pip install ray==2.9.1 under Python 3.10.4" in said
    assert not (tmp_path / "session").exists()


def test_without_ray_the_line_that_brings_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setenv("RAY_ADDRESS", "")
    with pytest.raises(ConfigError, match=r"pip install 'noria\[ray\]'"):
        join(SessionConfig(executor="ray"))


def test_a_ray_of_its_own_comes_and_goes_with_the_session(tmp_path: Path) -> None:
    game = GAME["play"] | {"episodes": 6}
    file = config(tmp_path, executor="ray", play=game, stop={"rounds": 1})
    done = noria("run", "--dry-run", "--json", "--config", file, RAY_ADDRESS="", HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["funnel"]["dealt"] == 6
    assert len(PID.findall(done.stderr)) == 2
