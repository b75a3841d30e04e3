"""A call on its way over HTTP: a chat, made several times an episode, or one of the few others.

    body, a name ─► POST /v1/chat/completions ─► status 200 ─► body, no larger than a reply can be
                                              └► any other  ─► StatusError, with the server's words

    does the server's reply carry the name of its question?  no  ─► a connection for each chat
                                                             yes ─► connections stay open for its next chats
    a reply on an open one that lacks the name               ─► not this question's: asked on a connection of its own

A reply that a server or a proxy sends twice becomes, on a connection that stays open, the answer
to whoever asks next. So each chat is given a name of its own (`X-Request-Id`), which vLLM puts into
the reply's id, and only a server that was seen to do so keeps connections. To open one
for each chat takes a core on both sides, and handshakes where the server is far away. The other
calls have a connection each.

It goes through aiohttp and nothing else. OpenAI's library copies, checks and rewrites what goes out and
what comes in, and keeps two models of a request and one of a reply between them: that took longer than
the call, and to load it a sixth of what starting Noria took.
"""

import secrets
from itertools import count
from typing import Any

import aiohttp
import orjson

from noria.inference.reply import whole
from noria.inference.trying import AGAIN, StatusError

CHAT = "/chat/completions"
"""Below the endpoint's address."""

IDLE = 2.0
"""Seconds that a connection stays open without a chat: less than the five after which vLLM closes it."""

STALE = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
"""What a chat meets on an open connection that the server has just closed."""


class Chats:
    """Sends chats to the replicas of one endpoint."""

    def __init__(self, connections: int) -> None:
        """At most so many `connections` at once of either kind; they are opened with the first chat."""
        self._connections = connections
        self._naming: set[str] = set()
        """Servers whose last reply carried the name of its question."""
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        """By whether their connections stay open."""
        self._own = secrets.token_hex(10)
        self._numbers = count(1)

    async def send(self, url: str, key: str, body: bytes, traceparent: str = "") -> bytes:
        """What a server answers; the deadline is the caller's.

        Raises:
            StatusError: it answered with another status than 200.
            aiohttp.ClientError: it could not be reached, or broke off.
            ValueError: its answer is larger than any reply can be.
        """
        at = url + CHAT
        if url in self._naming:
            try:
                reply, said, named = await self._asked(at, key, body, traceparent, kept=True)
            except STALE:
                named = False
            else:
                if named and reply.status == 200:
                    return said
                if reply.status >= 500 or reply.status in AGAIN:  # it may be another's, but settles nothing
                    raise _refusal(reply, said)
            self._naming.discard(url)
        reply, said, named = await self._asked(at, key, body, traceparent, kept=False)
        if reply.status != 200:
            raise _refusal(reply, said)
        if named:
            self._naming.add(url)
        return said

    async def ask(self, at: str, key: str, body: dict[str, Any]) -> bytes:
        """What a server answers at an address that is asked now and then (raises as `send` does)."""
        reply, said, _ = await self._asked(at, key, orjson.dumps(body), "", kept=False)
        if reply.status != 200:
            raise _refusal(reply, said)
        return said

    async def _asked(
        self, at: str, key: str, body: bytes, traceparent: str, *, kept: bool
    ) -> tuple[aiohttp.ClientResponse, bytes, bool]:
        """A reply with its body, and whether it carries the name of the question."""
        name = f"{self._own}{next(self._numbers):012x}"
        headers = {"Authorization": f"Bearer {key}", "X-Request-Id": name, "traceparent": traceparent}
        if not traceparent:
            del headers["traceparent"]
        async with self._open(kept).post(at, data=body, headers=headers) as reply:
            said = await whole(reply)
        return reply, said, name.encode() in said

    def _open(self, kept: bool) -> aiohttp.ClientSession:
        if kept not in self._sessions:
            ways = {"keepalive_timeout": IDLE} if kept else {"force_close": True}
            self._sessions[kept] = aiohttp.ClientSession(
                # A server has one address: racing the ways to several would be two tasks more for each call.
                connector=aiohttp.TCPConnector(limit=self._connections, happy_eyeballs_delay=None, **ways),
                timeout=aiohttp.ClientTimeout(),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={
                    "Accept": "application/json", "Accept-Encoding": "identity", "Content-Type": "application/json",
                } | ({} if kept else {"Connection": "close"}),
            )  # fmt: skip
        return self._sessions[kept]

    async def close(self) -> None:
        """Give the connections back."""
        for session in self._sessions.values():
            await session.close()


def _refusal(reply: aiohttp.ClientResponse, said: bytes) -> StatusError:
    """A status that is no answer."""
    try:
        found = orjson.loads(said)
    except ValueError:
        found = said.decode("utf-8", "replace")
    body = found.get("error", found) if isinstance(found, dict) else found
    return StatusError(reply.status, body, reply.headers.get("Retry-After", "0"))
