"""Starts the training subprocesses, unless what they would make stands already.

    Job ─► python -m noria.training.sft (or another) ─► JSON lines ─► on_step
                                        └► adapter folder, published whole ─► Trained

A job that finished before a crash is found by the identity in its manifest, its bytes are
checked, and it is not run again. Several GPUs are used through `accelerate launch` (see `spread`).
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from noria.errors import RunError, storage
from noria.identity import content_id
from noria.training.child import SILENCE, follow
from noria.training.models import weights_id
from noria.training.publish import made, sweep
from noria.training.sft_job import Step
from noria.training.spread import Distributed, gpus, spread

REPORT = "training.json"


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training."""

    folder: Path
    """The adapter."""
    report: dict[str, Any]
    """Rows, tokens, losses, seconds, versions."""


class Work(Protocol):
    """A job as it is started: what it makes, and what it is."""

    @property
    def base(self) -> str:
        """Folder of the base's weights."""
        ...

    @property
    def out(self) -> str:
        """Where the adapter goes."""
        ...

    @property
    def threads(self) -> int:
        """Threads it may use."""
        ...

    def identity(self) -> str:
        """What it is, whatever machine it runs on."""
        ...

    def model_dump_json(self, *, indent: int) -> str:
        """The job as its process reads it."""
        ...


async def train(
    job: Work, *, on_step: Callable[[Step], None], silence: float = SILENCE, program: str = "noria.training.sft",
    what: str = "training", file: str = "job.json", distributed: Distributed = "auto",
) -> Trained:  # fmt: skip
    """Train one adapter, unless this very job has already; `silence` in seconds is what its process may take to speak.

    `program` is the module that reads the job, `what` names its work in sentences, `file` is the job's, beside `out`;
    `distributed` is how several GPUs share it.

    Raises:
        RunError: the training failed; its last words are in the sentence.
    """
    out = Path(job.out)
    if (report := finished(out, job)) is not None:
        return Trained(out, report)
    path = out.with_name(file)
    with storage(path):
        sweep(out)
        path.write_text(job.model_dump_json(indent=2), encoding="utf-8")
    way = spread(distributed, program, Path(job.base), gpus())
    await follow(
        [*way.command, "-m", program, str(path)], f"The {what} of {out.parent.name}",
        threads=max(1, job.threads // way.ranks), silence=silence, on_step=on_step,
    )  # fmt: skip
    report = finished(out, job)
    if report is None:
        raise RunError(f"The {what} ended without an adapter in {str(out)!r}.", mend="`noria resume` trains again.")
    return Trained(out, report)


def finished(out: Path, job: Work) -> dict[str, Any] | None:
    """The report of an adapter this very job has made, read to the last byte; none where it has not."""
    if made(out, job.identity()) is None:
        return None
    try:
        report: dict[str, Any] = json.loads((out / REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return report


async def merge(base: Path, adapter: Path, out: Path, *, dtype: str, base_id: str, silence: float = SILENCE) -> Path:
    """Merge an adapter into its base, unless the very same merging stands already.

    Raises:
        RunError: the merging failed.
    """
    identity = merging(base_id, adapter, dtype)
    if made(out, identity) is not None:
        return out
    words = [str(base), str(adapter), str(out), dtype, base_id, identity]
    what = f"The merging of {out.parent.name}"
    await follow(
        [sys.executable, "-m", "noria.training.merge", *words], what, threads=os.cpu_count() or 1, silence=silence
    )
    if made(out, identity) is None:
        raise RunError(f"{what} left no model in {str(out)!r}.", mend="`noria resume` tries it again.")
    return out


def merging(base_id: str, adapter: Path, dtype: str) -> str:
    """What a merging is: the base, the adapter's weights, and how the sum is written.

    Raises:
        ModelError: the adapter has no weights.
    """
    return content_id("merging", [base_id, weights_id(adapter), dtype])
