"""How busy the whole graph keeps a model server: its tokens a second over those of the server driven bare.

    python bench/whole.py [--short] [--fake] [--episodes 256] [--at-once 32] [--runs 3]

    session ─► every role, checks, novelty, durable ledger ─► tokens a second while it plays ─┐
        └─► its prompts and the lengths of its answers, from the ledger                       ├─► one over the other
                   └─► the same server, asked by nothing but aiohttp ─► tokens a second ──────┘

One server is started and both are measured on it in turn, each run with a session of its own seed and the replay of
just that session, with as many calls in flight. The replay asks for as many tokens as were written, whatever is said,
and for no JSON schema; each leg begins with an empty prefix cache (VLLM_SERVER_DEV_MODE lets it be emptied), so
neither is helped by the other. The server is the installed vLLM on the default student; with `--fake` it is the fake
one, which works on half as many calls at a time as there are in flight, and takes its time for every token. The
judge's calibration is left out, for it is asked once a round and not by an episode. `play` is the ratio that GOAL is
for; `run` also counts opening the session, its plan and its end. Ratios are medians over the runs, with the lowest
and the highest.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from rows import asked, row, write
from sqlalchemy import select

from noria import turning
from noria.cli.means import real
from noria.config import SessionConfig
from noria.graphs.run import run
from noria.inference.fake_vllm import command
from noria.inference.tuned import version
from noria.inference.vllm_server import Launch, VllmServer, on_cpu
from noria.memory import tables
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.training.models import resolve
from noria.types import ROLES, Turn

GOAL = 0.95

LEVELS = {"arithmetic": (2, 3, 4), "text_ops": (1, 2), "units": (1, 2), "constraints": (1, 2)}

SHORT = 64
"""Episodes of the short form: of fewer, the end is most, where the chains of the last hands run out."""

KEY = "NORIA_BENCH_KEY"
"""The variable that the session finds the server's key in."""

PATIENCE = 600.0


@dataclass(frozen=True)
class Leg:
    """One way of driving the server, once."""

    tokens: int
    seconds: float

    @property
    def rate(self) -> float:
        """Completion tokens a second."""
        return self.tokens / self.seconds


async def emptied(server: VllmServer) -> bool:
    """Empty the server's prefix cache; whether it could be."""
    url = server.url.removesuffix("/v1") + "/reset_prefix_cache"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, headers={"Authorization": f"Bearer {server.key}"}) as reply,
    ):
        return reply.status == 200


async def played(
    server: VllmServer, folder: Path, seed: int, wanted: argparse.Namespace
) -> tuple[Leg, Leg, list[Turn]]:
    """A session: what it did while it played, what it did in all, and its calls in the order they began."""
    config = SessionConfig.model_validate(
        {
            "session": folder,
            "random": seed,
            "domains": LEVELS,
            "endpoints": {"bench": {"url": server.url, "model": server.launch.name, "key_env": KEY}},
            "seats": dict.fromkeys(ROLES, "bench"),
            "play": {
                "episodes": wanted.episodes, "batch": min(256, wanted.episodes), "attempts": wanted.attempts,
                "concurrency": wanted.at_once,
            },
            "judge": {"calibration": 0},
            "stop": {"rounds": 1},
        }
    )  # fmt: skip
    started = time.perf_counter()
    await run(config, real(config, lambda name, seconds, line: None))
    seconds = time.perf_counter() - started
    ledger = Ledger(folder)
    try:
        history = History(ledger)
        play, tokens = history.round(1)["stages"]["play"], history.tokens()[1]
        rows = ledger.rows(select(tables.turns.c.body).order_by(tables.turns.c.started))
        turns = [Turn.model_validate_json(row.body) for row in rows]
    finally:
        ledger.close()
    return Leg(play["completion_tokens"], play["seconds"]), Leg(tokens, seconds), [one for one in turns if one.replies]


def in_flight(turns: list[Turn], parts: int = 12) -> list[float]:
    """Calls that were begun and not answered, on the mean of each of so many equal parts of the play.

    At its end the chains of the last hands run out: a short session is much of that, and the replay has none of it.
    """
    spans = [(one.started, one.started + one.seconds) for one in turns]
    first, last = min(began for began, _ in spans), max(ended for _, ended in spans)
    part = (last - first) / parts
    return [
        round(sum(max(0.0, min(ended, at + part) - max(began, at)) for began, ended in spans) / part, 1)
        for at in (first + number * part for number in range(parts))
    ]


