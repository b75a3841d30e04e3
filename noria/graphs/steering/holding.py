"""Standing still: what a session may have to wait for, and the wait itself.

    node ─► owed? ─► interrupt ─► the graph ends its step, checkpoint ─► wait ─┬─ it came ─► Command(resume)
                                                                              ├─ told to leave ─► 130, resumable
                                                                              └─ killed ─► resume asks again

Nobody is given up on: a person has all the time there is, and the watch over waits that should
end says nothing. The servers stay up.
"""

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from langgraph.types import interrupt

from noria.failpoints import at
from noria.graphs.steering.pausing import holding, holds, lifting, paused
from noria.graphs.steering.ruling import waiting_student
from noria.memory.history import History
from noria.memory.reviews import waiting
from noria.memory.rulings import unruled
from noria.memory.steps import Steps
from noria.types import Json

if TYPE_CHECKING:
    from noria.graphs.context import Context

LOOK = 1.0
"""Seconds between two looks at the ledger, should nobody ring."""


def owed(context: "Context", number: int) -> Json:
    """What the session waits for before its next batch; empty where it may play."""
    steps, folder = Steps(context.history), context.config.session
    if paused(steps):
        return {"for": "pause", "round": number, "said": f"it is paused; `noria go-on {folder}` lets it go on"}
    if context.config.approve.samples and (unheard := unruled(context.history, number)):
        many = f"{len(unheard)} sample{'s' * (len(unheard) > 1)}"
        said = f"{many} of round {number} for a person's ruling; `noria waiting {folder}` shows them"
        return {"for": "samples", "round": number, "samples": len(unheard), "said": said}
    active = context.config.methods.active
    if active and active.wait and (open_ := waiting(context.history, number)):
        many = f"{len(open_)} uncertain candidate{'s' * (len(open_) > 1)}"
        said = f"{many} of round {number} for a person's ruling; `noria review {folder}` shows them"
        return {"for": "reviews", "round": number, "reviews": len(open_), "said": said}
    return {}


def owed_for(context: "Context", number: int) -> Json:
    """What the session waits for before it promotes the student of a round; empty where it may."""
    if (student := waiting_student(context.history, number)) is None:
        return {}
    name, folder = context.policy(student).name, context.config.session
    said = f"{name} passed its exam and waits for a person's ruling: `noria approve {folder} {name}`, or `refuse`"
    return {"for": "student", "round": number, "student": name, "said": said}


def stand(context: "Context", number: int, *, student: bool = False) -> None:
    """Interrupt the graph while anything is owed; only inside of a node."""
    while asked := (owed_for if student else owed)(context, number):
        interrupt(asked)


async def wait(context: "Context", asked: Json) -> None:
    """Wait until what was asked is no longer owed.

    Raises:
        asyncio.CancelledError: the session was asked to leave.
    """
    number, find = asked["round"], owed_for if asked["for"] == "student" else owed
    await context.history.ledger.write(holding({**asked, "since": time.time()}))
    context.tell("holds", asked)
    at("session.holds", context)
    while (now := find(context, number)) and now["for"] == asked["for"]:
        if context.control.drain_requested:
            raise asyncio.CancelledError
        context.bell.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(context.bell.wait(), LOOK)
    await context.history.ledger.write(holding(None))
    context.tell("goes_on", asked)
    at("session.goes_on")


async def lift(history: History) -> bool:
    """Let a session go on that was killed while it was paused; whether it was."""
    steps = Steps(history)
    if paused(steps):
        await history.ledger.write(*lifting(steps, "it was paused when its process ended, and was resumed"))
        return True
    if holds(history):
        await history.ledger.write(holding(None))
    return False
