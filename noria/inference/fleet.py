"""The fleet: every policy of a session, served under a name, behind one client.

    base ──────► vLLM ─┐
    student ───► vLLM ─┼─► pool ─► agents          (or one vLLM with adapters)
    endpoints ─► URL ──┘

A policy is its weights; the name it is served under and the server behind it are facts of
the day, kept here. On a GPU a trained student is an adapter in the running server; on a
CPU, where adapter weights are gathered token by token, it comes merged, in a server of its
own. A new student always gets a new name; nothing is reloaded in place, and the old one
stays until it is retired.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from noria.errors import EndpointError
from noria.inference.client import Client
from noria.inference.limiter import Limiter
from noria.inference.pool import Pool
from noria.types import Policy


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

    def served_as(self, policy: str) -> str:
        """The name a policy answers under.

        Raises:
            EndpointError: it is not up.
        """
        if policy not in self._up:
            raise EndpointError(
                f"The policy {policy!r} is not served.", mend="`noria resume` brings the pool up again."
            )
        return self._up[policy][1]

    def served(self) -> dict[str, str]:
        """Every policy that is served, with the name it answers under."""
        return {policy: name for policy, (_, name) in self._up.items()}

    def is_up(self, policy: str) -> bool:
        """Whether a policy is served."""
        return policy in self._up

    def serve_remote(self, policy: Policy, served_as: str, client: Client) -> None:
        """Serve a policy that runs elsewhere, under the name it has there."""
        self.pool.serve(policy.id, client)
        self._up[policy.id] = policy, served_as

    async def bring_up(self, policy: Policy) -> None:
        """Serve a local policy; one that is up already stays.

        Raises:
            EndpointError: it does not come up.
        """
        if policy.id not in self._up:
            self.pool.serve(policy.id, await self.launcher.launch(policy))
            self._up[policy.id] = policy, policy.name

    async def retire(self, policy: str) -> None:
        """Stop serving a policy."""
        if (gone := self._up.pop(policy, None)) is not None:
            await self.pool.retire(policy)
            await self.launcher.retire(gone[0])

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
