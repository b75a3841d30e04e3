"""What a page that follows a running session costs it, and how far behind it is.

    python bench/following.py [--episodes 600] [--times 3] [--json]

A dry run, which writes as fast as it can, is played alone and followed in turn: followed means
that `noria view` serves its session page, and that a client listens to the page's events and asks
for the page again at each, as a browser does. Told are the processor's time of the viewer as a
share of the run's wall time on one core and on all of them, the run's own wall time beside that of the
run alone, and how long after the last write to the ledger the page that shows it was there. The goals are 2 % and 2 s.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import yaml

from noria.memory.ledger import FILE

GOAL_SHARE, GOAL_SECONDS = 0.02, 2.0


def begun(folder: Path, episodes: int) -> tuple[subprocess.Popen[bytes], Path]:
    """A dry run in a process of its own, and its session."""
    session = folder / "session"
    body = {"session": str(session), "play": {"episodes": episodes, "batch": 150}, "stop": {"rounds": 2}}
    (folder / "noria.yaml").write_text(yaml.safe_dump(body))
    command = [sys.executable, "-m", "noria", "run", "--dry-run", "-c", str(folder / "noria.yaml"), "--json"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), session


def written(session: Path) -> float:
    """When the ledger was last written."""
    return max((path.stat().st_mtime for path in session.glob(f"{FILE}*")), default=0.0)


async def follow(address: str, session: Path, behind: list[float]) -> None:
    """Listen, and ask for the page at each change; seconds from the write to the page."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        await (await client.get(address)).read()
        page = f"{address.split('/?')[0]}/s/{session.name}/"
        async with client.get(f"{page}events", timeout=aiohttp.ClientTimeout(total=None)) as events:
            async for line in events.content:
                if line.startswith(b"event: changed"):
                    at = written(session)
                    await (await client.get(page, headers={"HX-Request": "true"})).read()
                    behind.append(time.time() - at)


def followed(run: subprocess.Popen[bytes], session: Path) -> tuple[float, list[float]]:
    """Processor seconds of the viewer while the run lasts, and how far each page was behind."""
    while not (session / FILE).exists():
        time.sleep(0.05)
    view = subprocess.Popen(
        [sys.executable, "-m", "noria", "view", str(session), "--no-open"], stdout=subprocess.PIPE, text=True
    )
    assert view.stdout is not None
    address = view.stdout.readline().strip()
    started, behind = sum(psutil.Process(view.pid).cpu_times()[:2]), list[float]()

    async def both() -> None:
        listening = asyncio.create_task(follow(address, session, behind))
        await asyncio.to_thread(run.wait)
        listening.cancel()

    asyncio.run(both())
    used = sum(psutil.Process(view.pid).cpu_times()[:2]) - started
    view.terminate()
    view.wait(20)
    return used, behind


def main() -> None:
    """Alone and followed, in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=600)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    alone, beside, shares, behind = list[float](), list[float](), list[float](), list[float]()
    for _ in range(wanted.times):
        for watch in (False, True):
            with tempfile.TemporaryDirectory() as place:
                started = time.perf_counter()
                run, session = begun(Path(place), wanted.episodes)
                used, late = followed(run, session) if watch else (0.0, [])
                run.wait()
                took = time.perf_counter() - started
                (beside if watch else alone).append(took)
                if watch:
                    shares.append(used / took)
                    behind.extend(late)
    cores, one = os.cpu_count() or 1, statistics.median(shares)
    found: dict[str, Any] = {
        "episodes": 2 * wanted.episodes, "alone_seconds": round(statistics.median(alone), 1),
        "followed_seconds": round(statistics.median(beside), 1), "pages": len(behind),
        "share_of_one_core": round(one, 4), "share_of_all_cores": round(one / cores, 4),
        "behind_median_seconds": round(statistics.median(behind), 2), "behind_most_seconds": round(max(behind), 2),
        "goals": {"share_of_all_cores": GOAL_SHARE, "behind_most_seconds": GOAL_SECONDS},
        "reached": one / cores < GOAL_SHARE and max(behind) < GOAL_SECONDS,
    }  # fmt: skip
    print(json.dumps(found) if wanted.json else "\n".join(f"{key:22} {value}" for key, value in found.items()))


if __name__ == "__main__":
    main()
