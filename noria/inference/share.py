"""The part of a machine that one of several servers has.

    GPU   the devices, evenly: CUDA_VISIBLE_DEVICES=0 · 1 · 2 · …
    CPU   the cores, evenly:   VLLM_CPU_OMP_THREADS_BIND=0 · 1 · …

For dense models vLLM itself asks for independent servers rather than its own data parallelism
(vllm/config/parallel.py of 0.32). Threads of two servers on the same cores wait for one another,
so each has cores of its own.
"""

import os
import re
from pathlib import Path

from noria.errors import EndpointError

DEVICES = "CUDA_VISIBLE_DEVICES"
"""The variable that says which GPUs a process sees; vLLM reads it on AMD's too."""

CORES = "VLLM_CPU_OMP_THREADS_BIND"
"""The variable that says which cores a vLLM computes on."""

MEND = "Set `serve.replicas` to what the machine holds."


def devices() -> list[str]:
    """The GPUs of this machine that this process may use."""
    if given := os.environ.get(DEVICES, "").strip():
        return [one.strip() for one in given.split(",")]
    found = (re.fullmatch(r"nvidia(\d+)", path.name) for path in Path("/dev").glob("nvidia*"))
    return [str(one) for one in sorted(int(match[1]) for match in found if match)]


def shares(replicas: int, *, cpu: bool) -> list[dict[str, str]]:
    """The environment of each of so many servers; one alone has the whole machine and is told nothing.

    Raises:
        EndpointError: there are more servers than devices or cores.
    """
    if replicas == 1:
        return [{}]
    whole = [str(core) for core in sorted(os.sched_getaffinity(0))] if cpu else devices()
    each = len(whole) // replicas
    if not each:
        what = "core" if cpu else "GPU"
        raise EndpointError(
            f"{replicas} servers of a policy do not fit on {len(whole)} {what}{'s' * (len(whole) != 1)}.", mend=MEND
        )
    name = CORES if cpu else DEVICES
    return [{name: ",".join(whole[at * each : (at + 1) * each])} for at in range(replicas)]
