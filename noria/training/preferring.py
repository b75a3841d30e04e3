"""Starts a training by preference from the adapter so far.

adapter, pairs, reference ─► PreferJob ─► python -m noria.training.prefer ─► adapter of its own folder
"""

import os
from pathlib import Path

from noria.config.methods.preference import Preferring
from noria.errors import storage
from noria.training.further import Start
from noria.training.launch import Trained, train
from noria.training.models import weights_id
from noria.training.pairs import write_pairs
from noria.training.prefer_job import PreferJob


async def prefer(
    start: Start, rules: Preferring, method: str, *, loss: str, reference: Path | None = None
) -> Trained | None:
    """Train on a method's pairs, unless this very job was done; none where there are none.

    `reference` is the folder of another adapter, or of the base; without one it is the adapter so far.

    Raises:
        RunError: the training failed; its last words are in the sentence.
    """
    chosen = [pair for pair in start.chosen.pairs if pair.method == method]
    if not chosen:
        return None
    given, reference = start.place / f"{method}-pairs.jsonl", reference or start.adapter
    with storage(start.place):
        write_pairs(given, chosen)
    job = PreferJob(
        method=method, base=start.base.folder, base_id=start.base.id, adapter=str(start.adapter),
        adapter_id=weights_id(start.adapter), reference=str(reference), reference_id=weights_id(reference),
        pairs=str(given), out=str(start.place / method), loss=loss, beta=rules.beta, sft=rules.sft,
        learning_rate=rules.learning_rate, epochs=rules.epochs, batch=start.own.batch, max_tokens=rules.max_tokens,
        max_row_tokens=start.own.max_row_tokens, seed=start.own.seed, threads=os.cpu_count() or 1, bf16=start.bf16,
    )  # fmt: skip
    return await train(
        job, on_step=start.on_step, silence=start.own.silence, program="noria.training.prefer",
        what=f"{method} training", file=f"{method}-job.json",
    )  # fmt: skip
