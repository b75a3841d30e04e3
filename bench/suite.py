"""All benches of the page of results, in their short forms, and the page they write.

    python bench/suite.py [SCRIPT…] [--page FILE] [--keep FOLDER]

Each bench runs as a process of its own, one after another, for they measure: nothing else should run beside them. A
bench that breaks or takes too long leaves a row that says so, and the others go on. Of benches that are not named, the
rows that FOLDER keeps from before stay on the page. Status 0: every bench ran, whether its limits are met or not, which
the page and the last lines say; 1: one broke.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from results import written
from rows import Row, read, row

HERE = Path(__file__).parent

BENCHES = (
    "whole.py", "orchestration.py", "processor.py", "ledger.py", "novelty.py", "serving.py", "training.py",
    "executors.py", "routing.py", "thousand_episodes.py",
)  # fmt: skip
"""In the order of the demands."""

PAGE = HERE.parent / "docs" / "results" / "performance.md"

PATIENCE = 2400.0
"""Seconds a bench may take."""


def ran(script: Path, found: Path) -> tuple[list[Row], str]:
    """The rows of a bench; a sentence where it broke.

    A bench whose limit is missed ends with status 1 after it wrote its rows; that is a finding and no breakage.
    """
    command = [sys.executable, str(script), "--short", "--json", str(found)]
    try:
        done = subprocess.run(command, stdout=sys.stderr, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return [], f"it was still running after {PATIENCE:.0f} s"
    sys.stderr.write(done.stderr)
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    why = f"it ended with status {done.returncode}: {said[-1][:200] if said else 'it said nothing'}"
    try:
        rows = read(found)
    except FileNotFoundError:
        return [], why
    except ValueError as fault:
        return [], f"what it wrote cannot be read: {str(fault).splitlines()[0]}"
    return rows, "" if done.returncode in (0, 1) else why


def every(scripts: Iterable[Path], folder: Path) -> tuple[list[Row], int]:
    """The rows of all benches, and how many broke."""
    rows, broken = list[Row](), 0
    for script in scripts:
        started = time.monotonic()
        found, why = ran(script, folder / f"{script.stem}.json")
        took = time.monotonic() - started
        print(f"{script.name}: {why or f'{len(found)} rows'}, {took:.0f} s", file=sys.stderr, flush=True)
        rows += found
        if why:
            broken += 1
            rows.append(row(f"bench/{script.name}", f"python bench/{script.name}", [], note=f"it broke: {why}"))
    return rows, broken


def summed(rows: Sequence[Row]) -> str:
    """How it went, in a few lines."""
    missed = [one for one in rows if one.met is False]
    unknown = [one for one in rows if one.ratio is None]
    lines = [f"{sum(one.met is True for one in rows)} limits are met, {len(missed)} are missed"]
    lines += [f"missed: {one.what}{f' over {one.peer}' if one.peer else ''}: {one.ratio:.3g}" for one in missed]
    lines += [f"not measured: {one.what}{f' over {one.peer}' if one.peer else ''}: {one.note}" for one in unknown]
    return "\n".join(lines)


def main() -> None:
    """Run them, write the page, and fail where one broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scripts", nargs="*", type=Path, help="Benches to run; none named: all of the page.")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--keep", type=Path, help="The folder of each bench's rows.")
    wanted = parser.parse_args()
    scripts = [one if one.exists() else HERE / one.name for one in wanted.scripts or map(Path, BENCHES)]
    with tempfile.TemporaryDirectory(prefix="noria-bench-") as place:
        folder = wanted.keep or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        for script in scripts:  # a row of an earlier run must not stand for one that broke
            (folder / f"{script.stem}.json").unlink(missing_ok=True)
        rows, broken = every(scripts, folder)
        named = {script.stem for script in scripts}
        rows += [one for kept in sorted(folder.glob("*.json")) if kept.stem not in named for one in read(kept)]
    wanted.page.write_text(written(rows), encoding="utf-8")
    print(f"{wanted.page.name} is written.\n{summed(rows)}")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
