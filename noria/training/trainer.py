"""The trainer as the session sees it: rows in, a policy out.

    rows ─► job ─► subprocess (LoRA, from the base) ─► adapter ─► [merge] ─► policy

The policy's id is a hash of the weights it will be served with. A training that finished
before a crash is found by its job and taken as it is.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from noria.config import Train
from noria.errors import storage
from noria.failpoints import at
from noria.identity import content_id, file_digest
from noria.training.curate import Curated
from noria.training.launch import merge, train
from noria.training.models import weights_id
from noria.training.rows import write_rows
from noria.training.sft_job import Job
from noria.types import Policy


class Trainer:
    """Trains students of one session in subprocesses."""

    def __init__(self, folder: Path, rules: Train, *, merged: bool, dtype: str, bf16: bool) -> None:
        """Train below `folder`.

        `merged`: students are served with their weights merged, as `dtype`; `bf16`: train in mixed precision.
        """
        self.folder = folder
        self.rules = rules
        self.merged = merged
        self.dtype = dtype
        self.bf16 = bf16

    async def __call__(
        self, name: str, number: int, base: Policy, chosen: Curated, on_step: Callable[[Any], None]
    ) -> Policy:
        """Train one student.

        Raises:
            RunError: the training failed; the sentence holds its last words.
            SessionError: the session's folder cannot be written.
        """
        place = self.folder / name
        with storage(place):
            place.mkdir(parents=True, exist_ok=True)
            write_rows(place / "rows.jsonl", chosen.rows)
        at("training.rows_written")
        job = Job(
            base=base.folder,
            rows=str(place / "rows.jsonl"),
            out=str(place / "adapter"),
            rank=self.rules.rank,
            learning_rate=self.rules.learning_rate,
            epochs=self.rules.epochs,
            batch=self.rules.batch,
            max_tokens=self.rules.max_tokens,
            max_row_tokens=self.rules.max_row_tokens,
            seed=self.rules.seed,
            threads=os.cpu_count() or 1,
            bf16=self.bf16,
        )
        made = await train(job, on_step=on_step)
        at("training.adapter_made")
        served = made.folder
        if self.merged:
            served = await merge(Path(base.folder), made.folder, place / "merged", dtype=self.dtype)
        at("training.published")
        return Policy(
            id=weights_id(made.folder),
            name=name,
            parents=(base.id,),
            round=number,
            folder=str(served) if self.merged else "",
            adapter=str(made.folder),
            student=True,
            training={"composition": chosen.composition, **made.report},
        )


PRETENDED = "policy-pretended"
"""Id of the base of a dry run."""


class PretendTrainer:
    """Trains nothing: the policy is a file with the hash of its rows. For tests and dry runs."""

    def __init__(self, folder: Path) -> None:
        """Write below `folder`."""
        self.folder = folder

    async def __call__(
        self, name: str, number: int, base: Policy, chosen: Curated, on_step: Callable[[Any], None]
    ) -> Policy:
        """Write the pretended weights."""
        place = self.folder / name
        with storage(place):
            place.mkdir(parents=True, exist_ok=True)
            at("training.rows_written")
            part = place / "pretended.part"
            part.write_text(content_id("rows", [row.model_dump() for row in chosen.rows]))
            at("training.adapter_made")
            part.rename(place / "pretended.txt")
        at("training.published")
        return Policy(
            id=f"policy-{file_digest(place / 'pretended.txt')[:16]}",
            name=name,
            parents=(base.id,),
            round=number,
            folder=str(place),
            student=True,
            training={"composition": chosen.composition, "pretended": True},
        )
