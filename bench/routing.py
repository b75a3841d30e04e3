"""What it costs to choose a server for a call, with ten of them and with a thousand.

    python bench/routing.py [--replicas 1000] [--calls 40000] [--rounds 5]

The servers are virtual and so is the time: an event loop whose clock jumps to the next thing that
happens, so that a thousand servers with eight calls each in flight are played in seconds. The code is
the real one, all of it: the limiter's line, the routing, the windows, the ejection and the tries, as
`OpenAIClient` uses them; only what stands for the HTTP call is a sleep. Latencies are drawn as those of a
small model's short answers lie (log-normal, median 2.4 s, a tenth of them above 5.5 s); one call in 500 fails
and is tried on another server, and a server of every ten is ejected midway and comes back.

    routing    processor time a call of choosing a server, counting it in and out, and moving its window
    all of it  the same with the line, the deadline and the tries, less what the loop itself takes for
               as many calls that only sleep

Each is measured with few servers and with many in turn, in one run; the medians and their ratio are printed.
The goal is a ratio of at most 2, for a hundred times as many servers.
"""

import argparse
import asyncio
import gc
import json
import selectors
import statistics
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any

from noria.inference.congestion import Congestion
from noria.inference.limiter import Limiter
from noria.inference.replicas import Replica, Replicas
from noria.inference.trying import Trying
from noria.types import Usage

FEW, EACH, LINE, GOAL = 10, 8, 1.25, 2.0
"""Servers to compare with, calls in flight on each, callers for each place, and the ratio that is allowed."""

MEDIAN, SPREAD, FAILS, PROMPT, ANSWER = 2.4, 0.65, 1 / 500, 300, 60


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
    """What stands for a completion."""

    usage: Usage


def latencies(many: int) -> list[float]:
    """Seconds of each call, the same in every run."""
    rng = Random(8)
    return [MEDIAN * rng.lognormvariate(0.0, SPREAD) for _ in range(many)]


def servers(many: int, bound: int) -> list[Replica]:
    """Virtual servers."""
    return [Replica(f"http://{at}/v1", "", Congestion(bound)) for at in range(many)]


async def played(many: int, waits: list[float]) -> None:
    """Every call through the real code."""
    bound = many * EACH
    group = Replicas(servers(many, bound))
    trying, rng, rest = Trying(group, Limiter(bound), 300.0), Random(9), iter(waits)
    answer = Answered(Usage(prompt_tokens=PROMPT, completion_tokens=ANSWER))

    async def call(replica: Replica, started: float) -> Answered:
        await asyncio.sleep(next(rest, MEDIAN))
        if rng.random() < FAILS:
            raise ConnectionResetError("the connection was reset")
        return answer

    async def caller(calls: int) -> None:
        for _ in range(calls):
            await trying.answer("a virtual answer", "base", call)

    async def weather() -> None:
        for one in group.all[::10]:
            await asyncio.sleep(0.01)
            group.eject(one, "the bench says so")
        await asyncio.sleep(5.0)
        for one in group.all[::10]:
            group.admit(one)

    callers = int(bound * LINE)
    await asyncio.gather(weather(), *(caller(len(waits) // callers) for _ in range(callers)))
    assert all(one.in_flight == 0 for one in group.all)


async def bare(many: int, waits: list[float]) -> None:
    """As many calls that only sleep, as many at once."""
    places, rest = asyncio.Semaphore(many * EACH), iter(waits)

    async def caller(calls: int) -> None:
        for _ in range(calls):
            async with places:
                await asyncio.sleep(next(rest))

    callers = int(many * EACH * LINE)
    await asyncio.gather(*(caller(len(waits) // callers) for _ in range(callers)))


def took(work: Coroutine[Any, Any, None]) -> float:
    """Processor seconds of some work in virtual time."""
    gc.collect()
    with asyncio.Runner(loop_factory=Virtual) as runner:
        started = time.process_time()
        runner.run(work)
        return time.process_time() - started


def routed(many: int, waits: list[float]) -> float:
    """Processor seconds of the choice alone, with as many in flight as places."""
    group, rng = Replicas(servers(many, many * EACH)), Random(7)
    out = [one for _ in range(many * EACH) if (one := group.choose()) is not None]
    ends = [rng.randrange(len(out)) for _ in waits]
    gc.collect()
    started = time.process_time()
    for seconds, at in zip(waits, ends, strict=True):
        one = out[at]
        epoch = one.congestion.began(one.in_flight)
        one.congestion.ended(epoch, seconds, ANSWER)
        group.back(one)
        chosen = group.choose()
        assert chosen is not None
        out[at] = chosen
    return time.process_time() - started


def main() -> None:
    """Measure, and print it as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicas", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args()
    calls = max(wanted.calls, int(wanted.replicas * EACH * LINE))
    waits = latencies(calls)
    found: dict[str, dict[int, list[float]]] = {"routing": {}, "all_of_it": {}}
    for _ in range(wanted.rounds):
        for many in (FEW, wanted.replicas):
            found["routing"].setdefault(many, []).append(routed(many, waits) / calls)
            over = took(played(many, waits)) - took(bare(many, waits))
            found["all_of_it"].setdefault(many, []).append(over / calls)
    said: dict[str, Any] = {"replicas": [FEW, wanted.replicas], "calls": calls, "in_flight": wanted.replicas * EACH}
    for name, each in found.items():
        few, many = (statistics.median(each[count]) for count in (FEW, wanted.replicas))
        ratios = [b / a for a, b in zip(each[FEW], each[wanted.replicas], strict=True)]
        said[name] = {
            "microseconds_a_call": [round(few * 1e6, 1), round(many * 1e6, 1)],
            "ratio": round(many / few, 2),
            "spread": [round(min(ratios), 2), round(max(ratios), 2)],
        }
    said |= {"goal": GOAL, "reached": all(said[name]["ratio"] <= GOAL for name in found)}
    print(json.dumps(said, indent=2))


if __name__ == "__main__":
    main()
