"""Starts the training subprocesses, follows them, and ends them with their owner.

    Job ─► python -m noria.training.sft ─► JSON lines ─► on_step
                                        └► adapter folder ─► Trained

A job that finished before a crash is found by its identity and not run again. Several GPUs
are used through `accelerate launch`.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from noria.errors import RunError, storage
from noria.training.sft_job import Job, Step

ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "DO_NOT_TRACK": "1"}


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training."""

    folder: Path
    """The adapter."""
    report: dict[str, Any]
    """Rows, tokens, losses, seconds, versions."""


async def train(job: Job, *, on_step: Callable[[Step], None]) -> Trained:
    """Train one adapter, unless this very job has already.

    Raises:
        RunError: the training failed; its last words are in the sentence.
    """
    out = Path(job.out)
    if (report := finished(out, job)) is not None:
        return Trained(out, report)
    path = out.with_name("job.json")
    with storage(path):
        path.write_text(job.model_dump_json(indent=2), encoding="utf-8")
    await _follow([*_python(), "-m", "noria.training.sft", str(path)], job.threads, "The training", on_step)
    report = finished(out, job)
    if report is None:
        raise RunError(f"The training ended without an adapter in {str(out)!r}.", mend="`noria resume` trains again.")
    return Trained(out, report)


def finished(out: Path, job: Job) -> dict[str, Any] | None:
    """The report of an adapter this very job has made; none where it has not."""
    try:
        report: dict[str, Any] = json.loads((out / "training.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return report if report.get("job") == job.identity() else None


async def merge(base: Path, adapter: Path, out: Path, *, dtype: str) -> Path:
    """Merge an adapter into its base, unless that was done since the adapter was made.

    Raises:
        RunError: the merging failed.
    """
    weights = adapter / "adapter_model.safetensors"
    if (out / "config.json").is_file() and out.stat().st_mtime >= weights.stat().st_mtime:
        return out
    command = [sys.executable, "-m", "noria.training.merge", str(base), str(adapter), str(out), dtype]
    await _follow(command, os.cpu_count() or 1, "The merging", lambda step: None)
    return out


def _python() -> list[str]:
    """The interpreter, under `accelerate launch` where there are several GPUs."""
    gpus = len(list(Path("/dev").glob("nvidia[0-9]*")))
    return [sys.executable, *(["-m", "accelerate.commands.launch", "--num_processes", str(gpus)] if gpus > 1 else [])]


async def _follow(command: list[str], threads: int, what: str, on_step: Callable[[Step], None]) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **ENVIRONMENT, "OMP_NUM_THREADS": str(threads)},
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    errors = asyncio.create_task(_last_lines(process.stderr))
    try:
        async for line in process.stdout:
            with suppress(ValidationError):  # libraries print to standard output too
                on_step(Step.model_validate_json(line))
        status = await process.wait()
        said = await errors
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if status:
        own = [line for line in said if line.startswith("noria-training: ")]
        words = (own or said or ["it said nothing"])[-1].removeprefix("noria-training: ")
        raise RunError(f"{what} failed with status {status}: {words}", mend="`noria resume` tries it again.")


async def _last_lines(reader: asyncio.StreamReader, count: int = 20) -> list[str]:
    """The last lines of a stream, read to its end."""
    lines: list[str] = []
    while chunk := await reader.read(65536):
        lines = [*lines, *chunk.decode("utf-8", "replace").splitlines()][-count:]
    return [line.strip() for line in lines if line.strip()]