async def replayed(server: VllmServer, turns: list[Turn], at_once: int) -> Leg:
    """The same calls in the same order, by nothing but aiohttp."""
    made, left = 0, iter(turns)

    async def caller(session: aiohttp.ClientSession) -> None:
        nonlocal made
        for turn in left:
            many = len(turn.replies)
            length = max(1, round(turn.usage.completion_tokens / many))
            body = {
                "model": server.launch.name, "messages": [one.model_dump() for one in turn.messages], "n": many,
                "max_tokens": length, "min_tokens": length, "ignore_eos": True, "temperature": 0.9,
            }  # fmt: skip
            async with session.post(f"{server.url}/chat/completions", json=body) as reply:
                said = await reply.json()
                if reply.status != 200:
                    raise SystemExit(f"the server refuses a recorded call: {said}")
            made += said["usage"]["completion_tokens"]

    headers, limit = {"Authorization": f"Bearer {server.key}"}, aiohttp.TCPConnector(limit=at_once)
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(headers=headers, connector=limit, timeout=timeout) as session:
        started = time.perf_counter()
        await asyncio.gather(*(caller(session) for _ in range(at_once)))
        return Leg(made, time.perf_counter() - started)


async def measured(wanted: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Every run, and what follows."""
    like = command("--token-ms", str(wanted.token_ms), "--at-once", str(max(1, wanted.at_once // 2)))
    launch = Launch(
        "base", str(place) if wanted.fake else str(resolve("default")),
        wanted.dtype or ("float32" if on_cpu() else "auto"), 1024, 0.5,
        environment={"VLLM_SERVER_DEV_MODE": "1"}, command=like if wanted.fake else (),
    )  # fmt: skip
    server = VllmServer(launch, place / "servers")
    await server.start(lambda seconds, line: None)
    os.environ[KEY] = server.key
    runs: list[dict[str, Any]] = []
    try:
        for number in range(wanted.runs):
            empty = await emptied(server)
            play, whole, turns = await played(server, place / f"session-{number}", number, wanted)
            await emptied(server)
            bare = await replayed(server, turns, wanted.at_once)
            runs.append(
                {
                    "play": play.rate / bare.rate, "run": whole.rate / bare.rate, "calls": len(turns),
                    "tokens": [play.tokens, bare.tokens], "seconds": [play.seconds, round(bare.seconds, 2)],
                    "tokens_a_second": [round(play.rate, 1), round(bare.rate, 1)], "cache_emptied": empty,
                    "in_flight": in_flight(turns),
                }
            )  # fmt: skip
            print(f"run {number + 1}: {json.dumps(runs[-1])}", file=sys.stderr)
    finally:
        await server.stop()
    said: dict[str, Any] = {"fake": wanted.fake, "episodes": wanted.episodes, "at_once": wanted.at_once}
    for name in ("play", "run"):
        found = sorted(one[name] for one in runs)
        said[name] = {"ratio": round(statistics.median(found), 3), "spread": [round(found[0], 3), round(found[-1], 3)]}
    return said | {"runs": runs, "goal": GOAL, "reached": said["play"]["ratio"] >= GOAL}


def main() -> None:
    """Measure, print one JSON object, and fail below the goal."""
    parser = asked(argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
    parser.add_argument("--fake", action="store_true", help="The fake server instead of the installed vLLM.")
    parser.add_argument("--episodes", type=int, help=f"256; {SHORT} in the short form.")
    parser.add_argument("--attempts", type=int, default=4)
    parser.add_argument("--at-once", type=int, default=32)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dtype", default="", help="Numbers that the server computes in; float32 on a CPU.")
    parser.add_argument("--token-ms", type=float, default=10.0, help="What the fake server takes for a token.")
    wanted = parser.parse_args()
    wanted.episodes = wanted.episodes or (SHORT if wanted.short else 256)
    told = {"demand": 1, "peer": "the bare server", "peer_version": version(), "limit": GOAL}
    what, how = "tokens a second through the whole graph", "python bench/whole.py"
    if not (wanted.fake or version()):
        write(wanted.json, [row(what, how, [], **told, note="no vLLM is installed here")])
        print("no vLLM is installed here; --fake measures against the fake server", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="noria-bench-") as place:
        found = turning.run(measured(wanted, Path(place)))
    if wanted.fake:
        how, told = f"{how} --fake", told | {"peer_version": "fake"}
    write(wanted.json, [row(what, how, [one["play"] for one in found["runs"]], **told)])
    print(json.dumps(found, indent=2))
    sys.exit(0 if found["reached"] else 1)


if __name__ == "__main__":
    main()
