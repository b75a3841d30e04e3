"""What the graphs are given to work with; none of it is ever checkpointed."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from noria.agents.base import Desk
from noria.config import SessionConfig
from noria.errors import EndpointError, ModelError, RunError
from noria.evaluators.domain import Domain
from noria.graphs.novelty import Clerk
from noria.inference.fleet import Fleet
from noria.memory.history import History
from noria.memory.neighbours import Neighbours
from noria.training.curate import Curated
from noria.training.standing import stand
from noria.types import ROLES, Dealt, Episode, Policy, Role

Trainer = Callable[[str, int, Policy, Curated, Callable[[Any], None]], Awaitable[Policy]]
"""Name, round, base and rows to the policy that learned them; told of each step."""

PATIENCE = 8
"""Endpoint errors in a row after which a session stops rather than spends its deal on them."""


@dataclass
class Context:
    """Clients, stores and settings of one running session."""

    config: SessionConfig
    domains: dict[str, Domain]
    history: History
    index: Neighbours
    desk: Desk
    fleet: Fleet
    trainer: Trainer
    remote: dict[str, str] = field(default_factory=dict)
    """Endpoint name to the id of the policy that answers there."""
    lineage: set[str] = field(default_factory=set)
    """Ids of the policies of the student's lineage."""
    tell: Callable[[str, dict[str, Any]], None] = lambda event, facts: None
    """Told of what happens, for whoever watches."""
    ended: Callable[[Episode], None] = lambda episode: None
    """Told of each ended episode."""
    mark: tuple[float, tuple[int, int]] | None = None
    """When the batch that plays began, and the tokens spent by then."""
    refused_calls: int = 0
    """Endpoint errors since the last episode that came through."""
    _batch: tuple[int, int] = (0, -1)
    _clerk: Clerk | None = None
    _hands: dict[str, Dealt] = field(default_factory=dict)

    @property
    def clerk(self) -> Clerk:
        """The clerk of the batch that plays."""
        assert self._clerk is not None, "no batch is being played"
        return self._clerk

    def hand(self, number: int, batch: int, key: str) -> tuple[Clerk, Dealt]:
        """The clerk and the dealt hand of an episode.

        The first hand of a batch opens it, in a new round as in a resumed one: the clerk knows from
        the ledger who has ended, the time of play is taken, and whoever watches is told.
        """
        if self._batch != (number, batch) or self._clerk is None:
            size = self.config.play.batch
            dealt = self.history.deal(number)[batch * size : (batch + 1) * size]
            self._clerk = Clerk(self.history, self.index, self.config.play.near_duplicate, dealt)
            self._hands = {one.episode: one for one in dealt}
            self.mark = (time.monotonic(), self.fleet.tokens())
            over = self.history.ended(number)
            if self._batch[0] != number:
                whole = self.history.deal(number)
                self.tell("deal", {"round": number, "episodes": len(whole), "ended": len(over)})
            for one in dealt:
                if one.episode in over:
                    self._clerk.recall(one, self.history.episode(one.episode), self.domain(one))
            self._batch = (number, batch)
        return self._clerk, self._hands[key]

    def domain(self, dealt: Dealt) -> Domain:
        """The family of tasks that a hand was dealt of."""
        return self.domains[dealt.domain].at(dealt.level)

    def policy(self, key: str) -> Policy:
        """A policy of the ledger by id or name."""
        found = self.history.policy(key)
        if found is None:
            raise ModelError(f"The session knows no policy {key!r}.", mend="`noria status` lists them.")
        return found

    def pointer(self, name: str) -> Policy:
        """The policy `base` or `student` points at."""
        found = self.history.pointer(name)
        assert found is not None, f"the session was started without a {name}"
        return found

    def seats(self) -> dict[Role, str]:
        """The policy in each seat, now."""
        seats: dict[Role, str] = {}
        for role in ROLES:
            who = self.config.seat(role)
            seats[role] = self.remote[who] if who in self.remote else self.pointer(who).id
        return seats

    async def bring_up(self, policy: Policy) -> None:
        """Serve a policy, unless it is up."""
        if not self.fleet.is_up(policy.id):
            self.tell("bring_up", {"policy": policy.name})
            await stand(policy, self.history.pointer("base"))
            await self.fleet.bring_up(policy)

    async def must_live(self, fault: EndpointError) -> None:
        """Let one endpoint error be an episode's outcome, unless a server died or nothing comes through.

        Raises:
            RunError: going on would only spend the deal on errors.
        """
        self.refused_calls += 1
        if (words := await self.fleet.launcher.alive()) or self.refused_calls >= PATIENCE:
            raise RunError(
                f"The run cannot go on: {words or fault}", mend="`noria resume` goes on from here."
            ) from fault
