"""What it costs to choose a server for a call, with ten of them, a hundred and a thousand.

    python bench/routing.py [--replicas 10,100,1000] [--rounds 5] [--short] [--json FILE]

The servers are virtual and so is the time: an event loop whose clock jumps to the next thing that
happens, so that a thousand servers with eight calls each in flight are played in a minute. The code is
the real one, all of it: the limiter's line, the routing, the windows, the ejection and the tries, as
`OpenAIClient` uses them; only what stands for the HTTP call is a sleep. Who calls are episodes of a real session
(`latencies.json`): each makes the calls that its model was once asked, one after another, of the tokens and the seconds
that they had. One call in 500 fails and is tried on another server, and a server of every ten is ejected
midway and comes back.

    routing    processor time an episode of choosing a server for each of its calls, counting it in and out, and
               moving its window
    all of it  the same with the line, the deadline and the tries, less what the loop itself takes for
               as many episodes whose calls only sleep

Each is measured with few servers and with many in turn, in one run, on the same number of episodes; the medians and
their ratio to the fewest are printed. The goal is a ratio of at most 2, for a hundred times as many servers.
"""

import argparse
import asyncio
import gc
import json
import selectors
import statistics
import sys
import time
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any

from rows import Row, asked, row, write

from noria.inference.congestion import Congestion
from noria.inference.limiter import Limiter
from noria.inference.replicas import Replica, Replicas
from noria.inference.trying import Trying
from noria.types import Usage

EACH, LINE, GOAL = 8, 1.25, 2.0
"""Calls in flight on each server, callers for each place, and the ratio that is allowed."""

FAILS = 1 / 500

RECORDED = Path(__file__).with_name("latencies.json")


