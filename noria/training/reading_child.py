"""The reading subprocess: `python -m noria.training.reading_child JOB.json`.

    passages ─► tokens ─► inside the budget ─► batches of like length ─► losses by each policy
                                            └► one by one ─► LoRA gradient ─► projected ─► likeness to the targets

A chat is written with the model's own template and the answer's tokens follow it, so that
what counts is the answer and nothing of the frame. For gradients the answer is closed with the
template's own mark, as the trainer teaches it. How far it is is told as JSON lines on standard
output; what goes wrong is a sentence on standard error and a status.
"""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, AutoTokenizer

from noria.errors import NoriaError
from noria.training.publish import refuse_pickles
from noria.training.reading_job import Passage, ReadingJob, Readings, read_passages
from noria.training.sft_job import Step
from noria.training.tether import tether

BATCH = 8
"""Passages in one pass."""

LONGEST = 1024
"""Tokens of a passage that is still read."""

RANK = 8
"""Rank of the adapter that gradients are taken at where no student was trained yet."""


@dataclass(frozen=True)
class Coded:
    """A passage as tokens."""

    passage: Passage
    ids: list[int]
    start: int
    """Where the answer begins."""


def run(job: ReadingJob) -> Readings:
    """Read what the job asks for."""
    torch.set_num_threads(job.threads)
    passages = read_passages(Path(job.passages))
    tokenizer = AutoTokenizer.from_pretrained(job.base)
    coded = [_coded(tokenizer, one, closed=job.kind == "influence") for one in passages]
    kept = _fit(coded, job.max_tokens // len(job.policies))
    beyond = len(coded) - len(kept)
    gpu = torch.cuda.is_available()
    base = AutoModelForCausalLM.from_pretrained(job.base, dtype=torch.bfloat16 if gpu else torch.float32)
    base.to("cuda" if gpu else "cpu").eval()
    made_by = job.identity(Path(job.passages).read_text(encoding="utf-8"))
    told, tokens = _Told(sum(len(one.ids) for one in kept) * len(job.policies)), sum(len(one.ids) for one in kept)
    if job.kind == "influence":
        found = _influence(_learner(base, job), kept, job, told)
        return Readings(made_by=made_by, influence=found, beyond=beyond, tokens=tokens, seconds=told.seconds())
    losses = {
        who: _losses(model, tokenizer.pad_token_id or 0, kept, told) for who, model in _policies(base, job)
    }  # fmt: skip
    spent = tokens * len(job.policies)
    return Readings(made_by=made_by, losses=losses, beyond=beyond, tokens=spent, seconds=told.seconds())


class _Told:
    """Tells how far it is, in tokens, to whoever waits."""

    def __init__(self, tokens: int) -> None:
        self.started, self.tokens, self.done, self.steps = time.monotonic(), tokens, 0, 0

    def seconds(self) -> float:
        return round(time.monotonic() - self.started, 2)

    def read(self, tokens: int, loss: float) -> None:
        self.done, self.steps = self.done + tokens, self.steps + 1
        step = Step(step=self.done, steps=self.tokens, loss=loss, tokens=self.done, seconds=self.seconds())
        print(step.model_dump_json(), flush=True)


def _coded(tokenizer: Any, passage: Passage, *, closed: bool) -> Coded:
    if not passage.prompt:
        return Coded(passage, tokenizer(passage.answer)["input_ids"], 1)
    prompt = [one.model_dump() for one in passage.prompt]
    before = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=True, return_dict=True)
    ids = before["input_ids"]
    if closed:
        whole = [*prompt, {"role": "assistant", "content": passage.answer}]
        return Coded(
            passage, tokenizer.apply_chat_template(whole, tokenize=True, return_dict=True)["input_ids"], len(ids)
        )
    return Coded(passage, [*ids, *tokenizer(passage.answer, add_special_tokens=False)["input_ids"]], len(ids))


def _fit(coded: list[Coded], budget: int) -> list[Coded]:
    kept, tokens = [], 0
    for one in coded:
        if one.start < len(one.ids) <= LONGEST and tokens + len(one.ids) <= budget:
            kept.append(one)
            tokens += len(one.ids)
    return kept


def _policies(base: Any, job: ReadingJob) -> Iterator[tuple[str, Any]]:
    """Each policy with its model, one after another: the base first, then adapters upon it."""
    model: Any = None
    for number, one in enumerate(sorted(job.policies, key=lambda one: bool(one.adapter))):
        if one.adapter:
            refuse_pickles(Path(one.adapter))
            name = f"adapter{number}"
            if model is None:
                model = PeftModel.from_pretrained(base, one.adapter, adapter_name=name)
            else:
                model.load_adapter(one.adapter, name)
            model.set_adapter(name)
            model.eval()
        yield one.policy, base if model is None else model


