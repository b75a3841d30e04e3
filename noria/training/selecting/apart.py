"""A reading apart: a subprocess reads passages by weights, while the servers leave it the cores.

    passages, policies ─► job ─► quiet ─► python -m noria.training.reading_child ─► Readings

What it found stands in the session's folder under the job's identity: a round that was killed
afterwards finds it, and reads nothing twice.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from noria.errors import RunError, storage
from noria.training.child import SILENCE, follow
from noria.training.reading_job import Passage, ReadingJob, Readings, Weights, lines
from noria.training.selecting.selector import Tools
from noria.training.standing import must_stand
from noria.types import Policy

FOLDER = "selecting"
"""Below the session's folder."""


async def apart(
    tools: Tools,
    kind: Literal["losses", "influence"],
    policies: Sequence[Policy],
    passages: Sequence[Passage],
    *,
    max_tokens: int,
    dimensions: int = 0,
) -> Readings:
    """Have a subprocess read passages by the weights of some policies, unless it has.

    Raises:
        ModelError: an adapter does not stand as it was trained.
        RunError: the reading failed; its last words are in the sentence.
        SessionError: the session's folder cannot be written.
    """
    base = tools.history.policy(tools.base)
    assert base is not None, "who has weights to read by has a base"
    for one in policies:
        await asyncio.to_thread(must_stand, one)
    text, place = lines(passages), tools.folder / FOLDER
    job = ReadingJob(
        kind=kind, base=base.folder, base_id=base.id,
        policies=tuple(Weights(policy=one.id, adapter=one.adapter) for one in policies),
        passages="", out="", max_tokens=max_tokens, threads=os.cpu_count() or 1, dimensions=dimensions,
    )  # fmt: skip
    identity = job.identity(text)
    out = place / f"{identity}.json"
    if (found := _found(out, identity)) is not None:
        return found
    rows, order = place / f"{identity}.jsonl", place / f"{identity}.job.json"
    with storage(place):
        place.mkdir(parents=True, exist_ok=True)
        rows.write_text(text, encoding="utf-8")
        job = job.model_copy(update={"passages": str(rows), "out": str(out)})
        order.write_text(job.model_dump_json(indent=2), encoding="utf-8")
    command = [sys.executable, "-m", "noria.training.reading_child", str(order)]
    async with tools.quiet():
        await follow(command, "The reading of samples", threads=job.threads, silence=SILENCE)
    if (found := _found(out, identity)) is None:
        raise RunError(f"The reading of samples left nothing in {str(out)!r}.", mend="`noria resume` reads again.")
    return found


def _found(out: Path, identity: str) -> Readings | None:
    try:
        found = Readings.model_validate_json(out.read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.made_by == identity else None
