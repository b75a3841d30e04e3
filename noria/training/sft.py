"""The training subprocess: `python -m noria.training.sft JOB.json`.

    rows ─► fit the budget ─► LoRA on all linear layers, loss on the completion ─► interpolated with its base
                                                                              └► safetensors, by one rename

Always from the base (TRL's SFTTrainer, PEFT's LoRA), so that a student is its base and its
rows and nothing else. Steps are told as JSON lines on standard output; what goes wrong is a
sentence on standard error and a status.
"""

import json
import math
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from transformers.trainer_pt_utils import LengthGroupedSampler
from trl import SFTConfig, SFTTrainer

from noria.training import ranks
from noria.training.pace import attention, together
from noria.training.program import learned, obey
from noria.training.publish import PICKLES, publish
from noria.training.rows import Fitted, Row, fit, read_rows
from noria.training.sft_job import Job, Step

IGNORED = -100
"""Label of a token that is not learned."""


class Teller(TrainerCallback):  # type: ignore[misc]
    """Tells each step on standard output, and stops a loss that is no number; of several processes the first tells."""

    def __init__(self, tokens: int) -> None:
        self.started = time.monotonic()
        self.tokens = tokens
        self.losses: list[float] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Tell one step."""
        loss = (logs or {}).get("loss")
        if loss is None:
            return
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss became {loss} at step {state.global_step}; lower train.learning_rate")
        self.losses.append(loss)
        done = state.global_step / max(1, state.max_steps)
        step = Step(
            step=state.global_step,
            steps=state.max_steps,
            loss=loss,
            tokens=int(done * self.tokens),
            seconds=round(time.monotonic() - self.started, 2),
        )
        if ranks.first():
            print(step.model_dump_json(), flush=True)


class Trainer(SFTTrainer):  # type: ignore[misc]
    """SFT that spends little on what teaches nothing: rows of like length share a batch, prompts get no logits."""

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The mean loss of the completions' tokens.

        On a CPU the product with the vocabulary costs as much as all layers do, and TRL takes it at
        every position there; only those from the first completion on are wanted.
        """
        if not self.args.use_cpu:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        labels = inputs["labels"]
        first = int((labels != IGNORED).any(dim=0).int().argmax())
        rest = {name: value for name, value in inputs.items() if name in ("input_ids", "attention_mask")}
        outputs = model(**rest, logits_to_keep=labels.shape[1] - first + 1)
        taught = labels[:, first:].flatten()
        total = cross_entropy(outputs.logits[:, :-1].flatten(0, 1), taught, ignore_index=IGNORED, reduction="sum")
        if num_items_in_batch is None:
            loss = total / (taught != IGNORED).sum()
        else:  # counted over all processes, whose gradients are averaged
            loss = total * self.accelerator.num_processes / num_items_in_batch
        return (loss, outputs) if return_outputs else loss

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        lengths = [len(ids) for ids in self.train_dataset["input_ids"]]
        generator = torch.Generator().manual_seed(self.args.data_seed or 0)
        return LengthGroupedSampler(self.args.train_batch_size, lengths=lengths, generator=generator)


def run(job: Job) -> None:
    """Train and publish one adapter."""
    torch.set_num_threads(ranks.threads(job.threads))
    gpu = torch.cuda.is_available()
    tokenizer = AutoTokenizer.from_pretrained(job.base)
    fitted = fit(
        read_rows(Path(job.rows)), lambda row: measured(tokenizer, row),
        max_tokens=job.max_tokens, max_row_tokens=job.max_row_tokens, epochs=job.epochs, seed=job.seed,
    )  # fmt: skip
    if not fitted.rows:
        raise ValueError("no row fits the budget; raise train.max_tokens or train.max_row_tokens")
    model = AutoModelForCausalLM.from_pretrained(
        job.base, dtype=torch.bfloat16 if gpu else torch.float32,
        attn_implementation=attention(fitted.longest, gpu=gpu),
    )  # fmt: skip
    share = ranks.share(job.batch)
    micro = share if gpu else together(share, fitted.longest, model.config.vocab_size)
    out = Path(job.out)
    place = ranks.kept(out)
    config = SFTConfig(
        output_dir=str(place), use_cpu=not gpu, bf16=gpu or job.bf16, gradient_checkpointing=False,
        max_length=job.max_row_tokens,
        per_device_train_batch_size=micro, gradient_accumulation_steps=-(-share // micro),
        learning_rate=job.learning_rate,
        num_train_epochs=job.epochs, weight_decay=0.0, lr_scheduler_type="cosine", warmup_steps=0.05,
        seed=job.seed, data_seed=job.seed, report_to="none", save_strategy="no", logging_steps=1,
        dataloader_num_workers=0, disable_tqdm=True, completion_only_loss=True, packing=False,
    )  # fmt: skip
    teller = Teller(fitted.tokens * job.epochs)
    trainer = Trainer(
        model=model,
        args=config,
        train_dataset=Dataset.from_list([_conversation(row) for row in fitted.rows]),
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=job.rank, lora_alpha=2 * job.rank, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
        ),
        callbacks=[teller],
    )
    trainer.train()
    _interpolate(trainer.model, job.interpolation)
    trainer.save_model(str(place))
    if not ranks.first():
        return
    for stray in [one for one in place.rglob("*") if one.suffix in PICKLES]:
        stray.unlink()  # the trainer pickles its own arguments
    (place / "training.json").write_text(json.dumps(_report(job, fitted, teller), indent=2))
    publish(place, out, kind="adapter", made_by=job.identity(), base=job.base_id)


def _interpolate(model: Any, share: float) -> None:
    """Leave the student at a share of its way from its base.

    Weight-space interpolation (*Robust fine-tuning of zero-shot models*, Wortsman et al., arXiv 2109.01903): what
    the base can do comes back faster than what was learned goes. An adapter's change is B·A, so B is scaled.
    """
    if share == 1:
        return
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if ".lora_B." in name:
                weight.mul_(share)


def _conversation(row: Row) -> dict[str, Any]:
    prompt = [message.model_dump() for message in row.prompt]
    return {"prompt": prompt, "completion": [{"role": "assistant", "content": row.completion}]}


def measured(tokenizer: Any, row: Row) -> int:
    """Tokens of a row, its chat template included."""
    said = [*(message.model_dump() for message in row.prompt), {"role": "assistant", "content": row.completion}]
    return len(tokenizer.apply_chat_template(said, tokenize=True, return_dict=True)["input_ids"])


def _report(job: Job, fitted: Fitted, teller: Teller) -> dict[str, Any]:
    return {
        "job": job.identity(),
        "recipe": job.model_dump(exclude={"base", "rows", "out"}),
        "rows": len(fitted.rows),
        "rows_by_source": dict(Counter(row.source for row in fitted.rows)),
        "left_out": {"too_long": fitted.too_long, "beyond_budget": fitted.beyond_budget},
        "tokens": fitted.tokens * job.epochs,
        "processes": ranks.ranks(),
        **learned(teller),
    }


if __name__ == "__main__":
    sys.exit(obey(sys.argv[1], Job, run))
