"""The pool of policies: a request goes to the client that serves its policy.

Several endpoints and models may serve one session, two of them under one name; an agent
names a policy and does not know where it runs. The pool counts what went through it, for
the stage table and the live view, and what is in flight for whom, so that a policy leaves
after its last call. Requests for a policy that comes up wait for it here, before they are in
any line: they hold no place and their deadline has not begun.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

from noria.errors import EndpointError
from noria.inference.client import ChatReader, Client, Completion, Reader, Replicated, Request, Scored, Speaker
from noria.inference.flow import Flow
from noria.inference.replicas import Replicas, Seen
from noria.types import Message


class Pool:
    """Routes requests by policy."""

    def __init__(self) -> None:
        """An empty pool."""
        self._clients: dict[str, Client] = {}
        self._expected: dict[str, asyncio.Event] = {}
        self._in_flight = Counter[str]()
        self._over: dict[str, asyncio.Event] = {}
        self._prompt = 0
        self._completion = 0
        self._flow = Flow()
        self.say: Callable[[str], None] = lambda said: None
        """Told when a replica is ejected or comes back."""

    def serve(self, policy: str, client: Client) -> None:
        """Send requests for the policy of this id to this client from now on."""
        self._clients[policy] = client
        if isinstance(client, Replicated):
            client.replicas.say = lambda said: self.say(said)
        self.unexpect(policy)

    def expect(self, policy: str) -> None:
        """Let requests for a policy wait until it is served, or is expected no more."""
        if policy not in self._clients:
            self._expected.setdefault(policy, asyncio.Event())

    def unexpect(self, policy: str) -> None:
        """Let nobody wait for a policy any longer."""
        if (waited := self._expected.pop(policy, None)) is not None:
            waited.set()

    async def idle(self, policy: str) -> None:
        """Wait until no request for a policy is in flight."""
        while self._in_flight[policy]:
            await self._over.setdefault(policy, asyncio.Event()).wait()

    @asynccontextmanager
    async def _asked(self, policy: str) -> AsyncIterator[Client | None]:
        """The client of a policy, for one request; none where nobody serves it."""
        if (expected := self._expected.get(policy)) is not None:
            await expected.wait()
        self._in_flight[policy] += 1
        try:
            yield self._clients.get(policy)
        finally:
            self._in_flight[policy] -= 1
            if not self._in_flight[policy]:
                del self._in_flight[policy]
                if (over := self._over.pop(policy, None)) is not None:
                    over.set()

    def client(self, policy: str) -> Client | None:
        """Who answers for a policy; none where nobody does."""
        return self._clients.get(policy)

    async def retire(self, policy: str) -> None:
        """Serve a policy no longer; a client that serves another one stays open."""
        gone = self._clients.pop(policy, None)
        if gone is not None and all(client is not gone for client in self._clients.values()):
            await gone.close()

    async def complete(self, request: Request) -> Completion:
        """Answer one request (see `Client.complete`)."""
        async with self._asked(request.policy) as client:
            if client is None:
                served = ", ".join(sorted(self._clients)) or "nothing"
                raise EndpointError(f"Nobody serves {request.model!r} ({request.policy}); served are: {served}.")
            return self._counted(await client.complete(request))

    async def unasked(self, request: Request) -> Completion | None:
        """Let a policy speak in the user's place (see `Speaker.unasked`); none where its client cannot."""
        async with self._asked(request.policy) as client:
            spoken = await client.unasked(request) if isinstance(client, Speaker) else None
            return None if spoken is None else self._counted(spoken)

    def _counted(self, completion: Completion) -> Completion:
        self._prompt += completion.usage.prompt_tokens
        self._completion += completion.usage.completion_tokens
        self._flow.add(completion.usage.completion_tokens)
        return completion

    async def score(self, model: str, text: str, policy: str = "") -> Scored | None:
        """Score a text (see `Reader.score`); none where the policy's client cannot."""
        async with self._asked(policy) as client:
            return self._read(await client.score(model, text, policy) if isinstance(client, Reader) else None)

    async def score_chat(self, model: str, messages: tuple[Message, ...], policy: str = "") -> Scored | None:
        """Score a chat (see `ChatReader.score_chat`); none where the policy's client cannot."""
        async with self._asked(policy) as client:
            said = await client.score_chat(model, messages, policy) if isinstance(client, ChatReader) else None
            return self._read(said)

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
        return self._flow.rate()

    def replicas(self) -> list[Seen]:
        """Each server that answers, of those policies that have several."""
        return [one for group in self._groups() if len(group.all) > 1 for one in group.seen()]

    def _groups(self) -> Iterator[Replicas]:
        # A base and its adapters share their servers.
        clients: list[object] = list({id(client): client for client in self._clients.values()}.values())
        yield from (client.replicas for client in clients if isinstance(client, Replicated))

    async def close(self) -> None:
        """Close every client once."""
        for client in {id(client): client for client in self._clients.values()}.values():
            await client.close()
        self._clients.clear()
