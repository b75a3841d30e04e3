"""What the machine can do, asked in a child process, because the wrong answer kills.

Some virtual machines advertise AMX and trap on it: the first bfloat16 matrix product dies
with SIGILL, and whoever asked dies with it, without a Python error.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_PRODUCT = "import torch; a = torch.ones(64, 64, dtype=torch.bfloat16); assert (a @ a)[0, 0] == 64"
PATIENCE = 120
"""Seconds the product may take, the import of torch included."""

MASK = {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_BF16"}
"""The environment that keeps oneDNN off AMX."""


@dataclass(frozen=True, slots=True)
class BFloat16:
    """Whether bfloat16 products work here."""

    works: bool
    fast: bool
    """Whether the processor has instructions for it, so that it is faster than float32."""
    trap: bool
    """Whether the product died of an instruction the machine advertises."""
    said: str


def probe_bfloat16() -> BFloat16:
    """Multiply two bfloat16 matrices in a child process."""
    flags = _cpu_flags()
    command = [sys.executable, "-c", _PRODUCT]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return BFloat16(False, False, False, f"a bfloat16 product did not come within {PATIENCE} s")
    fast = bool(flags & {"avx512_bf16", "amx_bf16"})
    if done.returncode == 0:
        return BFloat16(
            True, fast, False, "bfloat16 products work" + ("" if fast else ", without instructions for them")
        )
    if done.returncode < 0:
        advertised = "amx_bf16" in flags
        said = f"a bfloat16 product died of signal {-done.returncode}" + (
            " (AMX is advertised and traps)" if advertised else ""
        )
        return BFloat16(False, False, advertised, said)
    return BFloat16(False, False, False, (done.stderr.strip().splitlines() or ["torch is not installed"])[-1])


def _cpu_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return set(next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), []))
