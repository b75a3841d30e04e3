"""While a student trains its parent may answer the exam: the same exam, with half of it asked before it begins."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from noria.errors import EndpointError
from noria.graphs.opening import Means
from noria.graphs.run import run
from noria.inference.client import Completion, Request
from noria.inference.scripted import ScriptedClient
from noria.training.curate import Curated
from noria.types import Policy
from tests import build
from tests.graphs.steered import learned, reading, settings

EXAM: dict[str, Any] = {"exam": {"items": 40, "frozen": 5, "prose": 0}}


class Client(ScriptedClient):
    """A puppet that training helps; knows whether a student trains, and may fail then."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__(learned)
        self.trains, self.fails = False, fails
        self.meanwhile: list[Request] = []

    async def complete(self, request: Request) -> Completion:
        if self.trains:
            self.meanwhile.append(request)
            if self.fails:
                raise EndpointError("it does not answer")
        return await super().complete(request)


def means(rules: Any, client: Client) -> Means:
    """Means whose trainer takes a while."""
    found = build.means(rules, client=client)

    async def train(
        name: str, number: int, base: Policy, chosen: Curated, on_step: Callable[[Any], None], **more: Any
    ) -> Policy:
        client.trains = True
        await asyncio.sleep(0.2)
        client.trains = False
        return await found.trainer(name, number, base, chosen, on_step, **more)

    return replace(found, trainer=train)


def exams(rules: Any) -> Any:
    with reading(rules) as history:
        told = [one.model_dump(exclude={"seconds"}) for one in history.exams()]
        return told, history.exam_items(1), len(list(history.trace("exam-r0001")))


@pytest.mark.parametrize("fails", [False, True])
async def test_the_parent_answers_while_the_student_trains_and_the_exam_is_the_same(
    tmp_path: Path, fails: bool
) -> None:
    early = settings(tmp_path / "1", **EXAM | {"exam": EXAM["exam"] | {"meanwhile": True}})
    late = settings(tmp_path / "2", **EXAM)
    one, two = Client(fails), Client()
    await run(early, means(early, one))
    await run(late, means(late, two))
    assert {request.model for request in one.meanwhile} == {"base"}
    assert not two.meanwhile, "the servers rest"
    assert exams(early) == exams(late)
    if not fails:
        assert len(one.meanwhile) > 40
        assert len(one.requests) == len(two.requests), "nothing is asked twice"
