"""Sessions that somebody steers at named places: small ones, whose batches are four hands."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from noria import failpoints
from noria.config import SessionConfig
from noria.errors import EndpointError, RunError
from noria.graphs.context import Context
from noria.graphs.opening import Means, Watch
from noria.graphs.run import run
from noria.graphs.steering.answering import SAYINGS
from noria.inference.client import Completion, Request
from noria.inference.puppet import Puppet
from noria.inference.scripted import ScriptedClient
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.training.curate import Curated
from noria.types import Policy, Turn
from tests import build

Act = Callable[[Context], Any]
BASE: dict[str, Any] = {
    "domains": {"arithmetic": (1, 2)},
    "play": {"episodes": 12, "batch": 4, "attempts": 2},
    "exam": {"items": 8},
    "judge": {"calibration": 2},
    "verifiers": {"planted": 0},
    "train": {"min_rows": 1},
    "stop": {"rounds": 1},
}


def settings(folder: Path, **changes: Any) -> SessionConfig:
    return build.config(folder, **BASE | changes)


def learned(request: Request) -> Any:
    """A puppet that training helps."""
    return Puppet(skill=1.0 if request.model.startswith("student") else 0.1)(request)


class Trained(ScriptedClient):
    """A puppet that training helps; knows what it is asked while a student trains, and may fail then."""

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


def slowly(rules: SessionConfig, client: Trained, breaks: bool = False) -> Means:
    """Means whose trainer takes a while, and breaks after it if it is told to."""
    found = build.means(rules, client=client)

    async def train(
        name: str, number: int, base: Policy, chosen: Curated, on_step: Callable[[Any], None], **more: Any
    ) -> Policy:
        client.trains = True
        await asyncio.sleep(0.3)
        client.trains = False
        if breaks:
            raise RunError("The machine is gone.")
        return await found.trainer(name, number, base, chosen, on_step, **more)

    return replace(found, trainer=train)


def played(
    rules: SessionConfig, acts: dict[tuple[int, int], Act] | None = None, watch: Watch | None = None, script: Any = None
) -> dict[str, Any]:
    """A session with what is done just before some batches, by round and batch."""
    with acting(acts or {}):
        return asyncio.run(run(rules, build.means(rules, script), watch))


@contextmanager
def acting(acts: dict[tuple[int, int], Act]) -> Iterator[None]:
    def seen(point: str, what: Any) -> None:
        if point == "batch.reached" and (act := acts.pop(what[1:], None)):
            act(what[0])

    failpoints.watch(seen)
    try:
        yield
    finally:
        failpoints.watch(None)


def saying(what: str, **body: Any) -> Act:
    """What a command would have the running session do."""

    def act(context: Context) -> None:
        writes, _ = SAYINGS[what](context.history, {"live": True, **body})
        context.history.ledger.write_now(*writes)

    return act


def writing(name: str, text: str) -> Act:
    """Write a template of the session."""
    return lambda context: (context.config.session / "prompts" / f"{name}.md").write_text(text)


@contextmanager
def reading(rules: SessionConfig) -> Iterator[History]:
    ledger = Ledger(rules.session)
    try:
        yield History(ledger)
    finally:
        ledger.close()


def turns(history: History, role: str, number: int = 1) -> dict[int, list[Turn]]:
    """The turns of a role in a round, by batch from 1."""
    found: dict[int, list[Turn]] = {}
    for one in history.deal(number):
        kept = [turn for turn in history.trace(one.episode) if turn.key.role == role]
        found.setdefault(one.position // 4 + 1, []).extend(kept)
    return found
