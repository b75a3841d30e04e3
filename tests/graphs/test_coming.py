"""The start of a student's server takes no time of the exam: the parent is asked meanwhile."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from noria.errors import EndpointError, RunError
from noria.graphs.opening import Watch
from noria.graphs.run import run
from noria.inference.client import Client, Request
from noria.inference.local import OneClient
from noria.inference.puppet import Puppet
from noria.inference.scripted import ScriptedClient
from noria.types import Policy
from tests import build

HANG = 300.0


class Late(OneClient):
    """Starts a student only once somebody else was asked meanwhile."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.examining, self.asked, self.said = False, asyncio.Event(), ""

    def tell(self, event: str, facts: dict[str, Any]) -> None:
        self.examining |= event == "stage" and facts["stage"] == "examine"

    async def launch(self, policy: Policy) -> Client:
        if policy.name.startswith("student"):
            await asyncio.wait_for(self.asked.wait(), 60)
            if self.said:
                raise EndpointError(self.said)
        return self.client


def late(folder: Path) -> tuple[Any, Any, Late]:
    config = build.config(folder)
    puppet = Puppet(skill=0.5)

    def script(request: Request) -> Any:
        if launcher.examining and request.model == "base":
            launcher.asked.set()
        return puppet(request)

    launcher = Late(ScriptedClient(script))
    return config, replace(build.means(config), launcher=launcher), launcher


async def test_the_parent_sits_its_exam_while_the_students_server_starts(tmp_path: Path) -> None:
    config, means, launcher = late(tmp_path)
    found = await asyncio.wait_for(run(config, means, Watch(tell=launcher.tell)), HANG)
    assert launcher.asked.is_set()
    assert len(found["exams"]) == 1
    assert found["finished"] == "rounds: 1 played"


async def test_an_exam_whose_student_does_not_start_breaks_off_with_the_starts_own_sentence(tmp_path: Path) -> None:
    config, means, launcher = late(tmp_path)
    launcher.said = "The vLLM server ended at start."
    with pytest.raises(RunError, match=r"The vLLM server ended at start\..*noria resume"):
        await asyncio.wait_for(run(config, means, Watch(tell=launcher.tell)), HANG)