class Instant(selectors.DefaultSelector):
    """Waits for nothing: its clock jumps to where the wait would have ended."""

    def __init__(self) -> None:
        """At second 0."""
        super().__init__()
        self.clock = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Nothing ever comes from outside."""
        if timeout is None:
            raise RuntimeError("nothing is left to happen, and somebody waits")
        self.clock += max(0.0, timeout)
        return []


class Virtual(asyncio.SelectorEventLoop):
    """An event loop in virtual time."""

    def __init__(self) -> None:
        """At second 0."""
        self.instant = Instant()
        super().__init__(self.instant)

    def time(self) -> float:
        """Virtual seconds."""
        return self.instant.clock


@dataclass(frozen=True)
class Answered:
    """What stands for a completion, with what it took."""

    usage: Usage
    choices: int
    seconds: float

    @property
    def work(self) -> float:
        """Tokens of one of its replies."""
        return max(1.0, self.usage.completion_tokens / self.choices)


Episode = list[Answered]


def recorded(many: int) -> list[Episode]:
    """So many episodes, the recorded ones in turn, each call somewhat faster or slower than it was."""
    rng = Random(8)
    told = json.loads(RECORDED.read_text(encoding="utf-8"))["episodes"]
    return [
        [
            Answered(Usage(prompt_tokens=prompt, completion_tokens=said), replies, seconds * rng.uniform(0.9, 1.1))
            for _, prompt, said, replies, seconds in one
        ]
        for one in islice(cycle(told), many)
    ]


def servers(many: int, bound: int) -> list[Replica]:
    """Virtual servers."""
    return [Replica(f"http://{at}/v1", "", Congestion(bound)) for at in range(many)]


def callers(many: int) -> int:
    """Episodes that are played at once on so many servers."""
    return int(many * EACH * LINE)


async def played(many: int, episodes: Iterable[Episode]) -> None:
    """Every call through the real code."""
    bound = many * EACH
    group = Replicas(servers(many, bound))
    trying, rng, left = Trying(group, Limiter(bound), 300.0), Random(9), iter(episodes)

    async def asked_of(answer: Answered) -> None:
        async def call(replica: Replica, started: float) -> Answered:
            await asyncio.sleep(answer.seconds)
            if rng.random() < FAILS:
                raise ConnectionResetError("the connection was reset")
            return answer

        await trying.answer("a virtual answer", "base", call, answer.choices)

    async def caller() -> None:
        for episode in left:
            for answer in episode:
                await asked_of(answer)

    async def weather() -> None:
        for one in group.all[::10]:
            await asyncio.sleep(0.01)
            group.eject(one, "the bench says so")
        await asyncio.sleep(5.0)
        for one in group.all[::10]:
            group.admit(one)

    await asyncio.gather(weather(), *(caller() for _ in range(callers(many))))
    assert all(one.in_flight == 0 for one in group.all)


async def bare(many: int, episodes: Iterable[Episode]) -> None:
    """As many episodes whose calls only sleep, as many at once."""
    places, left = asyncio.Semaphore(many * EACH), iter(episodes)

    async def caller() -> None:
        for episode in left:
            for answer in episode:
                async with places:
                    await asyncio.sleep(answer.seconds)

    await asyncio.gather(*(caller() for _ in range(callers(many))))


def took(work: Coroutine[Any, Any, None]) -> float:
    """Processor seconds of some work in virtual time."""
    gc.collect()
    with asyncio.Runner(loop_factory=Virtual) as runner:
        started = time.process_time()
        runner.run(work)
        return time.process_time() - started


def routed(many: int, episodes: Iterable[Episode]) -> float:
    """Processor seconds of the choice alone, with as many in flight as places."""
    group, rng = Replicas(servers(many, many * EACH)), Random(7)
    out = [one for _ in range(many * EACH) if (one := group.choose()) is not None]
    answers: Iterator[Answered] = (answer for episode in episodes for answer in episode)
    pairs = [(answer, rng.randrange(len(out))) for answer in answers]
    gc.collect()
    started = time.process_time()
    for answer, at in pairs:
        one = out[at]
        epoch = one.congestion.began(one.in_flight)
        one.congestion.ended(epoch, answer.seconds, answer.work)
        group.back(one)
        chosen = group.choose()
        assert chosen is not None
        out[at] = chosen
    return time.process_time() - started


def main() -> None:
    """Measure, and print it as one JSON object."""
    parser = asked(argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
    parser.add_argument("--replicas", default="10,100,1000", help="Numbers of servers, the fewest first.")
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args()
    sizes, rounds = [int(one) for one in wanted.replicas.split(",")], 3 if wanted.short else wanted.rounds
    count = callers(sizes[-1])
    episodes = recorded(count)
    found: dict[str, dict[int, list[float]]] = {"routing": {}, "all of it": {}}
    for turn in range(rounds):
        for many in sizes[:: 1 if turn % 2 else -1]:
            found["routing"].setdefault(many, []).append(routed(many, episodes) / count)
            over = took(played(many, episodes)) - took(bare(many, episodes))
            found["all of it"].setdefault(many, []).append(over / count)
    few, rows = sizes[0], list[Row]()
    said: dict[str, Any] = {
        "replicas": sizes, "episodes": count, "calls": sum(map(len, episodes)), "in_flight": sizes[-1] * EACH,
    }  # fmt: skip
    for name, each in found.items():
        said[name] = {"microseconds_an_episode": [round(statistics.median(each[many]) * 1e6, 1) for many in sizes]}
        for many in sizes[1:]:
            ratios = [b / a for a, b in zip(each[few], each[many], strict=True)]
            at_hand = " and ".join(f"{statistics.median(each[one]) * 1e6:.0f}" for one in (few, many))
            rows.append(
                row(
                    f"scheduling an episode on {many} replicas over {few}, {name}", "python bench/routing.py", ratios,
                    peer=f"itself with {few} replicas", limit=GOAL, at_least=False,
                    note=f"virtual time, recorded calls, {many * EACH} in flight; {at_hand} microseconds of processor "
                    "time an episode",
                )
            )  # fmt: skip
            said[name][f"{many} over {few}"] = [round(one, 2) for one in sorted(ratios)]
    said |= {"goal": GOAL, "reached": all(one.met for one in rows)}
    print(json.dumps(said, indent=2))
    write(wanted.json, rows)
    sys.exit(not said["reached"])


if __name__ == "__main__":
    main()
