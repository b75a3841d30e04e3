"""The subprocess of training by preference: `python -m noria.training.prefer JOB.json`.

    pairs ─► fit the budget ─► base + adapter (trained) and base + reference (frozen) read both sides
                                  └► DPO's loss, and the chosen side's likelihood ─► adapter, by one rename

TRL's DPOTrainer, which keeps a frozen copy of the adapter beside the trained one as its reference. For
SPIN that copy is overwritten with the opponent's adapter, or emptied where the opponent is the base, so
that no second model is held in memory. Steps are told as JSON lines on standard output; what goes wrong is a
sentence on standard error and a status.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import PeftModel
from peft.utils.save_and_load import load_peft_weights, set_peft_model_state_dict
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DPOConfig, DPOTrainer

from noria.training import ranks
from noria.training.pairs import FittedPairs, Pair, fit_pairs, read_pairs
from noria.training.prefer_job import PreferJob
from noria.training.program import learned, obey
from noria.training.publish import PICKLES, publish, refuse_pickles
from noria.training.rows import Row
from noria.training.sft import Teller, measured

PAIRS = 2
"""Pairs in one pass on a CPU: TRL takes the logits of both sides over the whole vocabulary at every position."""

TRAINED, REFERENCE = "default", "ref"
"""What TRL calls the two adapters."""


class PairTeller(Teller):
    """Tells each step, and keeps how far the better answers are told from the worse ones."""

    def __init__(self, tokens: int) -> None:
        super().__init__(tokens)
        self.right: list[float] = []
        self.margins: list[float] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Tell one step."""
        super().on_log(args, state, control, logs)
        if logs and "rewards/margins" in logs:
            self.right.append(round(logs["rewards/accuracies"], 4))
            self.margins.append(round(logs["rewards/margins"], 4))


def run(job: PreferJob) -> None:
    """Train and publish one adapter."""
    torch.set_num_threads(ranks.threads(job.threads))
    gpu = torch.cuda.is_available()
    for folder in (job.adapter, job.reference):
        refuse_pickles(Path(folder))
    tokenizer = AutoTokenizer.from_pretrained(job.base)
    fitted = fit_pairs(
        read_pairs(Path(job.pairs)), lambda pair: _lengths(tokenizer, pair),
        max_tokens=job.max_tokens, max_row_tokens=job.max_row_tokens, epochs=job.epochs, seed=job.seed,
    )  # fmt: skip
    if not fitted.pairs:
        raise ValueError(f"no pair fits the budget; raise methods.{job.method}.max_tokens or train.max_row_tokens")
    base = AutoModelForCausalLM.from_pretrained(job.base, dtype=torch.bfloat16 if gpu else torch.float32)
    model = PeftModel.from_pretrained(base, job.adapter, is_trainable=True)
    share = ranks.share(job.batch)
    micro = share if gpu else min(share, PAIRS)
    out = Path(job.out)
    place = ranks.kept(out)
    config = DPOConfig(
        output_dir=str(place), use_cpu=not gpu, bf16=gpu or job.bf16, gradient_checkpointing=False,
        max_length=job.max_row_tokens, beta=job.beta,
        loss_type=[job.loss, "sft"] if job.sft else [job.loss], loss_weights=[1.0, job.sft] if job.sft else [1.0],
        per_device_train_batch_size=micro, gradient_accumulation_steps=-(-share // micro),
        learning_rate=job.learning_rate, num_train_epochs=job.epochs, weight_decay=0.0,
        lr_scheduler_type="cosine", warmup_steps=0.05, seed=job.seed, data_seed=job.seed, report_to="none",
        save_strategy="no", logging_steps=1, dataloader_num_workers=0, disable_tqdm=True,
    )  # fmt: skip
    teller = PairTeller(fitted.tokens * job.epochs)
    trainer = DPOTrainer(
        model=model,
        args=config,
        train_dataset=Dataset.from_list([_sides(pair) for pair in fitted.pairs]),
        processing_class=tokenizer,
        callbacks=[teller],
    )
    _refer(model, job)
    trainer.train()
    if not ranks.first():
        return
    model.save_pretrained(str(place), selected_adapters=[TRAINED], safe_serialization=True)
    for stray in [one for one in place.rglob("*") if one.suffix in PICKLES]:
        stray.unlink()  # the trainer pickles its own arguments
    (place / "training.json").write_text(json.dumps(_report(job, fitted, teller), indent=2))
    publish(place, out, kind="adapter", made_by=job.identity(), base=job.base_id)


def _refer(model: Any, job: PreferJob) -> None:
    """Make the frozen copy the reference that was asked for."""
    if job.reference == job.adapter:
        return
    if job.reference == job.base:
        with torch.no_grad():
            for name, weights in model.named_parameters():
                if f"lora_B.{REFERENCE}." in name:
                    weights.zero_()  # A's product with nothing is nothing: the base
        return
    found = set_peft_model_state_dict(model, load_peft_weights(job.reference, device="cpu"), adapter_name=REFERENCE)
    if strange := [*found.unexpected_keys]:
        raise ValueError(f"the reference {job.reference!r} does not fit the adapter: {strange[0]}")


def _sides(pair: Pair) -> dict[str, Any]:
    return {
        "prompt": [message.model_dump() for message in pair.prompt],
        "chosen": [{"role": "assistant", "content": pair.chosen}],
        "rejected": [{"role": "assistant", "content": pair.rejected}],
    }


def _lengths(tokenizer: Any, pair: Pair) -> tuple[int, int]:
    sides = (
        Row(prompt=pair.prompt, completion=said, source="student", sample=pair.sample)
        for said in (pair.chosen, pair.rejected)
    )
    one, two = (measured(tokenizer, row) for row in sides)
    return one, two


def _report(job: PreferJob, fitted: FittedPairs, teller: PairTeller) -> dict[str, Any]:
    return {
        "job": job.identity(),
        "recipe": job.model_dump(exclude={"base", "adapter", "reference", "pairs", "out"}),
        "pairs": len(fitted.pairs),
        "pairs_by_why": dict(Counter(pair.why for pair in fitted.pairs)),
        "left_out": {"too_long": fitted.too_long, "beyond_budget": fitted.beyond_budget},
        "tokens": fitted.tokens * job.epochs,
        "told_apart": teller.right,
        "margins": teller.margins,
        **learned(teller),
    }


if __name__ == "__main__":
    sys.exit(obey(sys.argv[1], PreferJob, run))
