"""The part of a machine that one of several servers has.

    GPU   the devices, evenly: CUDA_VISIBLE_DEVICES=0 · 1 · 2 · …
    CPU   the cores, evenly:   VLLM_CPU_OMP_THREADS_BIND=0 · 1 · …

Where each policy has one server, they come one by one and it is the calibration (`tuning.py`) that says how
they share a CPU:

    all     every server computes on every core; those of a policy that is not asked cost nothing
    spare   on every core but one, which is left to Noria and the servers' own front ends
    split   each on a half of its own, the halves in turn
    loose   wherever the kernel puts its threads

For dense models vLLM itself asks for independent servers rather than its own data parallelism
(vllm/config/parallel.py of 0.32). Threads of two servers on the same cores wait for one another,
so each has cores of its own.
"""

import os
import re
from pathlib import Path
from typing import Literal

from noria.errors import EndpointError

Threads = Literal["all", "spare", "split", "loose"]
"""How the servers of several policies share the cores of a CPU."""

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


def cores() -> list[str]:
    """The cores that this process may use."""
    return [str(core) for core in sorted(os.sched_getaffinity(0))]


def bound(threads: Threads, half: int = 0) -> dict[str, str]:
    """The environment of a policy's one server on a CPU; `half`, 0 or 1, is its own where they are split.

    One core is shared by all, however it is to be shared.
    """
    whole = cores()
    if threads == "loose":
        return {CORES: "nobind"}
    if threads == "spare":
        whole = whole[1:] or whole
    elif threads == "split" and len(whole) > 1:
        middle = len(whole) // 2
        whole = whole[middle:] if half else whole[:middle]
    return {CORES: ",".join(whole)}


def shares(replicas: int, *, cpu: bool) -> list[dict[str, str]]:
    """The environment of each of so many servers; one alone has the whole machine and is told nothing.

    Raises:
        EndpointError: there are more servers than devices or cores.
    """
    if replicas == 1:
        return [{}]
    whole = cores() if cpu else devices()
    each = len(whole) // replicas
    if not each:
        what = "core" if cpu else "GPU"
        raise EndpointError(
            f"{replicas} servers of a policy do not fit on {len(whole)} {what}{'s' * (len(whole) != 1)}.", mend=MEND
        )
    name = CORES if cpu else DEVICES
    return [{name: ",".join(whole[at * each : (at + 1) * each])} for at in range(replicas)]
