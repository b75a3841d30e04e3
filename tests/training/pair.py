"""Two processes that train together over gloo: `torchrun --nproc-per-node 2 -m tests.training.pair FOLDER`.

One pair for all of it, for torch takes its time to come up. In FOLDER stand afterwards a tiny `base` with an adapter
`alone` that nobody trained, and the adapters `copies` (the model whole in each process) and `parts` (FSDP, by the
config that `accelerate launch` is given); then one process dies in the second step of `dying`, and the pair with it.
"""

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from tests.training.tiny import make


def environment() -> dict[str, str]:
    """What `accelerate launch` tells its processes by the package's FSDP config."""
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import launch_command_parser
    from accelerate.utils.launch import prepare_multi_gpu_env

    from noria.training import spread

    copies = load_config_from_file(str(Path(spread.__file__).with_name("ddp.yaml")))
    assert str(copies.distributed_type).endswith("MULTI_GPU")
    path = str(Path(spread.__file__).with_name("fsdp.yaml"))
    asked: argparse.Namespace = launch_command_parser().parse_args(
        ["--config_file", path, "--num_processes", "2", "--main_process_port", "0", "--module", "noria.training.sft"]
    )
    told = load_config_from_file(path)
    for name, value in told.fsdp_config.items():
        setattr(asked, name, value)
    asked.use_fsdp, asked.mixed_precision = str(told.distributed_type).endswith("FSDP"), "no"
    asked.num_machines, asked.machine_rank, asked.dynamo_backend = 1, 0, "no"
    given = prepare_multi_gpu_env(asked)
    return {name: value for name, value in given.items() if "FSDP" in name}


def main(folder: Path) -> None:
    """Train three times."""
    from accelerate.state import AcceleratorState, PartialState
    from accelerate.utils import DistributedType
    from transformers import TrainerCallback
    from transformers.trainer import DEFAULT_CALLBACKS

    from noria.training import ranks, sft
    from noria.training.program import obey
    from noria.training.sft_job import Job

    made = folder / "alone" / "adapter_model.safetensors"
    if ranks.first():
        make(folder, "alone")
    while not made.exists():
        time.sleep(0.05)

    def run(name: str) -> None:
        if obey(str(folder / f"{name}-job.json"), Job, sft.run):
            sys.exit(1)

    run("copies")
    os.environ.update(environment())
    AcceleratorState._reset_state()
    plain = AcceleratorState.__init__

    def on_a_cpu(self: AcceleratorState, *given: object, fsdp_plugin: object = None, **more: object) -> None:
        """accelerate knows FSDP on every device but this one."""
        plain(self, *given, fsdp_plugin=fsdp_plugin, **more)
        if fsdp_plugin is not None and self.distributed_type == DistributedType.MULTI_CPU:
            self.distributed_type, self.fsdp_plugin = DistributedType.FSDP, fsdp_plugin
            PartialState._shared_state["distributed_type"] = DistributedType.FSDP

    AcceleratorState.__init__ = on_a_cpu
    run("parts")
    AcceleratorState.__init__ = plain
    PartialState._shared_state["distributed_type"] = DistributedType.MULTI_CPU
    os.environ.pop("ACCELERATE_USE_FSDP")
    AcceleratorState._reset_state()

    class Dies(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: object, state: object, control: object, **_: object) -> None:
            if ranks.rank() == 1 and state.global_step == 2:  # type: ignore[attr-defined]
                os.kill(os.getpid(), signal.SIGKILL)

    DEFAULT_CALLBACKS.append(Dies)
    run("dying")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
