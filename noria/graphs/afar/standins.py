"""What a player stands on besides its history, and where the session's process is asked instead.

claim ─► the session's clerk, in deal order
call  ─► an endpoint of the config, by itself; a policy that the session serves, through its process
near  ─► passages: the few of a session, embedded here
"""

from collections.abc import Sequence
from functools import cached_property

import numpy

from noria.errors import EndpointError
from noria.graphs.afar.line import Line
from noria.graphs.claims import Claim
from noria.graphs.hands import Hands
from noria.graphs.novelty import Clerk
from noria.inference.client import Client, Completion, Request
from noria.inference.pool import Pool
from noria.memory.embed import Embedder, StaticEmbedder, Vectors
from noria.memory.neighbours import Neighbour, Neighbours
from noria.types import Dealt, Policy, Reason, Seed


class Counter(Clerk):
    """Stands in for the clerk of a batch."""

    def __init__(self, line: Line) -> None:
        """Ask over a line."""
        self._line = line

    async def claim(self, dealt: Dealt, claim: Claim) -> tuple[Reason, str] | None:
        """Have the session's clerk decide, in its turn (see `Clerk.claim`)."""
        refusal: tuple[Reason, str] | None = await self._line.ask("claim", dealt, claim)
        return refusal


class Dealer(Hands):
    """Stands in for the batches that play: every hand has the same clerk."""

    def __init__(self, line: Line) -> None:
        """Ask over a line."""
        super().__init__()
        self._counter = Counter(line)

    def clerk(self, key: str) -> Clerk:
        """Who asks the session's clerk."""
        return self._counter


class Shelf(Neighbours):
    """Stands in for the neighbour index: an episode asks it for vectors, and for passages."""

    def __init__(self, passages: Sequence[Seed]) -> None:
        """Hold the passages of the session's documents."""
        self._held = passages
        self._embedder: Embedder | None = None

    @property
    def embedder(self) -> Embedder:
        """The embedder, loaded at first use."""
        if self._embedder is None:
            self._embedder = StaticEmbedder()
        return self._embedder

    @cached_property
    def _vectors(self) -> Vectors:
        return self.embedder.embed([one.text for one in self._held])

    def nearest_passages(self, text: str, count: int) -> list[Neighbour]:
        """The passages nearest to a text, nearest first."""
        likeness = self._vectors @ self.embedder.embed([text])[0]
        best = [int(at) for at in numpy.argsort(-likeness, kind="stable")[:count]]
        return [Neighbour(self._held[at].id, self._held[at].text, float(likeness[at])) for at in best]


class Caller:
    """Stands in for the pool: calls by itself what it reaches, and has the session's process call the rest."""

    def __init__(self, line: Line, pool: Pool) -> None:
        """Reach by itself what the pool has."""
        self._line = line
        self._pool = pool

    async def complete(self, request: Request) -> Completion:
        """Answer one request (see `Client.complete`)."""
        if self._pool.client(request.policy) is not None:
            return await self._pool.complete(request)
        completion: Completion = await self._line.ask("call", request)
        return completion

    async def unasked(self, request: Request) -> Completion | None:
        """Let a policy speak in the user's place (see `Speaker.unasked`)."""
        if self._pool.client(request.policy) is not None:
            return await self._pool.unasked(request)
        completion: Completion | None = await self._line.ask("unasked", request)
        return completion

    async def close(self) -> None:
        """Give its connections back."""
        await self._pool.close()


class Nobody:
    """Stands in for the launcher, and for the trainer: a player brings no policy up, and trains none."""

    async def launch(self, policy: Policy) -> Client:
        """Refuse."""
        raise EndpointError(f"A player serves no policy of its own, and not {policy.name!r}.")

    async def retire(self, policy: Policy) -> None:
        """Nothing to take down."""

    def keeps(self, policy: Policy) -> bool:
        """No."""
        return False

    async def alive(self) -> str:
        """Nothing can die here."""
        return ""

    def rest(self, resting: bool) -> None:
        """Nothing to rest."""

    async def close(self) -> None:
        """Nothing to end."""

    async def __call__(self, *given: object, **named: object) -> Policy:
        """Refuse."""
        raise EndpointError("A player trains nothing.")
