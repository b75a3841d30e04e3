"""Starts the token-level distillation of a student that has just been fine-tuned.

    adapter, rows ─► which rows ─► DistilJob ─► python -m noria.training.distil ─► adapter of its own folder

On the rows that were replayed, and on the anchors, a student that is drawn towards the base
forgets less of what it could and of how it wrote; towards a larger model of the same vocabulary it
learns that one's distributions. A distillation that finished before a crash is found by its job.
"""

import os
from collections.abc import Callable
from pathlib import Path

from noria.config import Train
from noria.config.methods.distillation import DistilTokens
from noria.errors import storage
from noria.training.child import SILENCE
from noria.training.curate import Curated
from noria.training.distil_job import DistilJob
from noria.training.further import Start
from noria.training.launch import Trained, train
from noria.training.models import checked, weights_id
from noria.training.rows import Row, write_rows
from noria.training.sft_job import Step
from noria.types import Policy

FOLDER = "distilled"
"""Name of the new adapter's folder beside the first."""


def rows_for(rules: DistilTokens, chosen: Curated) -> list[Row]:
    """The rows it is trained on: all, or those replayed and the anchors."""
    if rules.rows == "all":
        return list(chosen.rows)
    counts = chosen.composition
    first = counts.get("new", 0)
    replayed = set(chosen.samples[first : first + counts.get("replay", 0)])
    return [row for row in chosen.rows if row.source == "anchor" or row.sample in replayed]


async def distil(
    base: Policy, adapter: Path, place: Path, chosen: Curated, rules: DistilTokens, own: Train,
    *, bf16: bool, on_step: Callable[[Step], None], silence: float = SILENCE,
) -> Trained | None:  # fmt: skip
    """Draw an adapter towards the teacher, unless this very job has been done; none where there is no row for it.

    `place` is the student's folder, `own` how it was fine-tuned.

    Raises:
        ModelError: the teacher's folder is no model.
        RunError: the training failed; its last words are in the sentence.
    """
    rows = rows_for(rules, chosen)
    if not rows:
        return None
    teacher = Path(base.folder) if rules.teacher == "base" else checked(Path(rules.teacher).expanduser())
    out, given = place / FOLDER, place / f"{FOLDER}-rows.jsonl"
    with storage(place):
        write_rows(given, rows)
    job = DistilJob(
        base=base.folder, base_id=base.id, teacher=str(teacher), teacher_id=weights_id(teacher),
        adapter=str(adapter), adapter_id=weights_id(adapter), rows=str(given), out=str(out), beta=rules.beta,
        learning_rate=rules.learning_rate, epochs=rules.epochs, batch=own.batch, max_tokens=rules.max_tokens,
        max_row_tokens=own.max_row_tokens, seed=own.seed, threads=os.cpu_count() or 1, bf16=bf16,
    )  # fmt: skip
    return await train(
        job, on_step=on_step, silence=silence, program="noria.training.distil", what="distillation",
        file=f"{FOLDER}-job.json",
    )  # fmt: skip


async def further(start: Start, rules: DistilTokens) -> Trained | None:
    """Draw the adapter so far towards the teacher; none where there is no row for it.

    Raises:
        ModelError: the teacher's folder is no model.
        RunError: the training failed; its last words are in the sentence.
    """
    return await distil(
        start.base, start.adapter, start.place, start.chosen, rules, start.own, bf16=start.bf16,
        on_step=start.on_step, silence=start.own.silence,
    )  # fmt: skip
