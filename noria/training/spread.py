"""How a training is spread over the GPUs that are there.

    no GPU, one GPU                      one process
    several, each can hold the model     ddp    a copy in each                         ddp.yaml
    several, none can                    fsdp   split over all, a layer at a time      fsdp.yaml

`accelerate launch` starts the processes by a config of the package, never by one that lies in the user's home, and at
a port that it finds free. Data parallelism is exact: gradients are averaged over all rows of a step. Fully sharded
data parallelism is *ZeRO* (Rajbhandari et al., arXiv 1910.02054) as PyTorch has it (Zhao et al., arXiv 2304.11277).
What is trained further, by preference or towards a teacher, keeps to copies: it holds a second model, or a second
adapter, that is not split.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Distributed = Literal["auto", "ddp", "fsdp"]

SPLIT = frozenset({"noria.training.sft"})
"""Programs whose model may be split."""

HELD = 0.6
"""Share of a GPU's memory that the weights may take to be held whole; the rest is for activations and logits."""

PATIENCE = 20
"""Seconds that the driver may take to say how much memory its GPUs have."""


@dataclass(frozen=True, slots=True)
class Gpus:
    """The GPUs a training may use."""

    count: int
    memory: int = 0
    """Bytes of the smallest; 0 where nobody says."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How a training is started."""

    command: list[str]
    """What goes before `-m PROGRAM JOB`."""
    ranks: int
    """Processes that train together."""


def gpus() -> Gpus:
    """The GPUs of this machine that CUDA_VISIBLE_DEVICES leaves, without loading torch."""
    count = len(list(Path("/dev").glob("nvidia[0-9]*")))
    if (visible := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        count = min(count, sum(bool(one.strip()) and one.strip() != "-1" for one in visible.split(",")))
    return Gpus(count, _memory() if count > 1 else 0)


def _memory() -> int:
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE).stdout
        return min((int(line) for line in said.split()), default=0) * 2**20
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return 0


def weights(base: Path) -> int:
    """Bytes of a model's weights on disk."""
    return sum(one.stat().st_size for one in base.glob("*.safetensors"))


def spread(asked: Distributed, program: str, base: Path, found: Gpus) -> Spread:
    """The interpreter, under `accelerate launch` where there are several GPUs."""
    if found.count < 2:
        return Spread([sys.executable], 1)
    split = asked == "fsdp" or (asked == "auto" and weights(base) > HELD * found.memory > 0)
    config = Path(__file__).with_name("fsdp.yaml" if split and program in SPLIT else "ddp.yaml")
    return Spread(
        [
            sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(config),
            "--num_processes", str(found.count), "--main_process_port", "0",
        ],
        found.count,
    )  # fmt: skip
