"""`noria rollback`, as typed: on a session at rest, on one that runs, and refused."""

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from noria.graphs.opening import Watch, opened
from noria.graphs.run import run
from noria.inference.client import Client, Request
from noria.inference.local import OneClient
from noria.inference.puppet import Puppet
from noria.inference.scripted import ScriptedClient
from noria.memory import requests, tables
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.memory.ledger import replace as over
from noria.memory.moves import moves
from noria.types import Cause, Policy
from tests import build
from tests.cli.shell import load, refused, right

SETTINGS = {"play": {"episodes": 20, "attempts": 2}, "exam": {"items": 40}}


def learned(request: Request) -> Any:
    return Puppet(skill=1.0 if request.model.startswith("student") else 0.1)(request)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    settings = build.config(tmp_path, **SETTINGS)
    found = asyncio.run(run(settings, build.means(settings, learned)))
    assert found["rounds"][0]["promoted"] == "student-r0001"
    assert found["on_probation"] == {"policy": "student-r0001", "against": "base", "since": 1}
    return settings.session


def story(session: Path) -> tuple[str, list[Cause]]:
    ledger = Ledger(session)
    history = History(ledger)
    student = history.pointer("student")
    assert student is not None
    found = student.name, [one.cause for one in moves(history)]
    ledger.close()
    return found


def test_a_session_at_rest_rolls_back_once_and_refuses_what_it_cannot(session: Path, tmp_path: Path) -> None:
    assert "knows no policy 'nobody'" in refused("rollback", session, "nobody")
    assert "plays already" in refused("rollback", session, "student-r0001")
    assert "holds no session" in refused("rollback", tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    ledger = Ledger(session, write=True)
    lost = build.policy("lost", folder=str(tmp_path / "gone"))
    asyncio.run(History(ledger).keep_policy(lost))
    ledger.close()
    assert "is no ancestor of 'student-r0001'" in refused("rollback", session, "lost")
    assert story(session) == ("student-r0001", ["promote"])
    said = load(right("rollback", session, "--json"))
    assert said == {"state": "done", "from": "student-r0001", "to": "base", "live": False}
    assert story(session) == ("base", ["promote", "rollback"])
    assert "none before it to roll back to" in refused("rollback", session)
    assert "is no ancestor of 'base'" in refused("rollback", session, "student-r0001")
    assert "student-r0001 withdrawn (rollback), base plays" in right("status", session)


def test_an_ancestor_whose_weights_are_gone_is_refused(session: Path, tmp_path: Path) -> None:
    ledger = Ledger(session, write=True)
    history = History(ledger)
    base = history.pointer("base")
    assert base is not None
    broken = base.model_copy(update={"folder": str(tmp_path / "gone")})
    row = {"id": base.id, "name": base.name, "round": 0, "body": broken.model_dump_json()}
    ledger.write_now(over(tables.policies, row))
    ledger.close()
    assert "weights of 'base' are gone" in refused("rollback", session)
    assert story(session) == ("student-r0001", ["promote"])


async def test_a_running_session_rolls_back_within_a_second_and_says_so(session: Path, tmp_path: Path) -> None:
    settings = build.config(tmp_path, **SETTINGS)
    async with opened(settings, build.means(settings, learned), Watch()) as context:
        student, base = context.pointer("student"), context.pointer("base")
        assert context.desk.sits(student.id) == student.id
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "noria", "rollback", str(session), "--json",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), 120)
        assert process.returncode == 0, err
        said = json.loads(out)
        assert (said["from"], said["to"], said["live"], said["loaded"]) == ("student-r0001", "base", True, True)
        assert said["seconds"] < 1
        assert context.pointer("student") == base
        assert context.desk.sits(student.id) == base.id
        assert [one.cause for one in moves(context.history)] == ["promote", "rollback"]
        assert (session / requests.FOLDER).stat().st_mode & 0o777 == 0o700
        assert list((session / requests.FOLDER).iterdir()) == []


class Heard(OneClient):
    """Notes what whoever asked has been told by the time a policy is brought up."""

    def __init__(self, client: ScriptedClient, session: Path) -> None:
        super().__init__(client)
        self.session, self.name, self.heard = session, "", list[dict[str, Any] | None]()

    async def launch(self, policy: Policy) -> Client:
        if self.name:
            self.heard.append(requests.answered(self.session, self.name))
        return await super().launch(policy)


async def test_a_target_that_is_not_loaded_is_brought_up_and_the_answer_says_how_long_it_took_last(
    session: Path, tmp_path: Path
) -> None:
    settings = build.config(tmp_path, **SETTINGS)
    means = build.means(settings, learned)
    launcher = Heard(ScriptedClient(learned), session)
    async with opened(settings, replace(means, launcher=launcher), Watch()) as context:
        base = context.pointer("base")
        await context.history.keep_fact("bring_up", json.dumps({"base": 31.5}))
        await context.fleet.retire(base.id)
        launcher.name = name = requests.ask(session, {"policy": ""})
        until = time.monotonic() + 60
        while (said := requests.answered(session, name)) is None or said["state"] != "done":
            assert time.monotonic() < until
            await asyncio.sleep(0.02)
        assert launcher.heard == [{"state": "bringing_up", "to": "base", "about": 31.5}]
        assert not said["loaded"]
        assert context.fleet.is_up(base.id)


async def test_a_running_session_refuses_in_words_and_goes_on(session: Path, tmp_path: Path) -> None:
    settings = build.config(tmp_path, **SETTINGS)
    async with opened(settings, build.means(settings, learned), Watch()) as context:
        bad = requests.ask(session, {"policy": "nobody"})
        (session / requests.FOLDER / "odd.json").write_text("{not json")
        (session / requests.FOLDER / "link.json").symlink_to(session / "elsewhere.json")
        until = time.monotonic() + 60
        while (said := requests.answered(session, bad)) is None or said["state"] == "taken":
            assert time.monotonic() < until
            await asyncio.sleep(0.02)
        assert said["state"] == "refused"
        assert "knows no policy 'nobody'" in said["what"]
        assert context.pointer("student").name == "student-r0001"
        assert len(moves(context.history)) == 1
