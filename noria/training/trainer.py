"""The trainer as the session sees it: rows in, a policy out.

    rows ─► job ─► subprocess (LoRA, from the base) ─► adapter ─► [further trainings] ─► [merge] ─► policy

The policy's id is a hash of the weights it will be served with. A training that finished
before a crash is found by its job and taken as it is.
"""

import os
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from noria.config import Train
from noria.config.methods import Method
from noria.errors import storage
from noria.failpoints import at
from noria.identity import canonical_json, content_id
from noria.training.curate import Curated
from noria.training.further import Start, further
from noria.training.launch import merge, train
from noria.training.publish import aside, made, publish
from noria.training.rows import write_rows
from noria.training.sft_job import Job
from noria.training.standing import published
from noria.types import Json, Policy


class Trainer:
    """Trains students of one session in subprocesses."""

    def __init__(
        self, folder: Path, rules: Train, *, merged: bool, dtype: str, bf16: bool,
        methods: Mapping[str, Method] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """Train below `folder`.

        `merged`: students are served with their weights merged, as `dtype`; `bf16`: train in mixed precision;
        `methods` of hook `train` follow the fine-tuning of a student.
        """
        self.folder = folder
        self.rules = rules
        self.merged = merged
        self.dtype = dtype
        self.bf16 = bf16
        self.methods = methods

    async def __call__(
        self, name: str, number: int, base: Policy, chosen: Curated, on_step: Callable[[Any], None],
        *, student: bool = True, epochs: int = 0,
    ) -> Policy:  # fmt: skip
        """Train one student, or with `student` false another policy, which is only fine-tuned.

        `epochs` stand for the config's where they are given.

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
            base_id=base.id,
            rows=str(place / "rows.jsonl"),
            out=str(place / "adapter"),
            rank=self.rules.rank,
            learning_rate=self.rules.learning_rate,
            epochs=epochs or self.rules.epochs,
            batch=self.rules.batch,
            max_tokens=self.rules.max_tokens,
            max_row_tokens=self.rules.max_row_tokens,
            seed=self.rules.seed,
            interpolation=self.rules.interpolation,
            threads=os.cpu_count() or 1,
            bf16=self.bf16,
        )
        done = await train(job, on_step=on_step, silence=self.rules.silence, distributed=self.rules.distributed)
        at("training.adapter_made")
        adapter, reports = done.folder, dict[str, Json]()
        if student and self.methods:
            start = Start(name, base, adapter, place, chosen, self.rules, self.bf16, on_step)
            adapter, reports = await further(start, self.methods)
        served, dtype = adapter, {}
        if self.merged:
            dtype = {"dtype": self.dtype}
            served = await merge(
                Path(base.folder), adapter, place / "merged",
                dtype=self.dtype, base_id=base.id, silence=self.rules.silence,
            )  # fmt: skip
        at("training.published")
        return Policy(
            id=published(adapter),
            name=name,
            parents=(base.id,),
            round=number,
            folder=str(served) if self.merged else "",
            adapter=str(adapter),
            student=student,
            training={
                "composition": chosen.composition, **done.report, **({"further": reports} if reports else {}), **dtype,
            },
        )  # fmt: skip


PRETENDED = "policy-pretended"
"""Id of the base of a dry run."""


class PretendTrainer:
    """Trains nothing: the weights are the hash of the rows, which are written down. For tests and dry runs."""

    def __init__(self, folder: Path) -> None:
        """Write below `folder`."""
        self.folder = folder

    async def __call__(
        self, name: str, number: int, base: Policy, chosen: Curated, on_step: Callable[[Any], None],
        *, student: bool = True, epochs: int = 0,
    ) -> Policy:  # fmt: skip
        """Write the pretended weights, unless they stand already."""
        out = self.folder / name / "adapter"
        learned = content_id("rows", [one.model_dump() for one in (*chosen.rows, *chosen.pairs)])
        pairs = Counter(pair.method for pair in chosen.pairs)
        reports = {method: {"pairs": count, "pretended": True} for method, count in pairs.items()}
        with storage(out.parent):
            out.parent.mkdir(parents=True, exist_ok=True)
            write_rows(out.parent / "rows.jsonl", chosen.rows)
        at("training.rows_written")
        if made(out, learned) is None:
            place = aside(out)
            with storage(place):
                (place / "adapter_model.safetensors").write_bytes(pretended(learned))
            at("training.adapter_made")
            publish(place, out, kind="adapter", made_by=learned, base=base.id)
        at("training.published")
        return Policy(
            id=published(out),
            name=name,
            parents=(base.id,),
            round=number,
            adapter=str(out),
            student=student,
            training={
                "composition": chosen.composition, "pretended": True, "rows": len(chosen.rows),
                **({"further": reports} if reports else {}),
            },
        )  # fmt: skip


def pretended(text: str) -> bytes:
    """A safetensors file without tensors that holds a text."""
    head = canonical_json({"__metadata__": {"pretended": text}}).encode()
    return len(head).to_bytes(8, "little") + head
