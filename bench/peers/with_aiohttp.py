"""A bare asyncio and aiohttp client: the chain of `chain.json`, 64 episodes at once, nothing kept.

    python bench/peers/with_aiohttp.py --url URL --episodes 1024 [--flight 64]

Connections stay open, a body is read as it comes. Prints one JSON line.
"""

import argparse
import asyncio
import json
import time
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp
import orjson

CHAIN: list[dict[str, str]] = json.loads(Path(__file__).with_name("chain.json").read_text(encoding="utf-8"))
"""Four prompts, each of which may show what came before it."""


class Caller:
    """Calls a chat endpoint."""

    def __init__(self, url: str) -> None:
        """At this base address."""
        self.url = f"{url}/chat/completions"
        self.calls = 0

    async def __aenter__(self) -> "Caller":
        """Open the connections."""
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them."""
        await self.session.close()

    async def ask(self, part: dict[str, str], known: dict[str, Any]) -> str:
        """The reply to one prompt of the chain."""
        said = [
            {"role": "system", "content": part["system"]},
            {"role": "user", "content": part["user"].format(**known)},
        ]
        body = orjson.dumps({"model": "base", "messages": said, "max_tokens": 64, "temperature": 0.9})
        async with self.session.post(self.url, data=body, headers={"Content-Type": "application/json"}) as reply:
            reply.raise_for_status()
            found = orjson.loads(await reply.read())
        self.calls += 1
        content: str = found["choices"][0]["message"]["content"]
        return content


async def play(url: str, episodes: int, flight: int) -> dict[str, Any]:
    """All episodes, so many at once."""
    async with Caller(url) as caller:
        numbers = iter(range(episodes))

        async def one_after_another() -> None:
            for number in numbers:
                known: dict[str, Any] = {"number": number}
                for part in CHAIN:
                    known[part["name"]] = await caller.ask(part, known)

        started, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(one_after_another() for _ in range(flight)))
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        return {"episodes": episodes, "calls": caller.calls, "seconds": seconds, "cpu": cpu}


def main() -> None:
    """Play, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--episodes", type=int, default=1024)
    parser.add_argument("--flight", type=int, default=64)
    wanted = parser.parse_args()
    found = asyncio.run(play(wanted.url, wanted.episodes, wanted.flight))
    print(json.dumps({"version": version("aiohttp"), **found}))


if __name__ == "__main__":
    main()
