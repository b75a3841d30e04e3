"""How much of the time the model server stands idle: batches that flow into one another against batches that wait.

    python bench/bubbles.py [--episodes 600] [--batch 64] [--places 32] [--straggles 40] [--turns 2]

The server is a process of its own that speaks real HTTP and answers after 50 ms, one call of forty after ten
times that. The same deal is played with `play.behind: 0`, where a batch waits for its slowest hand, and as it
is by default; the two take turns, first one then the other, then the other way round. Noria's own places for
calls are watched: `filled` is the share of the play in which every one was taken, `used` the mean share of
them. Prints the medians, and what is got by flowing as a ratio; only ratios mean anything on a busy machine.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from noria.cli.means import real
from noria.config import Endpoint, SessionConfig
from noria.graphs.run import run
from noria.inference.limiter import Limiter
from noria.types import ROLES


class Watched(Limiter):
    """A limiter that says how much of the time its places were taken."""

    def __init__(self, limit: int) -> None:
        """At most `limit` calls at once."""
        super().__init__(limit)
        self.began = self.last = 0.0
        self.filled = self.used = 0.0

    async def enter(self, *given: Any, **named: Any) -> Any:
        """Take a place."""
        self.look()
        found = await super().enter(*given, **named)
        self.look()
        return found

    def leave(self, *given: Any) -> None:
        """Give one back."""
        self.look()
        super().leave(*given)

    def look(self) -> None:
        """Count the time since the last look, by what was taken in it."""
        now = time.perf_counter()
        if not self.last:
            self.began = self.last = now
        taken = self.limit - self._free
        self.used += (now - self.last) * taken
        self.filled += (now - self.last) * (taken == self.limit)
        self.last = now

    def shares(self) -> dict[str, float]:
        """What it saw."""
        seconds = max(1e-9, self.last - self.began)
        return {"filled": self.filled / seconds, "used": self.used / seconds / self.limit, "seconds": seconds}


def main() -> None:
    """Play in turns, and print what it took as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=600)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--places", type=int, default=32)
    parser.add_argument("--straggles", type=int, default=40)
    parser.add_argument("--latency-ms", type=int, default=50)
    parser.add_argument("--turns", type=int, default=2)
    wanted = parser.parse_args()
    command = [
        sys.executable, "-m", "noria.inference.fake_server", "--port", "0",
        "--latency-ms", str(wanted.latency_ms), "--straggles", str(wanted.straggles),
    ]  # fmt: skip
    found: dict[str, list[dict[str, float]]] = {"waits": [], "flows": []}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = json.loads(server.stdout.readline())["url"]
        try:
            for turn in range(wanted.turns):
                for name in ("waits", "flows") if turn % 2 == 0 else ("flows", "waits"):
                    found[name].append(played(url, wanted, {"behind": 0} if name == "waits" else {}))
        finally:
            server.terminate()
    shown: dict[str, Any] = {
        name: {key: round(median(one[key] for one in runs), 3) for key in runs[0]} for name, runs in found.items()
    }
    pairs = list(zip(found["waits"], found["flows"], strict=True))
    shown["gain"] = {
        "speed": round(median(one["seconds"] / two["seconds"] for one, two in pairs), 3),
        "used": round(median(two["used"] / one["used"] for one, two in pairs), 3),
    }
    print(json.dumps(shown, indent=2))


def played(url: str, wanted: argparse.Namespace, changes: dict[str, int]) -> dict[str, float]:
    """One session of one round, and what its places say."""
    with tempfile.TemporaryDirectory(prefix="noria-bench-") as place:
        config = SessionConfig.model_validate(
            {
                "session": Path(place) / "session",
                "domains": {"arithmetic": (2, 3, 4), "text_ops": (1, 2), "units": (1, 2)},
                "endpoints": {"fake": Endpoint(url=url, model="base")},
                "seats": dict.fromkeys(ROLES, "fake"),
                "play": {
                    "episodes": wanted.episodes, "batch": wanted.batch, "concurrency": wanted.places, "attempts": 2,
                } | changes,
                "judge": {"calibration": 4},
                "verifiers": {"planted": 0},
                "stop": {"rounds": 1},
            }
        )  # fmt: skip
        limiter = Watched(wanted.places)
        means = replace(real(config, lambda name, seconds, line: None), limiter=limiter)
        asyncio.run(run(config, means))
        return limiter.shares()


if __name__ == "__main__":
    main()
