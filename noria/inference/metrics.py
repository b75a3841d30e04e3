"""How long a vLLM's queue is, by its own word.

    GET /metrics ─► vllm:num_requests_running, vllm:num_requests_waiting, vllm:kv_cache_usage_perc

Three gauges of a page of hundreds of lines, read every second: its lines are picked by name, and
nothing else on it is parsed. A server of several engines has a line for each.
"""

import re
from dataclasses import dataclass

import aiohttp

from noria.inference.reply import whole

PATIENCE = 2.0
"""Seconds a server has to tell; whoever asks keeps to it."""

_GAUGE = re.compile(
    rb"^vllm:(num_requests_running|num_requests_waiting|kv_cache_usage_perc)(?:\{[^}\n]*\})?[ \t]+([-+.0-9eE]+)\s*$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Gauges:
    """What a server has to do, in sequences."""

    running: float
    waiting: float
    cache: float
    """Share of its KV cache that is used; 0 where it is not told."""


def gauges(page: bytes) -> Gauges | None:
    """The gauges on a page; none where it is not a vLLM's."""
    found: dict[bytes, list[float]] = {}
    for name, value in _GAUGE.findall(page):
        try:
            found.setdefault(name, []).append(float(value))
        except ValueError:
            return None
    if b"num_requests_running" not in found or b"num_requests_waiting" not in found:
        return None
    cache = max(found.get(b"kv_cache_usage_perc", [0.0]))
    return Gauges(sum(found[b"num_requests_running"]), sum(found[b"num_requests_waiting"]), cache)


async def told(session: aiohttp.ClientSession, url: str) -> Gauges | None:
    """What the server at `url` (ending in `/v1`) tells; none where it has nothing to tell.

    Raises:
        OSError, TimeoutError, aiohttp.ClientError, ValueError: it does not answer now.
    """
    async with session.get(f"{url.removesuffix('/v1')}/metrics") as reply:
        if reply.status >= 500:
            raise ValueError(f"status {reply.status}")
        return gauges(await whole(reply)) if reply.status == 200 else None
