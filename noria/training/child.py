"""A training subprocess as its owner sees it: followed, bounded in its silence, ended with its whole group.

    command ─► standard output ─► Step …  ─► on_step
            ├► standard error  ─► its last lines, for the sentence if it fails
            └► no word for so long ─► ended, and a RunError says so

Every wait is bounded: a child may take its time as long as it says something, and a
grandchild that keeps a pipe open after its parent's end is not waited for.
"""

import asyncio
import os
import signal
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from pydantic import ValidationError

from noria.errors import RunError
from noria.training.sft_job import Step
from noria.training.tether import TETHERED
from noria.waiting import Wait, waiting

ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "DO_NOT_TRACK": "1", TETHERED: "1"}

OTHERS = frozenset({"RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"})
"""What a launcher tells the processes it starts: one that started us says nothing about our own."""

SILENCE = 900.0
"""Seconds a child may say nothing: the loading of a large base from a slow disk, or one slow step."""

LOOK = 0.1
"""Seconds between two looks at a child."""

LINGER = 5.0
"""Seconds that pipes may stay open after a child's end."""

OWN = "noria-training: "
"""What a line begins with that is meant for us."""

LONGEST = 65536
"""Bytes of a line that are kept."""


@dataclass
class Heard:
    """What a child has said, and when last."""

    at: float = field(default_factory=time.monotonic)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    """The last lines of its standard error."""
    own: str = ""
    """The first line that it meant for us: what a launcher of several processes says afterwards is longer."""

    def keep(self, line: str) -> None:
        """Keep a line of its standard error."""
        self.lines.append(line)
        if not self.own and line.startswith(OWN):
            self.own = line.removeprefix(OWN)

    def words(self) -> str:
        """Its last words; those it means for us before those of its libraries."""
        said = [line.strip() for line in self.lines if any(map(str.isalnum, line))]
        return (self.own or (said or ["it said nothing"])[-1])[:400]


async def follow(
    command: list[str], what: str, *, threads: int, silence: float, on_step: Callable[[Step], None] = lambda step: None
) -> None:
    """Run a training subprocess to its end.

    Raises:
        RunError: it failed, or said nothing for `silence` seconds; its last words are in the sentence.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**_own(), **ENVIRONMENT, "OMP_NUM_THREADS": str(threads)},
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    heard = Heard()
    with waiting(f"{what[0].lower()}{what[1:]} (pid {process.pid})", silence, silence=True) as wait:

        def out(line: str) -> None:
            with suppress(ValidationError):  # libraries print to standard output too
                step = Step.model_validate_json(line)
                wait.heard(f"step {step.step} of {step.steps}")
                on_step(step)

        pipes = [
            asyncio.create_task(_lines(process.stdout, heard, out)),
            asyncio.create_task(_lines(process.stderr, heard, lambda line: _kept(line, heard, wait))),
        ]
        try:
            while process.returncode is None:
                for pipe in pipes:
                    if pipe.done():
                        pipe.result()
                if time.monotonic() - heard.at > silence:
                    raise RunError(
                        f"{what} said nothing for {silence:.0f} s and was ended; before that: {heard.words()}",
                        mend="`noria resume` tries it again; `train.silence` allows it more.",
                    )
                await asyncio.sleep(LOOK)
            await asyncio.wait(pipes, timeout=LINGER)
        finally:
            if process.returncode is None or not all(pipe.done() for pipe in pipes):
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
            for pipe in pipes:
                pipe.cancel()
            await asyncio.gather(*pipes, return_exceptions=True)
            if process.returncode is None:
                await process.wait()
    if process.returncode:
        raise RunError(
            f"{what} failed with status {process.returncode}: {heard.words()}", mend="`noria resume` tries it again."
        )


def _own() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in OTHERS}


def _kept(line: str, heard: Heard, wait: Wait) -> None:
    line = line.strip().rsplit("\r", 1)[-1].strip()  # of a bar that is drawn again and again, the last drawing
    heard.keep(line)
    if line:
        wait.heard(line)


async def _lines(reader: asyncio.StreamReader, heard: Heard, each: Callable[[str], None]) -> None:
    """Hand on each line of a stream as far as its end; of one without end only the beginning is kept."""
    left = b""
    while chunk := await reader.read(LONGEST):
        heard.at = time.monotonic()
        *lines, left = (left + chunk).split(b"\n")
        left = left[:LONGEST]
        for line in lines:
            each(line.decode("utf-8", "replace"))
    each(left.decode("utf-8", "replace"))
