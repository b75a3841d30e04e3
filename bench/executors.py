"""How fast a round plays with `executor: ray` on one machine, over the same round in one process.

    python bench/executors.py [--episodes 500] [--players 2] [--latency-ms 50] [--concurrency 64] [--rounds 5]
                              [--short] [--json FILE]

The fake server is a process of its own that speaks real HTTP, and every seat is an endpoint there: in one process
all calls are the session's own, with players they are theirs, and the ledger, the clerk and the index are the
session's in both. Both play in turn (local, ray, ray, local, …), each time a new session in a new folder, on one Ray
that is started before the first; what counts is the stage `play`, from the first hand dealt to the index caught up,
so that neither the start of Ray nor the imports of players are in it: they are told apart. Medians, and their ratio;
the goal is that players reach at least 0.9 of the one process's episodes a second.
Prints a table; status 1 where the goal is missed.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from rows import asked, installed, row, write

from noria.cli.means import real
from noria.cluster.joining import join
from noria.config import Endpoint, SessionConfig
from noria.graphs.opening import Watch
from noria.graphs.run import run
from noria.types import ROLES

GOAL = 0.9


def main() -> None:
    """Play in turn, and print what it took."""
    parser = asked(argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
    parser.add_argument("--episodes", type=int, default=500)
    parser.add_argument("--players", type=int, default=2)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args()
    if wanted.short:
        wanted.episodes, wanted.rounds = 250, 3
    command = [
        sys.executable, "-m", "noria.inference.fake_server", "--port", "0", "--latency-ms", str(wanted.latency_ms),
    ]  # fmt: skip
    with (
        tempfile.TemporaryDirectory(prefix="noria-bench-") as place,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        url = json.loads(server.stdout.readline())["url"]
        try:
            found = compared(wanted, url, Path(place))
        finally:
            server.terminate()
    for name in ("local", "ray"):
        told = found[name]
        print(f"{name:6} {told['median']:8.1f} episodes a second  (each: {told['each']})")
        print(f"{'':15} {told['cpu_ms']:.1f} ms of CPU an episode in the session's process; open after "
              f"{told['start']:.1f} s")  # fmt: skip
    print(f"ratio  {found['ratio']:8.2f}  (goal: at least {GOAL})")
    each = [ray / local for local, ray in zip(found["local"]["each"], found["ray"]["each"], strict=True)]
    note = f"{wanted.players} workers, {wanted.concurrency} calls in flight at {wanted.latency_ms:.0f} ms"
    said = {"demand": 8, "peer": "the local executor", "peer_version": f"ray {installed('ray')}", "limit": GOAL}
    what = "episodes a second on Ray, one node"
    write(wanted.json, [row(what, "python bench/executors.py", each, note=note, **said)])
    sys.exit(0 if found["reached"] else 1)


def compared(wanted: argparse.Namespace, url: str, place: Path) -> dict[str, Any]:
    """The figures of both, played in turn."""
    settings = {name: config(wanted, url, name) for name in ("local", "ray")}
    joined = join(settings["ray"])  # once, and left at the end: those that join later find it
    played: dict[str, list[dict[str, float]]] = {"local": [], "ray": []}
    try:
        for number in range(wanted.rounds):
            for name in ("local", "ray") if number % 2 == 0 else ("ray", "local"):
                folder = place / f"{name}-{number}"
                played[name].append(asyncio.run(once(settings[name].model_copy(update={"session": folder}))))
    finally:
        joined.leave()
    found: dict[str, Any] = {
        name: {
            "median": statistics.median(one["rate"] for one in runs),
            "each": [round(one["rate"], 1) for one in runs],
            "cpu_ms": statistics.median(one["cpu_ms"] for one in runs),
            "start": statistics.median(one["start"] for one in runs),
        }
        for name, runs in played.items()
    }
    ratio = found["ray"]["median"] / found["local"]["median"]
    settled = {one["accepted"] for runs in played.values() for one in runs}
    return {**found, "ratio": round(ratio, 3), "goal": GOAL, "accepted": sorted(settled),
            "reached": ratio >= GOAL and len(settled) == 1}  # fmt: skip


async def once(settings: SessionConfig) -> dict[str, float]:
    """One session: episodes a second of its play, the session's own CPU an episode, and seconds until it was open."""
    began, opened, process = time.perf_counter(), list[float](), psutil.Process()
    cpu = list[float]()

    def at(context: Any) -> None:
        opened.append(time.perf_counter() - began)
        cpu.append(sum(process.cpu_times()[:2]))

    summary = await run(settings, real(settings, lambda *_: None), Watch(opened=at))
    spent = sum(process.cpu_times()[:2]) - cpu[0]
    episodes = settings.play.episodes
    return {
        "rate": episodes / summary["rounds"][0]["stages"]["play"]["seconds"],
        "cpu_ms": 1000 * spent / episodes,
        "start": opened[0],
        "accepted": summary["funnel"]["accepted"],
    }


def config(wanted: argparse.Namespace, url: str, executor: str) -> SessionConfig:
    """The session that is played, the same but for where."""
    return SessionConfig.model_validate(
        {
            "executor": executor,
            "domains": {"arithmetic": (2, 3, 4), "text_ops": (1, 2), "units": (1, 2), "constraints": (1, 2)},
            "endpoints": {"fake": Endpoint(url=url, model="base")},
            "seats": dict.fromkeys(ROLES, "fake"),
            "play": {
                "episodes": wanted.episodes, "batch": 250, "concurrency": wanted.concurrency,
                "players": wanted.players,
            },
            "stop": {"rounds": 1},
        }
    )  # fmt: skip


if __name__ == "__main__":
    main()
