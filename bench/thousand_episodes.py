"""How fast the whole graph is when models cost nothing: 1,000 episodes against the fake server at 0 ms.

    python bench/thousand_episodes.py [--episodes 1000] [--attempts 4] [--short] [--json FILE]

The server is a process of its own that speaks real HTTP; every call goes through the client,
the limiter, the ledger with its fsync and the neighbour index. Prints seconds, episodes and
calls a second, and the peak resident memory of Noria's process (the server's is not Noria's).
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rows import Row, asked, write

from noria import turning
from noria.cli.means import real
from noria.config import Endpoint, SessionConfig
from noria.graphs.run import run
from noria.types import ROLES

GOAL_SECONDS, GOAL_MEGABYTES = 60, 600


def main() -> None:
    """Play, and print what it took as one JSON object."""
    parser = asked(argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--attempts", type=int, default=4)
    wanted = parser.parse_args()  # its short form is what it is
    command = [sys.executable, "-m", "noria.inference.fake_server", "--port", "0", "--latency-ms", "0"]
    with (
        tempfile.TemporaryDirectory(prefix="noria-bench-") as place,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        url = json.loads(server.stdout.readline())["url"]
        levels = {"arithmetic": (2, 3, 4), "text_ops": (1, 2), "units": (1, 2), "constraints": (1, 2)}
        config = SessionConfig.model_validate(
            {
                "session": Path(place) / "session",
                "domains": levels,
                "endpoints": {"fake": Endpoint(url=url, model="base")},
                "seats": dict.fromkeys(ROLES, "fake"),
                "play": {"episodes": wanted.episodes, "attempts": wanted.attempts, "batch": 250},
                "stop": {"rounds": 1},
            }
        )
        started = time.perf_counter()
        summary = turning.run(run(config, real(config, lambda name, seconds, line: None)))
        seconds = time.perf_counter() - started
        server.terminate()
    calls = sum(one["calls"] for one in summary["seats"])
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    found = {
        "episodes": summary["funnel"]["dealt"],
        "accepted": summary["funnel"]["accepted"],
        "calls": calls,
        "seconds": round(seconds, 1),
        "episodes_per_second": round(wanted.episodes / seconds, 1),
        "calls_per_second": round(calls / seconds, 1),
        "peak_megabytes": round(megabytes),
        "goal": {"seconds": GOAL_SECONDS, "megabytes": GOAL_MEGABYTES},
        "reached": seconds < GOAL_SECONDS and megabytes < GOAL_MEGABYTES,
    }
    print(json.dumps(found, indent=2))
    what, command = (
        f"{wanted.episodes:,} episodes of every seat, models costing nothing",
        "python bench/thousand_episodes.py",
    )
    note = f"{found['episodes_per_second']} episodes and {found['calls_per_second']} calls a second; one run"
    limits = {"at_least": False, "note": note}
    write(
        wanted.json,
        [
            Row(what=what, command=command, ratio=round(seconds, 1), unit="s", limit=GOAL_SECONDS, **limits),
            Row(
                what=f"most memory that took, {what}", command=command, ratio=round(megabytes), unit="MB",
                limit=GOAL_MEGABYTES, **limits,
            ),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
