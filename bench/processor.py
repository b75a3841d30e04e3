"""Processor time of Noria itself per episode, and where it goes.

    python bench/processor.py [--rounds 5] [--episodes 1024] [--short] [--json FILE]

A round of a real session against a fake server that answers at once (`peers/with_noria.py`); what is counted is the
processor time of Noria's process, all its threads, while the round plays. Two kinds of episode: four calls
(generator, solver, adversary, judge; counted by calls, for one that is refused early makes fewer), and what a session
plays by default (every seat, four answers, further drafts and comparisons where they come to that; counted by
episodes dealt).

A millisecond is another one on another machine: so the first kind is also told over what four calls take where nothing
is done but to make them, by LangGraph and by a bare client, in turn with it.

Where it goes: one more round is looked at a thousand times a second of processor time, which gives the share of each
library and room in the main thread; threads are counted by their own clocks.
"""

import argparse
import statistics
import sys
from typing import Any

from contest import Unplayed, played, served
from rows import Row, asked, row, write

COMMAND = "python bench/processor.py"
CALLS, LIMIT = 4, 10.0

BARE: dict[str, tuple[str, tuple[str, ...]]] = {
    "a bare LangGraph whose nodes only call": ("with_langgraph.py", ("--nodes", "calls")),
    "a bare asyncio and aiohttp client": ("with_aiohttp.py", ()),
}
"""Who makes the same calls and does nothing else."""


def each(run: dict[str, Any], *, whole: bool) -> float:
    """Milliseconds of processor time of an episode."""
    return 1000 * float(run["cpu"]) / (run["episodes"] if whole else run["calls"] / CALLS)


def parts(run: dict[str, Any], looked: dict[str, Any], milliseconds: float) -> dict[str, float]:
    """Milliseconds of an episode by part: the main thread's by library and room, then the other threads'."""
    threads: dict[str, float] = run["threads"]
    main, every = threads.get("MainThread", 0.0), float(run["cpu"])
    found = {name: share * milliseconds * main / every for name, share in looked["parts"].items()}
    others = {name: spent for name, spent in threads.items() if name != "MainThread"}
    found |= {f"thread {name}": spent / every * milliseconds for name, spent in others.items()}
    found["threads of libraries"] = (every - sum(threads.values())) / every * milliseconds
    return {name: round(one, 2) for name, one in sorted(found.items(), key=lambda it: -it[1]) if one >= 0.05}


def measured(rounds: int, episodes: int, *, whole: bool) -> Row:
    """The row of one kind of episode."""
    kind = ("--whole",) if whole else ()
    with served(0.0) as server:
        runs = [played("with_noria.py", server, "--episodes", episodes, *kind) for _ in range(rounds)]
        looked = played("with_noria.py", server, "--episodes", max(64, episodes // 2), "--parts", *kind)
    found = [each(run, whole=whole) for run in runs]
    middle = sorted(range(rounds), key=lambda at: found[at])[rounds // 2]
    called = sum(run["calls"] for run in runs) / sum(run["episodes"] for run in runs)
    what = "every seat, four answers" if whole else f"{CALLS} calls"
    return row(
        f"processor time of an episode, {what}", COMMAND, found, demand=3, unit="ms", limit=LIMIT, at_least=False,
        note=f"all threads of the process; {called:.1f} calls an episode dealt, refused ones among them",
        parts=parts(runs[middle], looked, found[middle]),
    )  # fmt: skip


def bare(rounds: int, episodes: int) -> list[Row]:
    """What the same calls take on this machine where nothing is done but to make them, each in turn with Noria."""
    found: dict[str, list[float]] = {name: [] for name in ("noria", *BARE)}
    with served(0.0) as server:
        for _ in range(rounds):
            found["noria"].append(each(played("with_noria.py", server, "--episodes", episodes), whole=False))
            for name, (script, words) in BARE.items():
                found[name].append(each(played(script, server, "--episodes", episodes, *words), whole=False))
    return [
        row(
            f"processor time of an episode, {CALLS} calls", COMMAND,
            [own / least for own, least in zip(found["noria"], found[name], strict=True)], demand=3, peer=name,
            note=f"its {CALLS} calls took {statistics.median(found[name]):.1f} ms: a measure of the machine",
        )
        for name in BARE
    ]  # fmt: skip


def main() -> None:
    """Measure, print, and fail above the limit."""
    parser = asked(argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--episodes", type=int, default=1024)
    wanted = parser.parse_args()
    rounds, episodes = (3, 512) if wanted.short else (wanted.rounds, wanted.episodes)
    try:
        rows = [measured(rounds, episodes, whole=whole) for whole in (False, True)]
        told = bare(rounds, episodes)
    except Unplayed as fault:
        raise SystemExit(str(fault)) from fault
    for one in rows:
        print(f"{one.what}: {one.ratio:.1f} ms ({one.low:.1f} to {one.high:.1f}), at most {one.limit}")
        for name, spent in one.parts.items():
            print(f"  {name:<28} {spent:6.2f} ms")
    for one in told:
        print(f"{one.what}: {one.ratio:.1f} times that of {one.peer}; {one.note}")
    write(wanted.json, [*rows, *told])
    sys.exit(any(one.met is False for one in rows))


if __name__ == "__main__":
    main()
