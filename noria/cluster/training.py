"""Trainings on the cluster: the session's own trainer, run on a machine with GPUs where there is one.

    trainer, rows ─► actor (all GPUs of one machine) ─► subprocess, as ever ─► steps, one by one ─► policy
                        └─ lost ─► another; a training that had finished is found in the session's folder

The folder is seen by every machine under the same path, for the adapter that is made there is served and examined here.
"""

import asyncio
import os
import platform
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from noria.cluster.joining import Joined
from noria.cluster.playing import START, last
from noria.errors import RunError
from noria.graphs.afar.line import Fault
from noria.graphs.context import Trainer
from noria.training.curate import Curated
from noria.training.machine import MASK
from noria.types import Policy
from noria.waiting import Wait, waiting

TRIES = 3
"""Machines that one training may be lost with."""

SHARED = "Put `session` on storage that every machine of the cluster sees under the same path, then `noria resume`."


class Trainee:
    """A training in a process of Ray's."""

    def __init__(self, trainer: Trainer, session: Path, environment: dict[str, str]) -> None:
        """Train by a trainer, for the session of a folder."""
        os.environ.update(environment)
        self._trainer = trainer
        self._session = session
        self._steps = asyncio.Queue[Any]()

    async def here(self) -> str:
        """Where it is, for people."""
        return platform.node()

    async def train(
        self, name: str, number: int, base: Policy, chosen: Curated, student: bool, epochs: int
    ) -> Policy | Fault:
        """What the trainer makes, or why it cannot."""
        try:
            if not self._session.is_dir():
                raise RunError(f"{platform.node()} does not see {str(self._session)!r}.", mend=SHARED)
            say = self._steps.put_nowait
            return await self._trainer(name, number, base, chosen, say, student=student, epochs=epochs)
        except Exception as fault:  # whatever it is, the session is told
            return Fault.of(fault)
        finally:
            self._steps.put_nowait(None)

    async def steps(self) -> list[Any]:
        """The steps since, once there are any; the last is followed by none."""
        found = [await self._steps.get()]
        while not self._steps.empty():
            found.append(self._steps.get_nowait())
        return found


class FarTrainer:
    """Trains on the cluster (see `Trainer`)."""

    def __init__(self, joined: Joined, trainer: Trainer, session: Path, silence: float) -> None:
        """Have this trainer's work done there; `silence` in seconds is after how long a silent training is ended."""
        self._joined = joined
        self._trainer = trainer
        self._session = session
        self._silence = silence

    async def __call__(
        self, name: str, number: int, base: Policy, chosen: Curated, on_step: Callable[[Any], None],
        *, student: bool = True, epochs: int = 0,
    ) -> Policy:  # fmt: skip
        """Train one policy there.

        Raises:
            RunError: the training failed, or machine after machine was lost with it.
        """
        import ray

        environment = {key: os.environ[key] for key in MASK if key in os.environ}
        kind = ray.remote(num_cpus=0, num_gpus=self._joined.gpus, max_restarts=0)(Trainee)
        for left in reversed(range(TRIES)):
            actor = kind.remote(self._trainer, self._session, environment)
            try:
                await self._placed(actor)
                with waiting(f"the training of {name} on the cluster", self._silence, silence=True) as wait:

                    def step(found: Any, wait: Wait = wait) -> None:
                        wait.heard(str(found))
                        on_step(found)

                    made = await _followed(actor, step, name, number, base, chosen, student, epochs)
            except ray.exceptions.RayError as gone:
                if not left:
                    raise RunError(
                        f"The training of {name} was lost with its process {TRIES} times: {last(gone)}",
                        mend="`noria resume` trains again.",
                    ) from gone
                continue
            finally:
                ray.kill(actor)
            if isinstance(made, Fault):
                raise made.error()
            if made.adapter and not Path(made.adapter).is_dir():
                raise RunError(f"The adapter {made.adapter!r} was made elsewhere and is not seen here.", mend=SHARED)
            return made
        raise AssertionError("unreachable")

    async def _placed(self, actor: Any) -> None:
        """Wait until a machine was found for a training.

        Raises:
            RunError: none was.
        """
        try:
            async with asyncio.timeout(START):
                await actor.here.remote()
        except TimeoutError as fault:
            needs = f"one with {self._joined.gpus} GPUs free" if self._joined.gpus else "one that has room"
            raise RunError(
                f"The Ray cluster at {self._joined.address} found no machine for the training within {START:.0f} s: "
                f"{needs} is needed.",
                mend="`noria resume` tries it again.",
            ) from fault


async def _followed(actor: Any, on_step: Callable[[Any], None], *given: Any) -> Policy | Fault:
    """A training to its end, its steps told as they come."""
    training = asyncio.create_task(_made(actor.train.remote(*given)))
    try:
        while not training.done():
            steps = await actor.steps.remote()
            for step in steps:
                if step is None:
                    return await training
                on_step(step)
        return await training
    finally:
        training.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await training


async def _made(call: Any) -> Policy | Fault:
    made: Policy | Fault = await call
    return made
