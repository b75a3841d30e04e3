"""How fast a program is verified: Noria's sandbox beside EvalPlus's own untrusted check, on the same programs.

    pip install --no-deps evalplus==0.3.1          (a dependency of this file alone)
    python bench/verification.py [--programs 100] [--rounds 5]

Both get the same functions, inputs and expected values, one after the other, on one core; the
two take turns, and each stands in a process of its own that holds nothing else, for what a
check costs depends on what is forked. EvalPlus does not isolate, and runs each program once.
Noria runs a program that passes again under a second hash seed, unless its syntax shows that
no seed can matter to it, as with the programs dealt here. `twice` is what a check of one to
which a seed might matter costs: each program gets a line that makes a set, and `runs` says
how often Noria ran it. Prints checks a second and their ratio, as the median over the
rounds, for every tier that works.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

GOAL = 2.0


def programs(count: int) -> list[dict[str, Any]]:
    """Functions as the domain `code` deals them, with the cases it checks."""
    from noria.evaluators import steps
    from noria.evaluators.registry import domain

    kind, rng = domain("code"), random.Random(0)
    found = []
    for number in range(count):
        point: Any = kind.sample(kind.levels[number % len(kind.levels)], rng)
        found.append({"source": steps.source(point.steps), "cases": kind.ground(point).facts["cases"]})
    return found


def by_noria(tier: str, runs: int) -> Callable[[dict[str, Any]], bool]:
    """Noria's check in a tier, of programs that are run once, or of those that are run twice."""
    from noria.evaluators import executed
    from noria.evaluators.sandbox.runner import Sandbox
    from noria.evaluators.sandbox.tiers import find

    line = {1: "", 2: "\n_ = {0}\n"}[runs]
    sandbox = Sandbox(find(tier), workers=1)  # type: ignore[arg-type]
    loop = asyncio.new_event_loop()

    def check(one: dict[str, Any]) -> bool:
        cases = [executed.Case((value,), expected) for value, expected in one["cases"]]
        found = loop.run_until_complete(executed.check_cases(sandbox, one["source"] + line, "f", cases))
        assert ("2 hash seeds" in found.evidence) == (runs == 2), "a program is not run as often as supposed"
        return found.passed

    return check


def by_evalplus() -> Callable[[dict[str, Any]], bool]:
    """EvalPlus's check."""
    from evalplus.eval import PASS, untrusted_check

    def check(one: dict[str, Any]) -> bool:
        inputs, expected = [[value] for value, _ in one["cases"]], [value for _, value in one["cases"]]
        verdict, _ = untrusted_check("humaneval", one["source"], inputs, "f", expected, 0, [0.01] * len(inputs))
        return bool(verdict == PASS)

    return check


def serve(who: str, count: int) -> None:
    """Check all programs each time a line comes; print the seconds it took."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    made = json.loads(sys.stdin.readline())[:count]
    check = by_evalplus() if who == "evalplus" else by_noria(who.split()[0], int(who.split()[1]))
    assert all(check(one) for one in made), f"{who} refuses a right program"
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        for one in made:
            check(one)
        print(time.perf_counter() - started, flush=True)


def main() -> None:
    """Let everyone take turns, and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--as", dest="who", default="")
    wanted = parser.parse_args()
    if wanted.who:
        serve(wanted.who, wanted.programs)
        return
    from noria.evaluators.sandbox.tiers import STRENGTH, find

    working = [tier for tier in STRENGTH if find(tier).level]
    players = ["evalplus", *(f"{tier} {runs}" for tier in working for runs in (1, 2))]
    made = json.dumps(programs(wanted.programs))
    line = [sys.executable, str(Path(__file__).resolve()), "--programs", str(wanted.programs), "--as"]
    processes = {
        who: subprocess.Popen([*line, who], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for who in players
    }

    def ask(who: str, said: str) -> str:
        pipe = processes[who]
        assert pipe.stdin is not None
        assert pipe.stdout is not None
        pipe.stdin.write(said + "\n")
        pipe.stdin.flush()
        return pipe.stdout.readline()

    for who in players:
        assert ask(who, made).strip() == "ready", f"{who} does not start"
    rates: dict[str, list[float]] = {who: [] for who in players}
    for number in range(wanted.rounds):
        for who in players if number % 2 == 0 else reversed(players):
            rates[who].append(wanted.programs / float(ask(who, "again")))
    for process in processes.values():
        process.communicate()
    peer = statistics.median(rates["evalplus"])
    found: dict[str, Any] = {"programs": wanted.programs, "evalplus": {"runs": 1, "checks_per_second": round(peer, 1)}}
    for tier in working:
        for runs, name in ((1, f"{tier}: {find(tier).level}"), (2, f"{tier}, twice")):
            rate = statistics.median(rates[f"{tier} {runs}"])
            found[name] = {"runs": runs, "checks_per_second": round(rate, 1), "ratio": round(rate / peer, 2)}
    default = found[f"{working[-1]}: {find(working[-1]).level}"]
    print(json.dumps({**found, "goal": GOAL, "reached": default["ratio"] >= GOAL}, indent=2))


if __name__ == "__main__":
    main()
