"""Contestants of a bench: each a script in `peers/` that plays in a process of its own and prints one JSON line.

    served(50) ─► url ─► played("with_noria.py", url, …) ─► {"version", "episodes", "calls", "seconds", "cpu", …}
                     └─► played("with_distilabel.py", url, …, python=environment("distilabel"))

A peer lives in an environment of its own, made from its list of exact versions (`peers/NAME.txt`) under `.bench/` the
first time it is asked for. Where it cannot be made, or its script fails, `Unplayed` says why.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

PEERS = Path(__file__).with_name("peers")

CACHE = Path(__file__).parent.parent / ".bench"
"""Where the environments of peers are kept; nothing else."""

PATIENCE = 900.0
"""Seconds a contestant may play, or an environment may take to be made."""


class Unplayed(Exception):
    """A contestant could not play; the sentence says why."""


def environment(name: str) -> str:
    """The Python of a peer's environment, made now if it is not there.

    Raises:
        Unplayed: it cannot be made.
    """
    wanted = PEERS / f"{name}.txt"
    mark = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()[:8]
    place = CACHE / f"{name}-{mark}"
    python = place / "bin" / "python"
    if (place / "made").exists():
        return str(python)
    shutil.rmtree(place, ignore_errors=True)
    # Without looking after dependencies: the list is whole, and says of each what was measured with.
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"]
    for command in ([sys.executable, "-m", "venv", str(place)], [str(python), *install, str(wanted)]):
        print(f"making the environment of {name}: {' '.join(command[1:4])} …", file=sys.stderr, flush=True)
        _done(command, f"the environment of {name} cannot be made")
    (place / "made").touch()
    return str(python)


@dataclass(frozen=True)
class Served:
    """A fake server that is up."""

    url: str
    process: psutil.Process

    def spent(self) -> float:
        """Processor seconds it has taken."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def served(latency: float) -> Iterator[Served]:
    """The package's fake server, in a process of its own; `latency` in milliseconds."""
    command = [sys.executable, "-m", "noria.inference.fake_server", "--port", "0", "--latency-ms", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield Served(json.loads(server.stdout.readline())["url"], psutil.Process(server.pid))
        finally:
            server.terminate()


def played(script: str, server: Served, *words: object, python: str = sys.executable) -> dict[str, Any]:
    """What a contestant says of its run, and what the server spent on each of its calls, in milliseconds.

    Raises:
        Unplayed: it failed.
    """
    command = [python, str(PEERS / script), "--url", server.url, *map(str, words)]
    before = server.spent()
    said = _done(command, f"{script} failed").strip().splitlines()
    try:
        found: dict[str, Any] = json.loads(said[-1])
        if found["seconds"] <= 0:
            raise Unplayed(f"{script}: its longer run took no longer than its shorter one")
        return found | {"server_ms_a_call": 1000 * (server.spent() - before) / found["calls"]}
    except (IndexError, ValueError, KeyError, ZeroDivisionError) as fault:
        raise Unplayed(f"{script} said nothing that can be read: {said[-1:]}") from fault


def _done(command: list[str], sentence: str) -> str:
    # One thread for what calculates: the server needs the other cores. Its folder is not ours: a package of the
    # same name must not be found here.
    settings = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False, env=settings, cwd=CACHE.parent
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise Unplayed(f"{sentence}: {type(fault).__name__}") from fault
    if done.returncode:
        last = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise Unplayed(f"{sentence}: {last[-1][:200] if last else f'status {done.returncode}'}")
    return done.stdout
