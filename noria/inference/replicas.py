"""The replicas that serve one policy: who gets the next call, who is left out, who comes back.

    call ─► the least in flight of those with room ─► over
                 └─ none has room ─► it waits in the limiter's line

    in use ──(three faults in a row · its process died · it lacks the model or an adapter)──► ejected
       ▲                                                                                          │
       └──── it lists what it must, adapters it lacks were loaded ◄──── looked at after a while

A replica that is ejected loses its calls in flight: they are cut and go to another, which is safe,
for a call is stored once, under its own key, when it is answered. Where every replica is ejected
none is left out: calls are tried on all of them, as on an endpoint that is alone, until one answers
or their deadline passes. An endpoint that is alone is never ejected. A task is not bound to a
replica: the prefix that all calls of a role share is in every replica's cache after its first few.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from noria.inference.congestion import Congestion
from noria.inference.flow import Flow
from noria.inference.routing import Least

IN_A_ROW = 3
"""Faults, none of its calls answered between them, after which a replica is ejected."""

AWAY = (1.0, 30.0)
"""Seconds until an ejected replica is first looked at, and the most; they double until one of its calls is answered."""


@dataclass(eq=False)
class Replica:
    """One server of several that serve the same."""

    url: str
    key: str
    congestion: Congestion
    gone: Callable[[], str] = lambda: ""
    """A sentence where no answer will ever come, as its process died; empty else."""
    in_flight: int = 0
    ejections: int = 0
    why: str = ""
    """Why it is ejected; empty while it is in use."""
    faults: int = 0
    """Faults since its last answer."""
    look: float = 0.0
    """When it is looked at next, by the loop's clock."""
    pause: float = AWAY[0]
    calls: set[asyncio.Timeout] = field(default_factory=set)
    """Its calls in flight, to be cut."""
    flow: Flow = field(default_factory=Flow)


def at(urls: Iterable[str], key: str, bound: int) -> list[Replica]:
    """A replica at each address, with a window of at most `bound` calls."""
    return [Replica(url, key, Congestion(bound)) for url in urls]


@dataclass(frozen=True, slots=True)
class Seen:
    """A replica, as it is shown."""

    url: str
    in_flight: int
    window: int
    """Calls it may have in flight."""
    rate: float
    """Completion tokens a second."""
    ejections: int
    why: str


class Replicas:
    """The replicas of one policy, or of a base and the adapters in it."""

    def __init__(self, replicas: list[Replica], serves: dict[str, str] | None = None) -> None:
        """All of them in use; `serves` are the models that each must list, with their root where it is known."""
        self.all = tuple(replicas)
        self.serves = serves or {}
        self.adapters: dict[str, str] = {}
        """Adapters that each must have loaded, with their folder."""
        self.say: Callable[[str], None] = lambda said: None
        """Told when a replica is ejected or comes back."""
        self.changed: Callable[[], None] = lambda: None
        """Called when there may be room for calls that wait."""
        self._room: Least[Replica] = Least()
        self._out: Least[Replica] = Least()
        for one in self.all:
            self._shelve(one)

    @property
    def name(self) -> str:
        """Where they are, for a sentence."""
        return self.all[0].url + (f" and {len(self.all) - 1} more" if len(self.all) > 1 else "")

    @property
    def in_use(self) -> int:
        """How many are not ejected."""
        return len(self.all) - len(self._out)

    def choose(self, but: Replica | None = None) -> Replica | None:
        """The replica for a call, which counts as in flight there until `back`; none where none has room.

        `but`: the one that just failed it, chosen only where there is no other.
        """
        found = self._room.least(but) if self.in_use else self._out.least(but)
        if found is not None:
            found.in_flight += 1
            self._shelve(found)
        return found

    def back(self, replica: Replica) -> None:
        """A call is no longer in flight there."""
        replica.in_flight -= 1
        self._shelve(replica)

    def measured(self, replica: Replica) -> None:
        """Its window may have changed."""
        self._shelve(replica)
        self.changed()

    def answered(self, replica: Replica, tokens: int) -> None:
        """A call was answered there."""
        replica.faults, replica.pause = 0, AWAY[0]
        replica.flow.add(tokens)

    def failed(self, replica: Replica, why: str) -> None:
        """A call failed there by no fault of its own."""
        replica.faults += 1
        if said := replica.gone():
            self.eject(replica, said)
        elif replica.faults >= IN_A_ROW:
            self.eject(replica, f"{replica.faults} calls in a row failed there, the last with {why}")

    def eject(self, replica: Replica, why: str) -> None:
        """Leave a replica out until it is looked at and found well; its calls in flight go to another."""
        if replica.why or len(self.all) == 1:
            return
        replica.why, replica.ejections = why, replica.ejections + 1
        self.postpone(replica)
        self._shelve(replica)
        left = self.in_use
        self.say(f"{replica.url} is ejected, {left} of {len(self.all)} replicas left: {why}")
        now = asyncio.get_running_loop().time()
        for call in replica.calls if left else ():
            if not call.expired():
                call.reschedule(now)
        self.changed()

    def postpone(self, replica: Replica) -> None:
        """Look at an ejected replica later, each time after twice as long."""
        replica.look = asyncio.get_running_loop().time() + replica.pause
        replica.pause = min(AWAY[1], replica.pause * 2)

    def admit(self, replica: Replica) -> None:
        """Use an ejected replica again, with the window it had."""
        if replica.why:
            replica.why, replica.faults = "", 0
            self._shelve(replica)
            self.say(f"{replica.url} is back, {self.in_use} of {len(self.all)} replicas in use")
            self.changed()

    def gone(self) -> str:
        """A sentence where no replica will ever answer; empty else."""
        said = [one.gone() for one in self.all]
        return said[0] if all(said) else ""

    def seen(self) -> list[Seen]:
        """Each replica, as it is now."""
        return [
            Seen(
                one.url, one.in_flight, int(one.congestion.limit), one.flow.rate(), one.ejections,
                one.why,
            )
            for one in self.all
        ]  # fmt: skip

    def _shelve(self, replica: Replica) -> None:
        """Put a replica where its state belongs."""
        if replica.why:
            self._room.drop(replica)
            self._out.put(replica, replica.in_flight)
            return
        self._out.drop(replica)
        if replica.congestion.room(replica.in_flight):
            self._room.put(replica, replica.in_flight)
        else:
            self._room.drop(replica)
