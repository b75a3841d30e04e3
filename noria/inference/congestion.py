"""How many calls an endpoint has in flight at once: found out while it works, tuned by nobody.

    begins at the bound ─► too many? ─► fewer, by a share   (what one server tells, or what fewer calls lose)
            ▲                  └ no ──► more, by a step      (additive increase, multiplicative decrease)
            └──────────────── never above the bound, never below one

Too many is told by one of three. A server that speaks vLLM's metrics says how many wait in its
queue: some keep it full, more only make it longer. A server that refuses (429, 503) or lets a call
time out has had too many, whatever else it says. Of any other one the answer is found by trying:
for one epoch it gets a quarter fewer calls, and if it answers as much as before, that quarter stood
in its queue. Latency alone says little, for a batch that grows makes each of its answers slower and
the whole faster; so latency past a bound does not take calls away, it has the question asked at once.

Speed needs no clock: by Little's law (Operations Research 9, 1961) it is what is in flight over what
one unit of work takes. Increase and decrease follow Chiu and Jain (Computer Networks 17, 1989), the
trial with fewer calls follows BBR (Cardwell et al., ACM Queue 14, 2016). Pure: told, not asking.
"""

from dataclasses import dataclass

LEAST = 32
"""Answers an epoch has at least, for what fewer say is chance: with 8, a server whose answers take as long as it
likes was held a tenth below its best by trials that came out wrong."""

FEWER, HALF = 0.75, 0.5
"""What a trial leaves of the calls in flight, and what a refusal leaves."""

KEPT = 0.95
"""Share of the speed that must be left for a trial's fewer calls to be kept."""

EVERY = 8
"""Epochs between two trials."""

SLOWER = 2.0
"""Growth of what a unit of work takes, since the last trial, that has the next one begin at once."""

STEP, PART = 1 / 16, 0.25
"""By how much of itself the window grows in an epoch, and how much of a call at least."""

ROOM = 1 / 8
"""By how much of itself it grows, by a call at least, each time a server says that nobody waits there."""

QUEUE = 1 / 8
"""Calls that may wait in a server's queue, as a share of those that run: they keep it full."""

CROWDED = 2
"""Readings in a row with more than that: one may have met calls that had just come."""

CACHE = 0.9
"""Share of a server's KV cache in use above which it gets no more."""

FEW = 4
"""Calls in flight below which no trial is made: there is nothing to gain."""


@dataclass(slots=True)
class _Epoch:
    """What was seen of the calls that began in it."""

    number: int
    began: int = 0
    load: float = 0.0
    """Calls in flight as each began, summed."""
    ended: int = 0
    seconds: float = 0.0
    work: float = 0.0


@dataclass(frozen=True, slots=True)
class _Before:
    """How it was before a trial."""

    limit: float
    speed: float
    pace: float


class Congestion:
    """The window of one endpoint."""

    def __init__(self, bound: int) -> None:
        """Allow `bound` calls in flight until something says that they are too many."""
        self.bound = bound
        self.limit = float(bound)
        self.tells = True
        """Whether the server tells how long its queue is; held to be so until it is known that it does not."""
        self._epoch = _Epoch(0)
        self._before: _Before | None = None
        self._pace = 0.0
        self._epochs = EVERY - 1  # the first trial comes after the first epoch
        self._crowded = 0

    def room(self, in_flight: int) -> bool:
        """Whether one more call may begin."""
        return in_flight < int(self.limit)

    def began(self, in_flight: int) -> int:
        """A call begins, counted in `in_flight`; gives the epoch by which its end is told."""
        self._epoch.began += 1
        self._epoch.load += in_flight
        return self._epoch.number

    def ended(self, epoch: int, seconds: float, work: float) -> None:
        """A call was answered after so many seconds; `work` is about how much it asked for, in any unit."""
        now = self._epoch
        if epoch != now.number:
            return
        now.ended += 1
        now.seconds += seconds
        now.work += max(work, 1e-9)
        load = now.load / max(1, now.began)
        if now.ended >= max(LEAST, load):
            pace = max(now.seconds, 1e-9) / now.work
            if not self.tells:
                self._judged(load, pace)
            self._next()

    def refused(self, epoch: int) -> None:
        """The endpoint had too many: it said so, or let a call time out. Once for all calls of an epoch."""
        if epoch == self._epoch.number:
            load = self._epoch.load / max(1, self._epoch.began)
            self._set(min(self.limit, max(load, 1.0)) * HALF)
            self._before, self._epochs = None, 0
            self._next()

    def told(self, running: float, waiting: float, cache: float, in_flight: int) -> None:
        """The server says how many sequences run and wait, and how much of its KV cache is used.

        `in_flight` are our calls now; one of several choices is several sequences there.
        """
        self.tells, self._before = True, None
        most = max(1.0, running * QUEUE)
        self._crowded = self._crowded + 1 if waiting > most else 0
        if self._crowded >= CROWDED and in_flight:
            self._crowded = 0
            self._set(min(self.limit, in_flight * max(HALF, (running + most) / (running + waiting))))
        elif not waiting and cache < CACHE and in_flight >= int(self.limit):
            self._set(self.limit + max(1.0, self.limit * ROOM))

    def blind(self) -> None:
        """The server does not tell its queue."""
        self.tells = False

    def _judged(self, load: float, pace: float) -> None:
        speed, before = load / pace, self._before
        if before is None:
            self._epochs += 1
            slower = 0.0 < SLOWER * self._pace < pace
            if (self._epochs >= EVERY or slower) and load >= FEW:
                self._try(load, speed, pace)
            elif load >= int(self.limit) - 1:
                self._set(self.limit + max(PART, self.limit * STEP))
        elif speed >= KEPT * before.speed and load >= FEW:
            self._try(load, speed, pace)
        else:
            self._before, self._epochs, self._pace = None, 0, pace
            if speed < KEPT * before.speed:
                self._pace = before.pace
                self._set(before.limit)

    def _try(self, load: float, speed: float, pace: float) -> None:
        self._before = _Before(self.limit, speed, pace)
        self._set(min(self.limit, load) * FEWER)

    def _next(self) -> None:
        self._epoch = _Epoch(self._epoch.number + 1)

    def _set(self, limit: float) -> None:
        self.limit = min(float(self.bound), max(1.0, limit))
