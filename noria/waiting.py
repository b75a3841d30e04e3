"""What a run waits for, said aloud once nothing has finished for a while.

    with waiting("the critic's answer …", 300) as wait:      a call, a server's start, a training
        wait.heard("step 12 of 30")                           ─► the watch: one line, twice as late each time

Whoever waits for something outside (an endpoint, a subprocess, a sandbox) says so, how long
it will wait, and what it last heard. The watch is found through the context of the session
that runs; where nobody watches, saying it costs nothing and changes nothing. The watch ends
no wait: each has its own deadline, which the line names.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field

QUIET = 30.0
"""Seconds without anything finished after which the first line is said."""

LOOK = 1.0
"""Seconds between two looks."""


@dataclass(eq=False)
class Wait:
    """One thing that is waited for."""

    what: str
    patience: float
    """Seconds after which whoever waits gives up, counted from `since`."""
    since: float
    said: str = ""
    """What was last heard of it."""
    silence: bool = False
    """Whether the patience is with its silence: hearing of it begins the count anew."""
    watch: "Watching | None" = None

    def heard(self, said: str) -> None:
        """It lives, and says this; hearing the same again is no sign of life."""
        if said == self.said:
            return
        self.said = said
        if self.silence:
            self.since = time.monotonic()
        if self.watch is not None:
            self.watch.moved = time.monotonic()


@dataclass
class Watching:
    """All that one session waits for, and when something last finished."""

    moved: float = field(default_factory=time.monotonic)
    waits: dict[Wait, None] = field(default_factory=dict)
    """In the order they began."""
    _told: tuple[float, float] = (0.0, 0.0)
    """What `moved` was at the last line, and the seconds after it at which the next is due."""

    def begin(self, wait: Wait) -> None:
        """Know of a wait; the first after a time of none begins the count."""
        if not self.waits:
            self.moved = wait.since
        self.waits[wait] = None

    def end(self, wait: Wait) -> None:
        """Something came to its end, well or not."""
        del self.waits[wait]
        self.moved = time.monotonic()

    def look(self, now: float, quiet: float) -> str:
        """A line where nothing has moved for `quiet` seconds, and again after twice the time each time; else empty."""
        since, due = self._told
        due = due if since == self.moved else quiet
        if not self.waits or now - self.moved < due:
            return ""
        self._told = (self.moved, 2 * (now - self.moved))
        return f"nothing has finished for {now - self.moved:.0f} s; waiting for {self.line(now)}"

    def line(self, now: float) -> str:
        """What is waited for: the oldest of each kind, how many there are, and when it is given up."""
        kinds: dict[str, list[Wait]] = {}
        for wait in self.waits:
            kinds.setdefault(wait.what, []).append(wait)
        parts = []
        for what, waits in kinds.items():
            oldest = min(waits, key=lambda wait: wait.since)
            many = f", {len(waits)} of them, the oldest for" if len(waits) > 1 else ", for"
            silent = " without a word" if oldest.silence else ""
            left = max(0.0, oldest.since + oldest.patience - now)
            said = f" ({oldest.said[:160]})" if oldest.said else ""
            parts.append(f"{what}{many} {now - oldest.since:.0f} s{silent}{said}, given up in {left:.0f} s")
        return "; ".join(parts[:4]) + (f"; and {len(parts) - 4} more" if len(parts) > 4 else "")


_watching: ContextVar[Watching | None] = ContextVar("noria_watching", default=None)


@contextmanager
def waiting(what: str, patience: float, *, silence: bool = False) -> Iterator[Wait]:
    """Wait for something for at most `patience` seconds, which whoever waits holds to; the watch knows of it.

    `silence`: the seconds are those without a word from it.
    """
    watch = _watching.get()
    wait = Wait(what, patience, time.monotonic(), silence=silence, watch=watch)
    if watch is None:
        yield wait
        return
    watch.begin(wait)
    try:
        yield wait
    finally:
        watch.end(wait)


@asynccontextmanager
async def watched(say: Callable[[str], None], *, quiet: float = QUIET) -> AsyncIterator[Watching]:
    """Watch what this context and the tasks it starts wait for; `say` a line when nothing finished for `quiet` seconds.

    The line comes again after twice the time each time, until something finishes.
    """
    watch = Watching()
    token = _watching.set(watch)
    look = asyncio.create_task(_look(watch, say, quiet))
    try:
        yield watch
    finally:
        look.cancel()
        with suppress(asyncio.CancelledError):
            await look
        with suppress(ValueError):  # closed from another context than it was opened in
            _watching.reset(token)


async def _look(watch: Watching, say: Callable[[str], None], quiet: float) -> None:
    while True:
        await asyncio.sleep(min(LOOK, quiet / 4))
        if said := watch.look(time.monotonic(), quiet):
            say(said)
