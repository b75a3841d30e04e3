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
from noria.identity import canonical_json, content_id
from noria.training.curate import Curated
from noria.training.launch import merge, train
from noria.training.models import weights_id
from noria.training.publish import aside, made, publish
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
        job = Job(
            base=base.folder,
            base_id=base.id,
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
        done = await train(job, on_step=on_step, silence=self.rules.silence)
        served, dtype = done.folder, {}
        if self.merged:
            dtype = {"dtype": self.dtype}
            served = await merge(
                Path(base.folder), done.folder, place / "merged",
                dtype=self.dtype, base_id=base.id, silence=self.rules.silence,
            )  # fmt: skip
        return Policy(
            id=weights_id(done.folder),
            name=name,
            parents=(base.id,),
            round=number,
            folder=str(served) if self.merged else "",
            adapter=str(done.folder),
            student=True,
            training={"composition": chosen.composition, **done.report, **dtype},
        )


PRETENDED = "policy-pretended"
"""Id of the base of a dry run."""


class PretendTrainer:
    """Trains nothing: the weights are the hash of the rows, published like any others. For tests and dry runs."""

    def __init__(self, folder: Path) -> None:
        """Write below `folder`."""
        self.folder = folder

    async def __call__(
        self, name: str, number: int, base: Policy, chosen: Curated, on_step: Callable[[Any], None]
    ) -> Policy:
        """Write the pretended weights, unless they stand already."""
        out = self.folder / name / "adapter"
        learned = content_id("rows", [row.model_dump() for row in chosen.rows])
        if made(out, learned) is None:
            place = aside(out)
            with storage(place):
                (place / "adapter_model.safetensors").write_bytes(pretended(learned))
            publish(place, out, kind="adapter", made_by=learned, base=base.id)
        return Policy(
            id=weights_id(out),
            name=name,
            parents=(base.id,),
            round=number,
            adapter=str(out),
            student=True,
            training={"composition": chosen.composition, "pretended": True},
        )


def pretended(text: str) -> bytes:
    """A safetensors file without tensors that holds a text."""
    head = canonical_json({"__metadata__": {"pretended": text}}).encode()
    return len(head).to_bytes(8, "little") + head
