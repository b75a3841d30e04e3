"""A call that is tried until it is answered, its deadline passes, or nobody will ever answer.

    a place and a replica ─► one try ─┬─► answer
        ▲                             ├─► a refusal ─► EndpointError, with the server's words
        └── at once where another ◄───┴─► a fault
            is in use, else after a growing pause

Places are held while a try lasts, not while it waits for the next one. The deadline begins with
the first place: a call in line has not begun. What a call meets is told to the replica's window
(answers, refusals for want of room, time-outs) and to its health (faults in a row).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar

import aiohttp

from noria.errors import EndpointError
from noria.inference.limiter import Limiter
from noria.inference.replicas import Replica, Replicas
from noria.types import Usage
from noria.waiting import Wait, waiting

AGAIN = frozenset({408, 409, 425, 429})
"""Statuses below 500 that are worth another try."""

FULL = frozenset({429, 503})
"""Statuses that say that there were too many calls."""

PAUSES = (0.25, 8.0)
"""First and longest pause between tries, in seconds."""

TRANSPORT = (aiohttp.ClientError, TimeoutError, ValueError, OSError)
"""Faults of transport, and of a body that is no answer."""

RETRY_AFTER = 60.0
"""Most seconds that a server's Retry-After is followed, and never more than a quarter of the deadline."""

PREFILL = 64
"""Tokens of a prompt that are read in about the time in which one is written."""


class StatusError(Exception):
    """A server answered with a status that is no answer."""

    def __init__(self, status: int, body: object, retry_after: str = "0") -> None:
        """What it said: the error of its JSON, or its text; `retry_after` is the header of that name."""
        super().__init__(f"status {status}")
        self.status = status
        self.body = body
        self.retry_after = retry_after


class Answer(Protocol):
    """What the window of a replica needs to know of an answer."""

    @property
    def usage(self) -> Usage:
        """What it took."""
        ...


Reply = TypeVar("Reply", bound=Answer | None)

Call = Callable[[Replica, float], Awaitable[Reply]]
"""One try on a replica; told when the first one began, by the loop's clock."""


def now() -> float:
    """Seconds by the loop's clock."""
    return asyncio.get_running_loop().time()


class Trying:
    """Tries the calls of one client on its replicas."""

    def __init__(self, replicas: Replicas, limiter: Limiter, deadline: float) -> None:
        """`deadline` in seconds bounds a call with all its tries."""
        self.replicas = replicas
        self.limiter = limiter
        self.deadline = deadline
        replicas.changed = limiter.serve

    async def answer(self, what: str, model: str, call: Call[Reply], choices: int = 1) -> Reply:
        """What the call gives, on whichever replica.

        `what` is waited for, in words; `choices` are how many replies are written side by side.

        Raises:
            EndpointError: no answer within the deadline, a refusal, or nobody who will ever answer.
        """
        replica = await self.limiter.enter(self.replicas)
        with waiting(what, self.deadline) as wait:
            return await self._until(replica, now(), model, call, choices, wait)

    async def _until(
        self, replica: Replica, started: float, model: str, call: Call[Reply], choices: int, waited: Wait
    ) -> Reply:
        until, pause, tries, why = started + self.deadline, PAUSES[0], 0, ""
        while True:
            try:
                return await self._once(replica, started, until, call, choices)
            except StatusError as fault:
                why, wait = f"status {fault.status}: {_words(fault)}", _retry_after(fault, self.deadline)
                if fault.status < 500 and fault.status not in AGAIN:
                    if fault.status != 404 or model not in why or self._last(replica, why):
                        raise EndpointError(f"{replica.url} refuses {model!r}: {why}.") from fault
                elif fault.status != 429:
                    self.replicas.failed(replica, why)
            except TRANSPORT as fault:
                # A truncated or malformed body surfaces as a ValueError: a fault of transport, not a reply.
                wait, late = 0.0, isinstance(fault, TimeoutError) and now() >= until
                # A last try that was cut at the deadline tells less than what the one before it came to.
                if not (why and late):
                    why = f"{type(fault).__name__}: {' '.join(str(fault.__cause__ or fault).split())[:200]}"
                if replica.why:
                    why = f"it was ejected: {replica.why}"
                elif not late:
                    self.replicas.failed(replica, why)
                if said := self.replicas.gone():
                    raise EndpointError(f"{replica.url} will not answer for {model!r}: {said}") from fault
            tries += 1
            if tries < self.replicas.in_use:
                wait = 0.0
            else:
                wait = max(wait, pause * random.uniform(0.5, 1.0))
                pause = min(PAUSES[1], pause * 2)
            waited.said = f"{tries} tries failed, the last with {why}"
            try:
                async with asyncio.timeout_at(until if now() + wait < until else now()):
                    await asyncio.sleep(wait)
                    replica = await self.limiter.enter(self.replicas, replica, again=True)
            except TimeoutError as fault:
                raise EndpointError(
                    f"{self.replicas.name} did not answer for {model!r} within {self.deadline:.0f} s ({why}).",
                    mend="Check that it runs; `noria doctor` probes it.",
                ) from fault

    async def _once(self, replica: Replica, started: float, until: float, call: Call[Reply], choices: int) -> Reply:
        """One try; its places are given back however it ends."""
        began, epoch = now(), replica.congestion.began(replica.in_flight)
        timeout = asyncio.timeout_at(max(until, began + 0.001))
        replica.calls.add(timeout)
        try:
            async with timeout:
                reply = await call(replica, started)
        except StatusError as fault:
            if fault.status in FULL:
                replica.congestion.refused(epoch)
            raise
        except TimeoutError:
            if not replica.why:
                replica.congestion.refused(epoch)
            raise
        else:
            usage = reply.usage if reply is not None else Usage()
            work = usage.completion_tokens / choices + usage.prompt_tokens / PREFILL
            replica.congestion.ended(epoch, now() - began, max(1.0, work))
            self.replicas.answered(replica, usage.completion_tokens)
            return reply
        finally:
            replica.calls.discard(timeout)
            self.limiter.leave(self.replicas, replica)

    def _last(self, replica: Replica, why: str) -> bool:
        """Whether nobody else could have what a replica says it does not have; else it is ejected."""
        if self.replicas.in_use < 2:
            return True
        self.replicas.eject(replica, f"it lacks what it should serve: {why}")
        return False


def _words(fault: StatusError) -> str:
    """The server's own words, on one line."""
    body = fault.body
    said = body.get("message", body) if isinstance(body, dict) else body or "it says no more"
    return " ".join(str(said).split())[:300]


def _retry_after(fault: StatusError, deadline: float) -> float:
    """Seconds the server asks to wait, as far as anyone will: what it says is a number, a date, or nonsense."""
    said = fault.retry_after
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return min(RETRY_AFTER, deadline / 4, seconds) if seconds > 0 else 0.0  # what is no number is not above 0
