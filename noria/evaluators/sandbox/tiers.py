"""The tiers: what isolates here, found out by trying and never taken on trust.

    landlock   a locked fork of a clean zygote (see inside/lock.py)
    bwrap      the same inside bubblewrap: namespaces of its own for everything, a root of its own

Each is tried once a process with a program that tries to get out by raw calls of the
kernel. A tier in which one of them succeeds does not exist. Others (containers, gVisor,
wasm) would be one more entry of `COMMANDS`.
"""

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from noria.errors import SandboxError
from noria.evaluators.sandbox.job import Call, Job, parse
from noria.evaluators.sandbox.worker import Worker

Tier = Literal["landlock", "bwrap"]

STRENGTH: tuple[Tier, ...] = ("landlock", "bwrap")
"""Weakest first."""

INSIDE = Path(__file__).parent / "inside"
"""What runs on the other side."""

SYSTEM = ("/usr", "/lib", "/lib64")
"""What an interpreter needs of the system, as far as it is there."""

SHARED = 1 << 20
"""Bytes of /tmp and of /dev/shm inside bubblewrap; no program can reach either."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of a tier."""

    tier: Tier
    level: str
    """The isolation in words, such as `landlock7+seccomp`; empty where the tier does not work."""
    said: str
    mend: str = ""


def zygote(inside: Path) -> list[str]:
    """A zygote in a clean interpreter: no site packages, no path of a user's, no byte code written.

    It does not ignore its environment, which is made for it and tells the hash seed.
    """
    base = Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()
    return [str(base), "-s", "-S", "-P", "-B", str(inside / "zygote.py")]


def bubblewrapped(inside: Path) -> list[str]:
    """The same inside bubblewrap.

    Raises:
        SandboxError: it is not installed.
    """
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxError("Bubblewrap is not installed.", mend="`apt-get install bubblewrap`.")
    line = [program, "--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534", "--hostname", "sandbox"]
    line += ["--new-session"]
    for place in ("/tmp", "/dev/shm"):  # noqa: S108  (places inside, made empty)
        line += ["--size", str(SHARED), "--tmpfs", place]
    for place in dict.fromkeys((*SYSTEM, sys.base_prefix, str(inside))):
        if Path(place).exists():
            line += ["--ro-bind", place, place]
    return [*line, "--remount-ro", "/", "--chdir", "/", "--", *zygote(inside)]


COMMANDS: dict[Tier, Callable[[Path], list[str]]] = {"landlock": zygote, "bwrap": bubblewrapped}
"""The command that starts a zygote of each tier from the folder of the other side's files."""


@cache
def find(tier: Tier) -> Found:
    """Try a tier, once a process."""
    return examine(tier, INSIDE)


def examine(tier: Tier, inside: Path) -> Found:
    """Start a tier and let a program try to get out."""
    if platform.machine() != "x86_64" or sys.platform != "linux":
        return Found(tier, "", f"its filter knows Linux on x86-64, not {sys.platform} on {platform.machine()}")
    try:
        worker = Worker(COMMANDS[tier](inside), tier)
    except SandboxError as fault:
        return Found(tier, "", fault.what, fault.mend)
    try:
        worker.start()
        if worker.landlock < 1:
            return Found(tier, "", "the kernel has no Landlock", "Use Linux 5.13 or later with Landlock enabled.")
        ran = worker.run(Job((INSIDE / "escapes.py").read_text(encoding="utf-8"), (Call("reached"),)))
    except SandboxError as fault:
        mend = "Allow unprivileged user namespaces for bwrap." if tier == "bwrap" else ""
        return Found(tier, "", fault.what, mend)
    finally:
        worker.close()
    if (value := ran.answers[0].value) is None:
        return Found(tier, "", f"its test did not answer: {ran.why}")
    if got := parse(value):
        return Found(tier, "", f"a program in it could {', '.join(got)}")
    level = f"landlock{worker.landlock}+seccomp"
    return Found(tier, level if tier == "landlock" else f"{tier}+{level}", "nothing got out")


def choose(minimum: Tier, look: Callable[[Tier], Found] = find) -> Found:
    """The strongest tier that works here.

    Raises:
        SandboxError: none works that is at least the minimum.
    """
    allowed = STRENGTH[STRENGTH.index(minimum) :]
    tried = [look(tier) for tier in reversed(allowed)]
    for found in tried:
        if found.level:
            return found
    why = "; ".join(f"{one.tier}: {one.said}" for one in tried)
    mend = next((one.mend for one in tried if one.mend), "") or "`noria doctor` says more."
    raise SandboxError(f"No sandbox of at least {minimum!r} works here ({why}).", mend=mend)
