"""The pool of policies: a request goes to the client that serves its policy.

Several endpoints and models may serve one session, two of them under one name; an agent
names a policy and does not know where it runs. The pool counts what went through it, for
the stage table and the live view.
"""

import time
from collections import deque

from noria.errors import EndpointError
from noria.inference.client import ChatReader, Client, Completion, Reader, Request, Scored, Speaker
from noria.types import Message

WINDOW = 10.0
"""Seconds over which the rate of the live view is taken."""


class Pool:
    """Routes requests by policy."""

    def __init__(self) -> None:
        """An empty pool."""
        self._clients: dict[str, Client] = {}
        self._prompt = 0
        self._completion = 0
        self._recent: deque[tuple[float, int]] = deque()

    def serve(self, policy: str, client: Client) -> None:
        """Send requests for the policy of this id to this client from now on."""
        self._clients[policy] = client

    async def retire(self, policy: str) -> None:
        """Serve a policy no longer; a client that serves another one stays open."""
        gone = self._clients.pop(policy, None)
        if gone is not None and all(client is not gone for client in self._clients.values()):
            await gone.close()

    async def complete(self, request: Request) -> Completion:
        """Answer one request (see `Client.complete`)."""
        client = self._clients.get(request.policy)
        if client is None:
            served = ", ".join(sorted(self._clients)) or "nothing"
            raise EndpointError(f"Nobody serves {request.model!r} ({request.policy}); served are: {served}.")
        return self._counted(await client.complete(request))

    async def unasked(self, request: Request) -> Completion | None:
        """Let a policy speak in the user's place (see `Speaker.unasked`); none where its client cannot."""
        client: object = self._clients.get(request.policy)
        spoken = await client.unasked(request) if isinstance(client, Speaker) else None
        return None if spoken is None else self._counted(spoken)

    def _counted(self, completion: Completion) -> Completion:
        self._prompt += completion.usage.prompt_tokens
        self._completion += completion.usage.completion_tokens
        self._recent.append((time.monotonic(), completion.usage.completion_tokens))
        return completion

    async def score(self, model: str, text: str, policy: str = "") -> Scored | None:
        """Score a text (see `Reader.score`); none where the policy's client cannot."""
        client: object = self._clients.get(policy)
        if not isinstance(client, Reader):
            return None
        return self._read(await client.score(model, text, policy))

    async def score_chat(self, model: str, messages: tuple[Message, ...], policy: str = "") -> Scored | None:
        """Score a chat (see `ChatReader.score_chat`); none where the policy's client cannot."""
        client: object = self._clients.get(policy)
        if not isinstance(client, ChatReader):
            return None
        return self._read(await client.score_chat(model, messages, policy))

    def _read(self, scored: Scored | None) -> Scored | None:
        if scored is not None:
            self._prompt += scored.usage.prompt_tokens
            self._completion += scored.usage.completion_tokens
        return scored

    def tokens(self) -> tuple[int, int]:
        """Prompt and completion tokens that went through."""
        return self._prompt, self._completion

    def rate(self) -> float:
        """Completion tokens a second over the last ten seconds."""
        now = time.monotonic()
        while self._recent and self._recent[0][0] < now - WINDOW:
            self._recent.popleft()
        return sum(tokens for _, tokens in self._recent) / WINDOW

    async def close(self) -> None:
        """Close every client once."""
        for client in {id(client): client for client in self._clients.values()}.values():
            await client.close()
        self._clients.clear()
