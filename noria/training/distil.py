"""The distillation subprocess: `python -m noria.training.distil JOB.json`.

    rows ─► fit the budget ─► student (base + adapter) and teacher read each row
                                 └► divergence of their next-token distributions on the completion ─► adapter

Token-level distillation by TRL's GKDTrainer (*On-Policy Distillation of Language Models*, Agarwal et al.,
arXiv 2306.13649) on the rows as they are (`lmbda` 0): the sequences that a session has verified. On-policy
sampling inside the training step (`lmbda` above 0, and TRL's own DistillationTrainer, which does nothing else) decodes
token by token without a server, some ten tokens a second on two cores, and its samples pass no check.
Steps are told as JSON lines, weights are safetensors, and the folder is published by one rename.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl.experimental.gkd import GKDConfig, GKDTrainer

from noria.training import ranks
from noria.training.distil_job import DistilJob
from noria.training.pace import attention, together
from noria.training.program import learned, obey
from noria.training.publish import PICKLES, publish, refuse_pickles
from noria.training.rows import Fitted, Row, fit, read_rows
from noria.training.sft import IGNORED, Teller, measured

TEACHERS = 2
"""Models whose logits of a row stand side by side."""


class Trainer(GKDTrainer):  # type: ignore[misc]
    """GKD that takes the product with the vocabulary only where a completion stands."""

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The divergence at the completions' tokens, in nats a token."""
        labels = inputs["labels"]
        first = int((labels != IGNORED).any(dim=0).int().argmax())
        read = {name: inputs[name] for name in ("input_ids", "attention_mask")}
        keep = labels.shape[1] - first + 1
        outputs = model(**read, logits_to_keep=keep)
        with torch.no_grad():
            taught = self.teacher_model.eval()(**read, logits_to_keep=keep)
        loss = self.generalized_jsd_loss(
            outputs.logits[:, :-1], taught.logits[:, :-1], labels=labels[:, first:], beta=self.beta,
            num_items_in_batch=num_items_in_batch,
        )  # fmt: skip
        if num_items_in_batch is not None:  # counted over all processes, whose gradients are averaged
            loss = loss * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss


def run(job: DistilJob) -> None:
    """Train and publish one adapter."""
    torch.set_num_threads(ranks.threads(job.threads))
    gpu = torch.cuda.is_available()
    for folder in (job.adapter, job.teacher):
        refuse_pickles(Path(folder))
    tokenizer = AutoTokenizer.from_pretrained(job.base)
    fitted = fit(
        read_rows(Path(job.rows)), lambda row: measured(tokenizer, row),
        max_tokens=job.max_tokens, max_row_tokens=job.max_row_tokens, epochs=job.epochs, seed=job.seed,
    )  # fmt: skip
    if not fitted.rows:
        raise ValueError("no row fits the budget; raise methods.distil_tokens.max_tokens")
    dtype = torch.bfloat16 if gpu else torch.float32
    read = attention(fitted.longest, gpu=gpu)
    base = AutoModelForCausalLM.from_pretrained(job.base, dtype=dtype, attn_implementation=read)
    model = PeftModel.from_pretrained(base, job.adapter, is_trainable=True)
    teacher = AutoModelForCausalLM.from_pretrained(job.teacher, dtype=dtype, attn_implementation=read)
    share = ranks.share(job.batch)
    micro = share if gpu else together(share, fitted.longest, TEACHERS * base.config.vocab_size)
    out = Path(job.out)
    place = ranks.kept(out)
    config = GKDConfig(
        output_dir=str(place), use_cpu=not gpu, bf16=gpu or job.bf16, gradient_checkpointing=False,
        max_length=job.max_row_tokens, lmbda=0.0, beta=job.beta, temperature=1.0,
        per_device_train_batch_size=micro, gradient_accumulation_steps=-(-share // micro),
        learning_rate=job.learning_rate, num_train_epochs=job.epochs, weight_decay=0.0,
        lr_scheduler_type="cosine", warmup_steps=0.05, seed=job.seed, data_seed=job.seed, report_to="none",
        save_strategy="no", logging_steps=1, dataloader_num_workers=0, disable_tqdm=True,
    )  # fmt: skip
    teller = Teller(fitted.tokens * job.epochs)
    trainer = Trainer(
        model=model,
        teacher_model=teacher,
        args=config,
        train_dataset=Dataset.from_list([{"messages": _chat(row)} for row in fitted.rows]),
        processing_class=tokenizer,
        callbacks=[teller],
    )
    trainer.train()
    trainer.save_model(str(place))
    if not ranks.first():
        return
    for stray in [one for one in place.rglob("*") if one.suffix in PICKLES]:
        stray.unlink()  # the trainer pickles its own arguments
    (place / "training.json").write_text(json.dumps(_report(job, fitted, teller), indent=2))
    publish(place, out, kind="adapter", made_by=job.identity(), base=job.base_id)


def _chat(row: Row) -> list[dict[str, str]]:
    return [
        *({"role": one.role, "content": one.content} for one in row.prompt),
        {"role": "assistant", "content": row.completion},
    ]


def _report(job: DistilJob, fitted: Fitted, teller: Teller) -> dict[str, Any]:
    return {
        "job": job.identity(),
        "recipe": job.model_dump(exclude={"base", "teacher", "adapter", "rows", "out"}),
        "rows": len(fitted.rows),
        "left_out": {"too_long": fitted.too_long, "beyond_budget": fitted.beyond_budget},
        "tokens": fitted.tokens * job.epochs,
        **learned(teller),
    }


if __name__ == "__main__":
    sys.exit(obey(sys.argv[1], DistilJob, run))
