"""What adapters cost a server on a CPU, by vLLM itself and with Noria's plugin, and whether its base stays the base.

    python bench/cpu_adapters.py [--rounds 3] [--calls 32] [--tokens 16] [--at-once 32]

    without adapters ─┐
    with them, by vLLM ├─► the same calls by turns ─► tokens a second over those of the server without adapters
    with the plugin ──┘                           └─► a greedy answer of the base, alone and beside an adapter's call

Three servers of the default student stand side by side and are asked one after another; those with adapters hold three,
as many as there is room for. What a prompt of some 130 tokens takes that is new to the server is told apart. Ratios are
medians over the rounds, with the lowest and the highest.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from noria.inference.cpu_adapters import SWITCH, plugged
from noria.inference.tuned import version
from noria.inference.tuning import PASSAGE
from noria.inference.vllm_server import Launch, VllmServer, on_cpu
from noria.training.models import resolve
from noria.training.untrained import untrained

ADAPTERS = ("one", "two", "three")

GREEDY = "Write a sentence about rain."

LEGS: dict[str, tuple[str, ...]] = {"base": ("base",), "adapter": ("one",), "by turns": ("base", "one")}
"""Whom the calls ask, one after another."""

_number = count()


async def asked(session: aiohttp.ClientSession, server: VllmServer, model: str, text: str, **more: Any) -> Any:
    """What a model says."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], "temperature": 0.0, **more}
    headers = {"Authorization": f"Bearer {server.key}"}
    async with session.post(f"{server.url}/chat/completions", json=body, headers=headers) as reply:
        said = await reply.json()
        if reply.status != 200:
            raise SystemExit(f"{server.launch.name} refuses a call: {said}; {server.last_words()}")
    return said


async def burst(session: aiohttp.ClientSession, server: VllmServer, models: tuple[str, ...], own: Any) -> float:
    """Completion tokens a second."""
    left, length = iter(range(own.calls)), {"max_tokens": own.tokens, "min_tokens": own.tokens, "ignore_eos": True}

    async def caller() -> None:
        for at in left:
            text = f"{PASSAGE}Count upwards from {next(_number)}."
            await asked(session, server, models[at % len(models)], text, **length)

    started = time.monotonic()
    await asyncio.gather(*(caller() for _ in range(own.at_once)))
    return float(own.calls * own.tokens / (time.monotonic() - started))


async def read(session: aiohttp.ClientSession, server: VllmServer, model: str) -> float:
    """Seconds to the first token of a prompt that nobody has asked."""
    started = time.monotonic()
    await asked(session, server, model, f"{next(_number)}. {PASSAGE}Say a word.", max_tokens=1)
    return time.monotonic() - started


async def same(session: aiohttp.ClientSession, server: VllmServer) -> bool:
    """Whether the base says beside an adapter's calls what it says alone."""

    async def said(model: str) -> str:
        found = await asked(session, server, model, GREEDY, max_tokens=24)
        return str(found["choices"][0]["message"]["content"])

    for one in ADAPTERS:  # each has its place once it was asked
        await said(one)
    alone = await said("base")
    return set((await asyncio.gather(*(said(one) for one in (*ADAPTERS, "base", *ADAPTERS))))[3:4]) == {alone}


async def measured(own: argparse.Namespace, place: Path) -> dict[str, Any]:
    """All rounds."""
    base, adapter = resolve("default"), place / "adapter"
    await untrained(base, adapter, 16, threads=os.cpu_count() or 1)
    kinds = {"without": ("0", 0), "vLLM": ("0", len(ADAPTERS)), "plugin": ("1", len(ADAPTERS))}
    servers = {
        name: VllmServer(
            Launch("base", str(base), "float32", 1024, 0.5, adapters=many, environment={SWITCH: switch}), place / name
        )
        for name, (switch, many) in kinds.items()
    }
    rates: dict[str, list[float]] = {}
    reads: dict[str, list[float]] = {}
    try:
        await asyncio.gather(*(server.start() for server in servers.values()))
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=600)) as session:
            for name in ("vLLM", "plugin"):
                for one in ADAPTERS:
                    await servers[name].load_adapter(one, adapter)
            stays = {name: await same(session, servers[name]) for name in ("vLLM", "plugin")}
            legs = [("without", "base"), *((name, leg) for name in ("vLLM", "plugin") for leg in LEGS)]
            for number in range(own.rounds + 1):
                for name, leg in legs:
                    rate = await burst(session, servers[name], LEGS[leg], own)
                    took = await read(session, servers[name], LEGS[leg][-1])
                    if number:  # the first round warms caches and allocators up
                        rates.setdefault(f"{name}, {leg}", []).append(rate)
                        reads.setdefault(f"{name}, {leg}", []).append(took)
                print(f"round {number}", file=sys.stderr, flush=True)
    finally:
        for server in servers.values():
            await server.stop()
    bare = rates["without, base"]
    over = {name: [one / by for one, by in zip(found, bare, strict=True)] for name, found in rates.items()}
    return {
        "vllm": version(), "base_stays_the_base": stays,
        "over_no_adapters": {
            name: [round(part(found), 2) for part in (statistics.median, min, max)] for name, found in over.items()
        },
        "prompt_seconds": {
            name: round(statistics.median(found), 3) for name, found in reads.items() if "turns" not in name
        },
    }  # fmt: skip


def main() -> None:
    """Measure, print one JSON object, and fail where a base with the plugin is not the base."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=16)
    parser.add_argument("--at-once", type=int, default=32)
    own = parser.parse_args()
    if not (version() and on_cpu() and plugged()):
        raise SystemExit("This takes a vLLM for the CPU that loads Noria's plugin (see `noria doctor`).")
    with tempfile.TemporaryDirectory(prefix="noria-bench-") as place:
        found = asyncio.run(measured(own, Path(place)))
    print(json.dumps(found, indent=2))
    sys.exit(0 if found["base_stays_the_base"]["plugin"] else 1)


if __name__ == "__main__":
    main()
