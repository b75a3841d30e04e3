"""A chat on its way over HTTP: the one call that is made several times an episode.

    body ─► POST /v1/chat/completions, a connection for each ─► status 200 ─► body, no larger than a reply can be
                                                             └► any other  ─► APIStatusError, with the server's words

It goes through aiohttp and nothing else. The library of the other calls copies, checks and rewrites
what goes out and what comes in, and keeps two models of a request and one of a reply between
them: that took longer than the call. Faults are its own all the same, so who tries again
knows one kind.
"""

import aiohttp
import httpx2
import orjson
from openai import APIStatusError

from noria.inference.reply import whole


class Chats:
    """Sends chats to the replicas of one endpoint."""

    def __init__(self, connections: int) -> None:
        """At most so many `connections` at once; they are opened with the first chat."""
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def send(self, url: str, key: str, body: bytes, traceparent: str = "") -> bytes:
        """What a server answers; the deadline is the caller's.

        Raises:
            APIStatusError: it answered with another status than 200.
            aiohttp.ClientError: it could not be reached, or broke off.
            ValueError: its answer is larger than any reply can be.
        """
        headers = {"Authorization": f"Bearer {key}", "traceparent": traceparent}
        if not traceparent:
            del headers["traceparent"]
        async with self._open().post(f"{url}/chat/completions", data=body, headers=headers) as reply:
            said = await whole(reply)
        if reply.status != 200:
            raise _refusal(reply, said)
        return said

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # A server has one address: racing the ways to several would be two tasks more for each call.
                connector=aiohttp.TCPConnector(limit=self._connections, force_close=True, happy_eyeballs_delay=None),
                timeout=aiohttp.ClientTimeout(),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={
                    "Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close",
                    "Content-Type": "application/json",
                },
            )  # fmt: skip
        return self._session

    async def close(self) -> None:
        """Give the connections back."""
        if self._session is not None:
            await self._session.close()


def _refusal(reply: aiohttp.ClientResponse, said: bytes) -> APIStatusError:
    """A status that is no answer, as the library of the other calls says it."""
    try:
        found = orjson.loads(said)
    except ValueError:
        found = said.decode("utf-8", "replace")
    response = httpx2.Response(
        reply.status, headers=list(reply.headers.items()), request=httpx2.Request(reply.method, str(reply.url))
    )
    body = found.get("error", found) if isinstance(found, dict) else found
    return APIStatusError(f"Error code: {reply.status}", response=response, body=body)
