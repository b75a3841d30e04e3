"""Noria itself, as a contestant: a round of a real session against a server, and what it took.

    python bench/peers/with_noria.py --url URL --episodes 1024 [--warm 64] [--flight 64] [--whole] [--players 2]
                                       [--parts]

Nothing is left out: deal, graph, client, ledger with its syncs, neighbour index, checkpoints between batches. An
episode is four calls (generator, solver, adversary, judge: the critic is put aside, the solver answers once), or with
`--whole` what a session plays by default: every seat, four answers. The round's play is clocked, from the moment its
deal is committed to the moment its rows are curated; a small session before it warms the process. What is measured
before a round (verifiers, judge) is no part of an episode and is turned off; nothing is trained. With `--players` the
hands play in so many processes (`executor: ray`), on a Ray that is started before.

Prints one JSON line. `--parts` looks a thousand times a second of processor time at where the main thread is, and adds
the share of each library and room: of the innermost that the stack is in, for what serves everybody (the standard
library) counts for whoever called it. `--functions` prints the functions that it was in, and those that it was
called from.
"""

import argparse
import json
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from noria import __version__, turning
from noria.cli.means import real
from noria.config import SessionConfig
from noria.graphs.opening import Watch
from noria.graphs.run import run
from noria.types import ROLES

LEVELS = {"arithmetic": (2, 3, 4), "text_ops": (1, 2), "units": (1, 2), "constraints": (1, 2)}

LIBRARIES = (
    "openai", "httpx2", "httpcore2", "aiohttp", "httpx_aiohttp", "pydantic", "langgraph", "langchain_core",
    "sqlalchemy", "jinja2", "chromadb", "numpy", "wordllama", "asyncio", "glin_profanity", "phonenumbers", "stdnum",
)  # fmt: skip


def session(
    folder: Path, url: str, episodes: int, flight: int, *, whole: bool = False, players: int = 0
) -> SessionConfig:
    """What is played."""
    chain: dict[str, Any] = {} if whole else {"attempts": 1}
    if players:
        chain["players"] = players
    return SessionConfig.model_validate(
        {
            "session": folder, "executor": "ray" if players else "local",
            "domains": LEVELS, "seats": dict.fromkeys(ROLES, "fake"),
            "endpoints": {"fake": {"url": url, "model": "base"}},
            "play": {"episodes": episodes, "batch": 256, "concurrency": flight, **chain},
            "arm": {} if whole else {"without": ["critic"]},
            "verifiers": {"planted": 0}, "judge": {"calibration": 0}, "guards": False, "stop": {"rounds": 1},
        }
    )  # fmt: skip


def threads() -> dict[str, float]:
    """Processor seconds of each thread that Python knows, by its name or what it runs, without a number."""
    found = Counter[str]()
    for one in threading.enumerate():
        if one.ident is not None:
            name = one.name.partition("(")[2].rstrip(")") or one.name.rstrip("0123456789_-")
            found[name.strip("_")] += time.clock_gettime(time.pthread_getcpuclockid(one.ident))
    return found


def part(filename: str) -> str:
    """The room of Noria or the library that a file belongs to; empty for what serves whoever calls it."""
    places = Path(filename).parts
    if "noria" in places:
        at = len(places) - 1 - places[::-1].index("noria")
        return f"noria/{Path(places[at + 1]).stem}" if at + 1 < len(places) else ""
    return next((name for name in LIBRARIES if name in places), "")


def called(code: CodeType) -> str:
    """A function and where it stands."""
    return f"{code.co_filename.rpartition('site-packages/')[2]}:{code.co_firstlineno} {code.co_name}"


class Looks:
    """Where the main thread was, each time that a millisecond of processor time was spent."""

    EVERY = 0.001

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.parts = Counter[str]()
        self.own = Counter[str]()
        self.under = Counter[str]()
        self._of: dict[str, str] = {}

    def begin(self) -> None:
        """Look from now on."""
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, self.EVERY, self.EVERY)

    def end(self) -> None:
        """Look no longer."""
        signal.setitimer(signal.ITIMER_PROF, 0.0)

    def _look(self, _: int, frame: FrameType | None) -> None:
        named, seen = "", set[str]()
        while frame is not None:
            code = frame.f_code
            if not named:
                if code.co_filename not in self._of:
                    self._of[code.co_filename] = part(code.co_filename)
                if named := self._of[code.co_filename]:
                    self.own[called(code)] += 1
            seen.add(called(code))
            frame = frame.f_back
        self.parts[named or "the rest of Python"] += 1
        self.under.update(seen)

    def shares(self) -> dict[str, float]:
        """Share of each part in all looks."""
        whole = sum(self.parts.values()) or 1
        return {name: round(count / whole, 4) for name, count in self.parts.most_common() if count / whole > 0.005}


@dataclass
class Clock:
    """Starts when the deal is committed, and stops when its episodes are over."""

    looks: Looks | None = None
    began: tuple[float, float] = (0.0, 0.0)
    seconds: float = 0.0
    cpu: float = 0.0
    by_thread: dict[str, float] = field(default_factory=dict)

    def tell(self, event: str, facts: dict[str, Any]) -> None:
        """Hear of the session."""
        if event == "spent" and facts["stage"] == "plan":
            self.by_thread = threads()
            self.began = time.perf_counter(), time.process_time()
            if self.looks:
                self.looks.begin()
        if event == "stage" and facts["stage"] == "curate":
            if self.looks:
                self.looks.end()
            wall, cpu = self.began
            self.seconds, self.cpu = time.perf_counter() - wall, time.process_time() - cpu
            self.by_thread = {name: spent - self.by_thread.get(name, 0.0) for name, spent in threads().items()}


def main() -> None:
    """Play, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--episodes", type=int, default=1024)
    parser.add_argument("--warm", type=int, default=64)
    parser.add_argument("--flight", type=int, default=64)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--players", type=int, default=0)
    parser.add_argument("--parts", action="store_true")
    parser.add_argument("--functions", type=int, default=0, help="Print so many functions to stderr.")
    wanted = parser.parse_args()
    clock = Clock(Looks() if wanted.parts or wanted.functions else None)

    def played(name: str, episodes: int, watch: Watch) -> dict[str, Any]:
        config = asked(Path(place) / name, episodes)
        return turning.run(run(config, real(config, lambda *_: None), watch))

    def asked(folder: Path, episodes: int) -> SessionConfig:
        return session(folder, wanted.url, episodes, wanted.flight, whole=wanted.whole, players=wanted.players)

    with tempfile.TemporaryDirectory(prefix="noria-bench-") as place, ExitStack() as after:
        if wanted.players:  # joined once: the sessions find it
            from noria.cluster.joining import join

            after.callback(join(asked(Path(place), 1)).leave)
        if wanted.warm:
            played("warm", wanted.warm, Watch())
        summary = played("session", wanted.episodes, Watch(tell=clock.tell))
    found: dict[str, Any] = {
        "version": __version__,
        "episodes": summary["funnel"]["dealt"],
        "accepted": summary["funnel"]["accepted"],
        "calls": sum(one["calls"] for one in summary["seats"]),
        "seconds": clock.seconds,
        "cpu": clock.cpu,
        "threads": clock.by_thread,
    }
    if clock.looks:
        found["parts"] = clock.looks.shares()
        whole = max(1, clock.looks.parts.total())
        for counted in (clock.looks.own, clock.looks.under):
            for name, count in counted.most_common(wanted.functions):
                print(f"{count / whole:7.1%}  {name}", file=sys.stderr)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
