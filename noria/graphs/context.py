"""What the graphs are given to work with; none of it is ever checkpointed."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Protocol

from langgraph.runtime import RunControl

from noria.agents.base import Desk
from noria.config import SessionConfig
from noria.errors import ModelError
from noria.evaluators.contamination import Kept
from noria.evaluators.domain import Domain
from noria.graphs.border import Border
from noria.graphs.elsewhere import Elsewhere
from noria.graphs.hands import Hands
from noria.graphs.hygiene import Hygiene
from noria.graphs.novelty import Clerk
from noria.inference.fleet import Fleet
from noria.memory.history import History
from noria.memory.moves import withdrawn
from noria.memory.neighbours import Neighbours
from noria.memory.seatings import held
from noria.training.curate import Curated
from noria.training.standing import stand
from noria.types import ROLES, Dealt, Episode, Policy, Role


class Trainer(Protocol):
    """Who trains."""

    def __call__(
        self, name: str, number: int, base: Policy, chosen: Curated, on_step: Callable[[Any], None],
        *, student: bool = True, epochs: int = 0,
    ) -> Awaitable[Policy]:  # fmt: skip
        """The policy that learned the rows; `epochs` stand for the config's where they are given."""
        ...


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
    hygiene: Hygiene
    remote: dict[str, str] = field(default_factory=dict)
    """Endpoint name to the id of the policy that answers there."""
    lineage: set[str] = field(default_factory=set)
    """Ids of the policies of the student's lineage."""
    instead: dict[str, str] = field(default_factory=dict)
    """Withdrawn policy to the one that sits in its place; the desk looks here."""
    pointing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever moves the student's pointer, or lets policies go that it may move to."""
    tell: Callable[[str, dict[str, Any]], None] = lambda event, facts: None
    """Told of what happens, for whoever watches."""
    ended: Callable[[Episode], None] = lambda episode: None
    """Told of each ended episode."""
    hands: Hands = field(default_factory=Hands)
    """The batches of which hands play."""
    border: Border = field(default_factory=Border)
    """Where one of them ends and the next begins."""
    refused_calls: int = 0
    """Endpoint errors since the last episode that came through."""
    control: RunControl = field(default_factory=RunControl)
    """Through which the session graph is asked to end after the step it takes."""
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    """Rung when somebody said something that a session which stands still may wait for."""
    episode: Any = None
    """The graph that its episodes are played by."""
    afar: Elsewhere | None = None
    """Who plays hands in other processes; none where they are played in this one."""
    serves: bool = False
    """Whether its pool is served, so that policies may be brought up."""
    _exams: tuple[int, Kept] = field(default_factory=lambda: (0, Kept([])))

    def leave(self) -> None:
        """Ask the session to finish what is in hand, save, and leave."""
        self.control.request_drain("interrupt")
        self.bell.set()

    def hand(self, number: int, batch: int, key: str) -> tuple[Clerk, Dealt]:
        """The clerk and the dealt hand of an episode, as it is played."""
        return self.hands.hand(self, number, batch, key)

    def domain(self, dealt: Dealt) -> Domain:
        """The family of tasks that a hand was dealt of."""
        return self.domains[dealt.domain].at(dealt.level)

    def temperature(self, dealt: Dealt) -> float:
        """The temperature that generator and solver play a hand at."""
        return self.config.play.temperature if dealt.temperature is None else dealt.temperature

    def exams(self) -> Kept:
        """The items of every exam that was held; read again when there is another."""
        if (held := len(self.history.exams())) != self._exams[0]:
            self._exams = held, self.hygiene.examined(self.history)
        return self._exams[1]

    def policy(self, key: str) -> Policy:
        """A policy of the ledger by id or name."""
        if (found := self.history.policy(key)) is None:
            raise ModelError(f"The session knows no policy {key!r}.", mend="`noria status` lists them.")
        return found

    def pointer(self, name: str) -> Policy:
        """The policy `base` or `student` points at."""
        found = self.history.pointer(name)
        assert found is not None, f"the session was started without a {name}"
        return found

    def seats(self) -> dict[Role, str]:
        """The policy in each seat, now: the student solves at once, and sits elsewhere where it earned it."""
        earned, seats = held(self.history, withdrawn(self.history)), dict[Role, str]()
        for role in ROLES:
            who = self.config.seat(role)
            if who in ("student", "base") and role != "solver":
                seats[role] = earned[role].policy if role in earned else self.pointer("base").id
            else:
                seats[role] = self.remote[who] if who in self.remote else self.pointer(who).id
        return seats

    def withdraw(self, policies: Collection[str], to: str) -> None:
        """Let another policy sit wherever these sat."""
        gone = {*policies, *(old for old, new in self.instead.items() if new in policies)}
        self.instead.update(dict.fromkeys(gone, to))

    async def bring_up(self, policy: Policy) -> None:
        """Serve a policy, unless it is up."""
        if not self.fleet.is_up(policy.id):
            self.tell("bring_up", {"policy": policy.name})
            await stand(policy, self.history.pointer("base"))
            started = time.monotonic()
            await self.fleet.bring_up(policy)
            took = json.loads(self.history.ledger.fact("bring_up") or "{}")
            took[policy.name] = round(time.monotonic() - started, 1)
            await self.history.keep_fact("bring_up", json.dumps(took))
