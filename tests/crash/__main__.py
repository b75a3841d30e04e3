"""Kills a session again and again, and holds it to its promises.

    python -m tests.crash [--kills 1000] [--seconds 600] [--seed 0] [--folder FOLDER]

Every point is died at, the first time it is passed and at a later one, then random points
and random times take turns until so many kills are done (see `harness`). The last lines are
the result as JSON; the status is 1 where anything did not hold, and what failed is left.
"""

import argparse
import json
import math
import shutil
import sys
import tempfile
import time
from pathlib import Path

from noria.failpoints import POINTS
from tests.crash.harness import Harness


def main() -> int:
    """Kill, print what was reached, and say by the status whether all held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no life with a death after so long")
    parser.add_argument("--seed", type=int, default=0)
    shared = Path("/dev/shm")  # a kill asks nothing of the disk, so a RAM disk spares it
    parser.add_argument("--folder", type=Path, default=shared if shared.is_dir() else None)
    wanted = parser.parse_args()
    place, began = Path(tempfile.mkdtemp(prefix="noria-crash-", dir=wanted.folder)), time.monotonic()
    harness = Harness(place, wanted.seed, wanted.kills, wanted.seconds)
    harness.undisturbed()
    harness.run()
    found = {
        "kills": sum(harness.kills.values()),
        "at_random_times": harness.kills["at a random time"],
        "points": len(POINTS),
        "points_died_at": sum(point in harness.kills for point in POINTS),
        "points_not_passed": [point for point in POINTS if not harness.usual[point]],
        "sessions": harness.sessions,
        "calls_in_flight_at_a_kill": harness.lost,
        "wrong": harness.wrong[:20],
        "seconds": round(time.monotonic() - began, 1),
        "undisturbed_seconds": round(harness.seconds, 1),
    }
    print(json.dumps(found, indent=2))
    if not harness.wrong:
        shutil.rmtree(place)
    return 1 if harness.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