@torch.inference_mode()  # type: ignore[untyped-decorator]
def _losses(model: Any, pad: int, coded: list[Coded], told: _Told) -> dict[str, tuple[float, int]]:
    found = dict[str, tuple[float, int]]()
    order = sorted(coded, key=lambda one: (len(one.ids), one.passage.key))
    for batch in (order[at : at + BATCH] for at in range(0, len(order), BATCH)):
        width, first = max(len(one.ids) for one in batch), min(one.start for one in batch)
        ids = torch.tensor([one.ids + [pad] * (width - len(one.ids)) for one in batch], device=model.device)
        mask = torch.tensor([[1] * len(one.ids) + [0] * (width - len(one.ids)) for one in batch], device=model.device)
        # Only what an answer is predicted from gets logits: the product with the vocabulary costs as much as the rest.
        logits = model(input_ids=ids, attention_mask=mask, logits_to_keep=width - first + 1).logits[:, :-1].float()
        nats = cross_entropy(logits.transpose(1, 2), ids[:, first:], reduction="none")
        for row, one in enumerate(batch):
            own = nats[row, one.start - first : len(one.ids) - first]
            found[one.passage.key] = (float(own.sum()), len(own))
        told.read(sum(len(one.ids) for one in batch), float(nats.mean()))
    return found


def _learner(base: Any, job: ReadingJob) -> Any:
    """The base with the adapter whose weights would learn: the student's, or a fresh one drawn by the seed."""
    if folder := job.policies[0].adapter:
        refuse_pickles(Path(folder))
        return PeftModel.from_pretrained(base, folder, is_trainable=True)
    torch.manual_seed(job.seed)
    return get_peft_model(
        base, LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM")
    )


def _influence(model: Any, coded: list[Coded], job: ReadingJob, told: _Told) -> dict[str, float]:
    """Likeness of each sample's gradient to the nearest of the targets' means.

    A gradient is projected by a count sketch (each number added with a drawn sign to a drawn
    place), which keeps inner products on average and costs one pass over it.
    """
    learned = [one for name, one in sorted(model.named_parameters()) if one.requires_grad]
    size, drawn = sum(one.numel() for one in learned), torch.Generator().manual_seed(job.seed)
    places = torch.randint(job.dimensions, (size,), generator=drawn)
    signs = torch.randint(2, (size,), generator=drawn, dtype=torch.int8) * 2 - 1

    def sketched(one: Coded) -> torch.Tensor:
        ids = torch.tensor([one.ids], device=model.device)
        logits = model(input_ids=ids, logits_to_keep=len(one.ids) - one.start + 1).logits[0, :-1].float()
        loss = cross_entropy(logits, ids[0, one.start :])
        gradients = torch.autograd.grad(loss, learned, allow_unused=True)
        flat = torch.cat([
            (torch.zeros(weights.numel()) if gradient is None else gradient.flatten().float().cpu())
            for weights, gradient in zip(learned, gradients, strict=True)
        ])  # fmt: skip
        told.read(len(one.ids), float(loss.detach()))
        sketch = torch.zeros(job.dimensions).index_add_(0, places, flat * signs)
        return sketch / sketch.norm().clamp_min(1e-12)

    groups = dict[str, list[torch.Tensor]]()
    for one in coded:
        if one.passage.group:
            groups.setdefault(one.passage.group, []).append(sketched(one))
    if not groups:
        return {}
    means = torch.stack([torch.stack(some).mean(0) for _, some in sorted(groups.items())])
    means = means / means.norm(dim=1, keepdim=True).clamp_min(1e-12)
    return {
        one.passage.key: float((means @ sketched(one)).max()) for one in coded if not one.passage.group
    }  # fmt: skip


def main(path: str) -> int:
    """Run a job file; 0 when what was found stands, 1 with a sentence on standard error."""
    tether()
    try:
        job = ReadingJob.model_validate_json(Path(path).read_text(encoding="utf-8"))
        found = run(job)
        aside = Path(job.out + ".tmp")
        aside.write_text(found.model_dump_json(), encoding="utf-8")
        os.replace(aside, job.out)
    except (ValueError, OSError, RuntimeError, NoriaError) as fault:
        print(f"noria-training: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
