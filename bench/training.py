"""Training: tokens a second of Noria's fine-tuning over a plain TRL script on the same rows, alternating.

    python bench/training.py [--rows FILE] [--count 96] [--runs 3] [--parts] [--short] [--json FILE]

Both train the same LoRA on the default student for one pass in batches of eight, in the arithmetic that the machine
is fast in, each in a process of its own; loading is left out. Ours is clocked from before its rows are
tokenised, the plain script by its trainer, so the ratio is rather too low. The plain script is TRL's
SFTTrainer with nothing but the same numbers. Rows are those of a session or study (`rows.jsonl`); without --rows,
tasks of the executed domains with the program's answers. `--parts` also takes what is ours away, one by one: rows
that go through together, and the attention that short rows are read by. GOAL is what the project holds itself to.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rows import asked, installed, row, write

from noria.evaluators.registry import domains
from noria.prompts import Templates
from noria.prompts.lookup import places
from noria.studies.gain.rows import fresh, written
from noria.training.machine import MASK, probe_bfloat16
from noria.training.models import resolve
from noria.training.rows import read_rows, write_rows
from noria.training.sft_job import Job

GOAL, SHORT = 1.3, 48
LEVELS = {"arithmetic": (1, 2), "text_ops": (1,), "units": (1, 2), "constraints": (1,)}

PLAIN = """
import json, sys
import torch
from datasets import Dataset
from peft import LoraConfig
from trl import SFTConfig, SFTTrainer
job = json.load(open(sys.argv[1]))
torch.set_num_threads(job["threads"])
from transformers import AutoModelForCausalLM, AutoTokenizer
rows = [json.loads(line) for line in open(job["rows"])]
found = [
    {"prompt": row["prompt"], "completion": [{"role": "assistant", "content": row["completion"]}]} for row in rows
]
trainer = SFTTrainer(
    model=AutoModelForCausalLM.from_pretrained(job["base"], dtype=torch.float32),
    args=SFTConfig(
        output_dir=job["out"], use_cpu=not torch.cuda.is_available(), bf16=job["bf16"],
        gradient_checkpointing=False, max_length=job["max_row_tokens"],
        per_device_train_batch_size=job["batch"], learning_rate=job["learning_rate"], num_train_epochs=job["epochs"],
        weight_decay=0.0, lr_scheduler_type="cosine", warmup_steps=0.05, seed=job["seed"], report_to="none",
        save_strategy="no", logging_steps=1, disable_tqdm=True, completion_only_loss=True,
    ),
    train_dataset=Dataset.from_list(found),
    processing_class=AutoTokenizer.from_pretrained(job["base"]),
    peft_config=LoraConfig(
        r=job["rank"], lora_alpha=2 * job["rank"], lora_dropout=0.0, target_modules="all-linear",
        task_type="CAUSAL_LM",
    ),
)
print("SECONDS", trainer.train().metrics["train_runtime"])
"""

OURS = "import sys; from noria.training import sft; {}; from noria.training.program import obey; " \
       "sys.exit(obey(sys.argv[1], sft.Job, sft.run))"  # fmt: skip

PARTS = {
    "two rows at once": "sft.together = lambda *_: 2",
    "fused attention": "sft.attention = lambda *_, **__: 'sdpa'",
}
"""What is put in place of what is ours, by what is measured so."""


def seconds(words: list[str], job: Path, env: dict[str, str]) -> float:
    """What one training took, by its own clock."""
    done = subprocess.run([sys.executable, *words, str(job)], capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    plain = [line for line in done.stdout.splitlines() if line.startswith("SECONDS")]
    if plain:
        return float(plain[-1].split()[1])
    report = json.loads((Path(json.loads(job.read_text())["out"]) / "training.json").read_text())
    return float(report["seconds"])


def main() -> None:
    """Measure, print, and fail below the goal."""
    said = asked(argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
    said.add_argument("--rows", type=Path)
    said.add_argument("--count", type=int, default=96)
    said.add_argument("--runs", type=int, default=3)
    said.add_argument("--parts", action="store_true")
    wanted = said.parse_args()
    count = min(wanted.count, SHORT) if wanted.short else wanted.count
    bf16 = probe_bfloat16()
    env = dict(os.environ) | (MASK if bf16.trap else {})
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if wanted.rows:
            rows = read_rows(wanted.rows)
        else:
            templates, kinds = Templates(places()), domains(LEVELS)[0]
            items = fresh(kinds, LEVELS, -(-count // len(LEVELS)), "bench/training")
            rows = written(items, lambda text: templates.render("solver", instruction=text), "bench/training")
        rows = rows[:count]
        write_rows(place / "rows.jsonl", rows)
        ways = {"plain": ["-c", PLAIN], "noria": ["-m", "noria.training.sft"]} | (
            {name: ["-c", OURS.format(code)] for name, code in PARTS.items()} if wanted.parts else {}
        )
        took: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(wanted.runs):
            for name, words in ways.items():
                job = Job(
                    base=str(resolve("default")), base_id="bench", rows=str(place / "rows.jsonl"),
                    out=str(place / f"{turn}-{name.replace(' ', '-')}"), rank=16, learning_rate=5e-4, epochs=1,
                    batch=8, max_tokens=10**7, max_row_tokens=256, seed=1, threads=os.cpu_count() or 1,
                    bf16=bf16.works and bf16.fast,
                )  # fmt: skip
                path = place / "job.json"
                path.write_text(job.model_dump_json(), encoding="utf-8")
                took[name].append(seconds(words, path, env))
                print(f"run {turn + 1}: {name}: {took[name][-1]:.1f} s", file=sys.stderr)
    ratios = {
        name: sorted(plain / one for plain, one in zip(took["plain"], found, strict=True))
        for name, found in took.items() if name != "plain"
    }  # fmt: skip
    figures: dict[str, Any] = {
        "rows": len(rows), "runs": wanted.runs, "seconds": took, "goal": GOAL,
        "ratio": {name: round(statistics.median(found), 2) for name, found in ratios.items()},
        "spread": {name: [round(found[0], 2), round(found[-1], 2)] for name, found in ratios.items()},
    }  # fmt: skip
    print(json.dumps(figures))
    for name, ratio in figures["ratio"].items():
        low, high = figures["spread"][name]
        print(f"{name}: {ratio} times the plain script's tokens a second ({low} to {high}, {wanted.runs} runs)")
    write(
        wanted.json,
        [
            row(
                "training, tokens a second", "python bench/training.py", ratios["noria"], demand=7, limit=GOAL,
                peer="a plain TRL script on the same rows", peer_version=f"trl {installed('trl')}",
                note=f"{len(rows)} rows, the default student; rows of a length go through together",
            )
        ],
    )  # fmt: skip
    sys.exit(0 if figures["ratio"]["noria"] >= GOAL else 1)


if __name__ == "__main__":
    main()
