"""Train on what `noria export` wrote, with TRL and nothing of Noria's.

    noria export sessions/demo --to demo-data --format sft --format preference --format kto
    python examples/train.py demo-data sft HuggingFaceTB/SmolLM2-135M-Instruct out
    python examples/train.py demo-data preference out out-preferred

The columns go in as they are; those that say where a row comes from are left alone.
"""

import argparse
from typing import Any

import trl
from datasets import load_dataset

TRAINERS = {
    "sft": "SFT", "prompt-completion": "SFT", "chatml": "SFT",
    "preference": "DPO", "kto": "KTO",
}  # fmt: skip
"""Which trainer takes which format."""


def main() -> None:
    """Train one model and say how it does on the held-out split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="what `noria export` wrote, or its name on a hub")
    parser.add_argument("format", choices=TRAINERS)
    parser.add_argument("model", help="a model's folder, or its name on a hub")
    parser.add_argument("out")
    parser.add_argument("--steps", type=int, default=-1, help="stop after so many; else one epoch")
    parser.add_argument("--cpu", action="store_true", help="train on the CPU, in float32")
    own = parser.parse_args()
    train, test = (load_dataset(own.folder, own.format, split=split) for split in ("train", "test"))
    kind = TRAINERS[own.format]
    on_cpu: dict[str, Any] = {"use_cpu": True, "bf16": False, "gradient_checkpointing": False} if own.cpu else {}
    args = getattr(trl, f"{kind}Config")(
        output_dir=own.out, num_train_epochs=1, max_steps=own.steps, report_to="none", save_strategy="no", **on_cpu
    )
    trainer = getattr(trl, f"{kind}Trainer")(model=own.model, args=args, train_dataset=train, eval_dataset=test)
    trainer.train()
    print(trainer.evaluate())
    trainer.save_model(own.out)


if __name__ == "__main__":
    main()
