"""The fleet: every policy of a session, served under a name, behind one client.

    base ──────► vLLM ─┐
    student ───► vLLM ─┼─► pool ─► agents          (or one vLLM with adapters)
    endpoints ─► URL ──┘

A policy is its weights; the name it is served under and the server behind it are facts of
the day, kept here. A trained student is an adapter in the running server, or comes merged in
a server of its own (see `local.merges`). A new student always gets a new name; nothing is
reloaded in place, and the old one stays until it is retired.

    expected ─► coming up ─► up ─► leaving ─► down       what a request sees: it waits · it is answered
        others play on ──────┘       └─ its last call is answered first        by whom it was asked of · so it is

So a start and an end cost nobody a call, and whoever asks a policy is answered by that policy.
A policy comes up once, however many want it, and does not come up while it still goes down.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Protocol

from noria.errors import EndpointError
from noria.inference.client import Client
from noria.inference.limiter import Limiter
from noria.inference.pool import Pool
from noria.types import Policy
from noria.waiting import waiting

STRAGGLER = 300.0
"""Seconds in which the last call of a policy that leaves is looked for; its own deadline ends it."""


class Launcher(Protocol):
    """Brings policies up behind a client, and takes them down."""

    async def launch(self, policy: Policy) -> Client:
        """A client for the policy, which answers under the policy's name.

        Raises:
            EndpointError: the server or the adapter does not come up.
        """
        ...

    async def retire(self, policy: Policy) -> None:
        """Take a policy down; one that is not up is no error."""
        ...

    def keeps(self, policy: Policy) -> bool:
        """Whether there is room for a policy that does not play but may be stepped back to."""
        ...

    async def alive(self) -> str:
        """Empty while every server lives; else a sentence with a server's last words."""
        ...

    def rest(self, resting: bool) -> None:
        """Give the cores to the trainer, or take them back."""
        ...

    async def close(self) -> None:
        """End what was started."""
        ...


class Fleet:
    """Which policy is served under which name, by whom."""

    def __init__(self, launcher: Launcher, limiter: Limiter) -> None:
        """An empty fleet whose local policies the launcher brings up."""
        self.pool = Pool()
        self.launcher = launcher
        self.limiter = limiter
        self._up: dict[str, tuple[Policy, str]] = {}
        self._expected: dict[str, str] = {}
        """Names of policies that are about to come up."""
        self._leaving: set[str] = set()
        self._moving: dict[str, asyncio.Event] = {}
        """Policies whose server or adapter comes up or goes down now."""

    def served_as(self, policy: str) -> str:
        """The name a policy answers under.

        Raises:
            EndpointError: it is not up.
        """
        if policy in self._up:
            return self._up[policy][1]
        if policy in self._expected:
            return self._expected[policy]
        raise EndpointError(f"The policy {policy!r} is not served.", mend="`noria resume` brings the pool up again.")

    def served(self) -> dict[str, str]:
        """Every policy that is served, with the name it answers under."""
        return {policy: name for policy, (_, name) in self._up.items()}

    def is_up(self, policy: str) -> bool:
        """Whether a policy is served, and stays."""
        return policy in self._up and policy not in self._leaving

    @contextmanager
    def expecting(self, policy: Policy) -> Iterator[None]:
        """Let requests for a local policy wait for it from now on, while somebody brings it up.

        Those that wait at the end of the context, where it did not come up, are refused.
        """
        if policy.id not in self._up:
            self._expected[policy.id] = policy.name
            self.pool.expect(policy.id)
        try:
            yield
        finally:
            self._expected.pop(policy.id, None)
            self.pool.unexpect(policy.id)

    def serve_remote(self, policy: Policy, served_as: str, client: Client) -> None:
        """Serve a policy that runs elsewhere, under the name it has there."""
        self.pool.serve(policy.id, client)
        self._up[policy.id] = policy, served_as

    async def bring_up(self, policy: Policy) -> None:
        """Serve a local policy; one that is up already stays, one that was leaving too.

        Raises:
            EndpointError: it does not come up.
        """
        self._leaving.discard(policy.id)
        while policy.id not in self._up:
            if (moves := self._moving.get(policy.id)) is not None:
                await moves.wait()
                continue
            with self._moves(policy.id):
                self.pool.serve(policy.id, await self.launcher.launch(policy))
                self._up[policy.id] = policy, policy.name

    async def retire(self, policy: str) -> None:
        """Stop serving a policy, after the last of its calls; one that is brought up meanwhile stays."""
        if not self.is_up(policy):
            return
        self._leaving.add(policy)
        try:
            with waiting(f"the last calls of {self._up[policy][1]!r} to be answered", STRAGGLER):
                await self.pool.idle(policy)
            if policy not in self._leaving:
                return
            # From the look at its calls to here nobody else ran, so no call began.
            gone, _ = self._up.pop(policy)
        finally:
            self._leaving.discard(policy)
        with self._moves(policy):
            await self.pool.retire(policy)
            await self.launcher.retire(gone)

    @contextmanager
    def _moves(self, policy: str) -> Iterator[None]:
        self._moving[policy] = asyncio.Event()
        try:
            yield
        finally:
            self._moving.pop(policy).set()

    @asynccontextmanager
    async def quiet(self) -> AsyncIterator[None]:
        """No new calls, and the servers at rest, while training has the cores."""
        self.limiter.close()
        self.launcher.rest(True)
        try:
            yield
        finally:
            self.launcher.rest(False)
            self.limiter.open()

    def tokens(self) -> tuple[int, int]:
        """Prompt and completion tokens since the fleet came up."""
        return self.pool.tokens()

    async def close(self) -> None:
        """End every server that was started, and every connection."""
        await self.pool.close()
        await self.launcher.close()
