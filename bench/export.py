"""What it costs to write a session out: seconds and memory at 100,000 accepted tasks.

    python bench/export.py [--tasks 100000] [--formats sft preference kto] [--parquet] [--json]

A ledger of that many accepted tasks (each with an answer, a proposal and four attempts, two of them
wrong) is made and exported by a process of its own, as the command does it: chain verified, tasks
grouped, held-out tasks compared with all others, every text screened, the written files read again.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from ledger import acceptance, settle

from noria.config import SessionConfig
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.types import Check, Policy

PART = 5000


def played(folder: Path, count: int) -> None:
    """A session's ledger with so many accepted tasks."""
    ledger = Ledger(folder, write=True)
    history = History(ledger)

    async def fill() -> None:
        config = SessionConfig(session=folder, domains={"arithmetic": (1, 2)})
        await history.keep_fact("config", config.model_dump_json())
        await history.keep_policy(Policy(id="policy-base", name="base", student=True), "base", "student")
        await history.keep_round(1, "ended")
        for start in range(0, count, PART):
            await settle(history, [_one(at) for at in range(start, min(start + PART, count))])

    asyncio.run(fill())
    ledger.close()


def _one(at: int) -> Any:
    episode, samples, turn = acceptance(at)
    failed = Check.of("answer", False, f"expected {2 * at + 7}, found {at}")
    wrong = [
        one.model_copy(update={"response": f"{at}{number}", "checks": (failed,)}) if number > 1 else one
        for number, one in enumerate(episode.attempts)
    ]
    return episode.model_copy(update={"attempts": tuple(wrong)}), samples, turn


def measured(command: list[str]) -> dict[str, Any]:
    """Seconds and most resident megabytes of a command, and what it printed."""
    started, peak = time.monotonic(), 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                peak = max(peak, watched.memory_info().rss)
            except psutil.Error:
                break
            time.sleep(0.05)
        said = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"the export failed with status {process.returncode}")
    return {"seconds": round(time.monotonic() - started, 1), "megabytes": round(peak / 2**20), "said": said}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--formats", nargs="+", default=["sft", "preference", "kto"])
    parser.add_argument("--parquet", action="store_true")
    parser.add_argument("--json", action="store_true")
    own = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-export-") as place:
        session = Path(place) / "session"
        played(session, own.tasks)
        formats = [*own.formats, *(["parquet"] if own.parquet else [])]
        words = [word for one in formats for word in ("--format", one)]
        command = [sys.executable, "-m", "noria", "export", str(session), "--to", str(Path(place) / "data"), *words]
        found = measured(command)
        size = sum(path.stat().st_size for path in (Path(place) / "data").rglob("*") if path.is_file())
    found |= {"tasks": own.tasks, "written_megabytes": round(size / 2**20)}
    if own.json:
        print(json.dumps(found))
        return
    print(found.pop("said"))
    print(", ".join(f"{name} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
