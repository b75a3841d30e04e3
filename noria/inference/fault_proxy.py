"""A proxy before an OpenAI-compatible endpoint that does to its calls what networks and servers do.

    python -m noria.inference.fault_proxy --to http://127.0.0.1:8000/v1 --plan storm --seed 1

It prints {"url": …} and serves there until it is ended: set that address as an endpoint's
`url` and see how a session fares. The faults are real ones, on a real socket: a reset is a
TCP reset, a wrong length stands in the header, a dead server refuses the connection. What
comes when is in `faults.py`. Calls that are not chat and load no adapter pass through.
"""

import argparse
import asyncio
import json
import socket
import struct
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
from aiohttp import web

from noria.identity import stream
from noria.inference.faults import ABSURD, FAULTS, PLANS, Plan, damaged
from noria.inference.ports import HOST

GIANT = 256 * 2**20
"""Bytes after which even a giant body ends."""

HOP = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding", "accept-encoding"})
"""Headers that are of one connection and are not handed on."""

NOTHING = 1.0
"""Seconds between two bytes of a trickle."""

ECHO = 0.005
"""Seconds after which a reply that comes twice comes again: its connection may have been handed on by then."""


@dataclass
class FaultProxy:
    """One proxy; use it as an async context manager."""

    to: str
    """The endpoint's base address, ending in `/v1`."""
    plan: Plan = field(default_factory=lambda: PLANS["clear"])
    seed: int = 0
    port: int = 0
    calls: int = 0
    """Chat calls that came."""
    passed: int = 0
    """Chat calls that the endpoint answered, whatever was done to the answer then."""
    did: Counter[str] = field(default_factory=Counter)
    """Faults that were done, by name."""
    giant_sent: int = 0
    """Most bytes of a giant body that anyone took."""
    _loads: int = 0
    _runner: web.AppRunner | None = None
    _site: web.TCPSite | None = None
    _session: aiohttp.ClientSession | None = None
    _open: set[asyncio.Transport] = field(default_factory=set)
    _death: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The base address, ending in `/v1`."""
        return f"http://{HOST}:{self.port}/v1"

    async def __aenter__(self) -> "FaultProxy":
        """Listen on loopback."""
        self._session = aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=600))
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{path:.*}", self._meet)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening; calls that are held are let go."""
        if self._death is not None:
            self._death.cancel()
            await asyncio.gather(self._death, return_exceptions=True)
        self._abort()
        assert self._runner is not None
        assert self._session is not None
        await self._runner.cleanup()
        await self._session.close()

    def clear(self) -> None:
        """No more faults from now on."""
        self.plan = PLANS["clear"]

    async def _listen(self) -> None:
        assert self._runner is not None
        self._site = web.TCPSite(self._runner, HOST, self.port, reuse_address=True)
        await self._site.start()

    def _abort(self) -> None:
        for transport in self._open:
            _reset(transport)
        self._open.clear()

    async def _meet(self, request: web.Request) -> web.StreamResponse:
        assert isinstance(request.transport, asyncio.Transport)
        self._open = {one for one in self._open if not one.is_closing()} | {request.transport}
        if request.path.endswith("/chat/completions"):
            number, self.calls = self.calls, self.calls + 1
            fault = self.plan.fault(number, self.seed)
        elif request.path.endswith("/load_lora_adapter"):
            number, self._loads = self._loads, self._loads + 1
            fault = self.plan.fault(number, self.seed, adapter=True)
        else:
            number, fault = 0, ""
        if fault:
            self.did[fault] += 1
        return await self._done(fault, number, request, request.transport)

    async def _done(
        self, fault: str, number: int, request: web.Request, transport: asyncio.Transport
    ) -> web.StreamResponse:
        """Do a fault to a call: before the endpoint hears of it, or to what it answers."""
        match fault:
            case "":
                status, headers, body = await self._answer(request)
                return web.Response(status=status, headers=headers, body=body)
            case "500" | "503" | "adapter-broken":
                return _refusal(int(fault) if fault.isdigit() else 500)
            case "adapter-refused":
                return _refusal(400)
            case "429" | "429-after" | "429-absurd":
                waits = {"429-after": "0.2", "429-absurd": stream("absurd", number).choice(ABSURD)}
                return _refusal(429, {"Retry-After": waits[fault]} if fault in waits else {})
            case "reset":
                _reset(transport)
            case "die":
                if self._death is None or self._death.done():
                    self._death = asyncio.create_task(self._die())
                _reset(transport)
            case "stall" | "adapter-stall":
                await _gone(transport)
            case "trickle":
                transport.write(_head(200, 10**6))
                while not transport.is_closing():
                    transport.write(b" ")
                    await asyncio.sleep(NOTHING)
            case "giant":
                await self._flood(transport)
            case "late":
                await asyncio.sleep(self.plan.seconds)
                return await self._done("", number, request, transport)
            case _:
                await self._spoil(fault, number, request, transport)
        return web.Response()  # nobody hears it: the connection is closed

    async def _answer(self, request: web.Request) -> tuple[int, dict[str, str], bytes]:
        """What the endpoint answers; status 502 where it does not."""
        assert self._session is not None
        handed = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        address = self.to.removesuffix("/v1") + request.path_qs
        sent = await request.read()
        try:
            async with self._session.request(request.method, address, headers=handed, data=sent or None) as reply:
                body = await reply.read()
                self.passed += request.path.endswith("/chat/completions")
                back = {name: value for name, value in reply.headers.items() if name.lower() not in HOP}
                return reply.status, back, body
        except (aiohttp.ClientError, TimeoutError) as fault:
            said = json.dumps({"error": {"message": f"the proxy finds nobody: {fault}"}}).encode()
            return 502, {"Content-Type": "application/json"}, said

    async def _spoil(self, fault: str, number: int, request: web.Request, transport: asyncio.Transport) -> None:
        """Answer truly and spoil it on the way, byte by byte where the fault is one of bytes."""
        status, _, body = await self._answer(request)
        body = damaged(fault, body, number) if status == 200 else body
        length = len(body) + {"long": 100, "short": -min(20, len(body))}.get(fault, 0)
        head = _head(status, length)
        match fault:
            case "drip":
                transport.write(head)
                step = max(1, len(body) // 20)
                for at in range(0, len(body), step):
                    transport.write(body[at : at + step])
                    await asyncio.sleep(self.plan.seconds / 20)
            case "midway":
                transport.write(head + body[: len(body) // 2])
                await asyncio.sleep(ECHO)
                _reset(transport)
            case "again":
                # Only a connection that stays open can carry the second one to whoever asks next.
                transport.write(head + body)
                await asyncio.sleep(ECHO)
                transport.write(head + body)
                await asyncio.sleep(1.0)
            case _:
                transport.write(head + body)
        transport.close()

    async def _flood(self, transport: asyncio.Transport) -> None:
        transport.write(_head(200, GIANT) + b'{"id": "')
        sent, chunk = 0, b"x" * 2**18
        while sent < GIANT and not transport.is_closing():
            if transport.get_write_buffer_size() < 2**20:
                transport.write(chunk)
                sent += len(chunk)
                self.giant_sent = max(self.giant_sent, sent)
            await asyncio.sleep(0)
        transport.close()

    async def _die(self) -> None:
        """Close the port and every connection for a while."""
        assert self._site is not None
        await self._site.stop()
        self._abort()
        await asyncio.sleep(self.plan.seconds)
        await self._listen()


def _reset(transport: asyncio.Transport) -> None:
    """End a connection by a TCP reset."""
    found = transport.get_extra_info("socket")
    if found is not None and not transport.is_closing():
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _gone(transport: asyncio.Transport) -> None:
    """Wait until the caller has left."""
    while not transport.is_closing():  # noqa: ASYNC110  (a transport tells nobody)
        await asyncio.sleep(0.02)


def _head(status: int, length: int) -> bytes:
    return (
        f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
        "Connection: keep-alive\r\n\r\n"
    ).encode()


def _refusal(status: int, headers: dict[str, str] | None = None) -> web.Response:
    said = {"error": {"message": f"a planned {status}"}}
    return web.json_response(said, status=status, headers=headers)


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until the process ends."""
    given: dict[str, Any] = {
        name: getattr(arguments, name)
        for name in ("share", "first", "calls", "seconds")
        if getattr(arguments, name) is not None
    }
    plan = replace(PLANS[arguments.plan], **given)
    async with FaultProxy(arguments.to.rstrip("/"), plan, arguments.seed, arguments.port) as proxy:
        sys.stdout.write(json.dumps({"url": proxy.url, "to": proxy.to, "plan": arguments.plan}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--to", required=True, help="the endpoint's base address, ending in /v1")
    parser.add_argument("--plan", choices=list(PLANS), default="storm", metavar="PLAN", help=", ".join(PLANS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--share", type=float, help="share of the storm's calls that meet a fault")
    parser.add_argument("--first", type=int, help="calls that go through before it begins")
    parser.add_argument("--calls", type=int, help="calls it lasts")
    parser.add_argument("--seconds", type=float, help="how long a late answer, a drip and a death take")
    asyncio.run(serve(parser.parse_args()))


__all__ = ["FAULTS", "PLANS", "FaultProxy", "main", "serve"]


if __name__ == "__main__":
    main()
