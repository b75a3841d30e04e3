"""A tiny llama with an adapter, merged, distilled and quantised: `python -m tests.training.tiny FOLDER`.

One process for all of it, for torch takes its time to come up. In FOLDER stand afterwards `base`, and below
`student` what a training leaves: `adapter`, `merged`, `distilled` (towards the base), `int8`; `whole` and `half` are
adapters of one training, left where it ended and half-way.
"""

import sys
from pathlib import Path

WORDS = (
    "What", "is", "plus", "Answer", "exactly", "as", "asked,", "briefly.", "system", "user", "assistant",
    "</s>", "<pad>", "<unk>", *map(str, range(40)),
)  # fmt: skip

CHAT = (
    "{% for m in messages %}{{ m['role'] }} {{ m['content'] }} </s> {% endfor %}"
    "{% if add_generation_prompt %}assistant {% endif %}"
)


def make(folder: Path, alone: str = "") -> None:
    """Make the models; with `alone` only the base, and beside it an adapter of that name that nobody trained."""
    import torch
    from peft import LoraConfig, get_peft_model
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from noria.training import distil, launch, merge, quantise, sft
    from noria.training.distil_job import DistilJob
    from noria.training.models import weights_id
    from noria.training.program import obey
    from noria.training.publish import aside, publish
    from noria.training.sft_job import Job

    torch.manual_seed(0)
    base, student = folder / "base", folder / "student"
    own = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="<unk>"))
    own.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=own, unk_token="<unk>", pad_token="<pad>", eos_token="</s>", chat_template=CHAT
    )
    config = LlamaConfig(
        vocab_size=64, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=128, tie_word_embeddings=True,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    model.save_pretrained(base)
    tokenizer.save_pretrained(base)
    adapted = get_peft_model(
        model, LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    )
    if alone:
        adapted.save_pretrained(folder / alone)
        return
    student.mkdir()
    place = aside(student / "adapter")
    adapted.save_pretrained(place)
    publish(place, student / "adapter", kind="adapter", made_by="a test", base="policy-base")
    merging = launch.merging("policy-base", student / "adapter", "float32")
    merge.merge(str(base), str(student / "adapter"), student / "merged", "float32", "policy-base", merging)
    job = DistilJob(
        base=str(base), base_id=weights_id(base), teacher=str(base), teacher_id=weights_id(base),
        adapter=str(student / "adapter"), adapter_id=weights_id(student / "adapter"),
        rows=str(folder / "rows.jsonl"), out=str(student / "distilled"), beta=0.5, learning_rate=2e-2, epochs=6,
        batch=4, max_tokens=100_000, max_row_tokens=64, seed=0, threads=1,
    )  # fmt: skip
    (student / "distilled-job.json").write_text(job.model_dump_json())
    if obey(str(student / "distilled-job.json"), DistilJob, distil.run):
        sys.exit(1)
    for name, share in (("whole", 1.0), ("half", 0.5)):
        learning = Job(
            base=str(base), base_id=weights_id(base), rows=str(folder / "rows.jsonl"), out=str(student / name), rank=2,
            learning_rate=2e-2, epochs=1, batch=4, max_tokens=100_000, max_row_tokens=64, seed=0, threads=1,
            interpolation=share,
        )  # fmt: skip
        (student / f"{name}-job.json").write_text(learning.model_dump_json())
        if obey(str(student / f"{name}-job.json"), Job, sft.run):
            sys.exit(1)
    from noria.identity import content_id

    made_by = content_id("quantising", [weights_id(student / "merged"), "int8"])
    quantise.quantise(student / "merged", student / "int8", "int8", "policy-base", made_by)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
