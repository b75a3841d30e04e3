"""Pause and go on: a run that stands still with its servers up, and nothing lost if it is killed there.

noria pause ─► the batch that plays ends ─► steer interrupts ─► noria go-on
                                               └─ killed ─► still paused ─► noria resume says so, and goes on
"""

import json

from noria.errors import SessionError
from noria.graphs.steering.saying import Saying, folder, must_play_on, step
from noria.memory import tables
from noria.memory.history import History
from noria.memory.ledger import Write, replace
from noria.memory.steps import Steps, stepping
from noria.types import Json

HOLDS = "holds"
"""The fact that holds what a session waits for, and since when; empty where it plays."""


def paused(steps: Steps) -> bool:
    """Whether a person paused the session and nobody has let it go on since."""
    last = steps.last("pause", "go_on")
    return last is not None and last.kind == "pause"


def pause(history: History, body: Json) -> Saying:
    """Pause a session that runs.

    Raises:
        SessionError: nobody runs it, or it is finished.
    """
    must_play_on(history)
    if not body.get("live"):
        where = folder(history)
        raise SessionError(
            f"Nobody runs the session {str(where)!r}: it stands still.", mend=f"`noria resume {where}` goes on with it."
        )
    steps = Steps(history)
    if paused(steps):
        return [], {"state": "done", "said": "It is paused already, or will be before the next batch."}
    said = "paused by a person: it stands still before the next batch"
    return [stepping(step(steps, "pause", "", said))], {
        "state": "done",
        "said": "It will pause before the next batch; what plays is played to its end.",
    }


def go_on(history: History, body: Json) -> Saying:
    """Let a paused session go on."""
    must_play_on(history)
    steps = Steps(history)
    if not paused(steps):
        return [], {"state": "done", "said": "It is not paused."}
    said = (
        "It goes on." if body.get("live") else f"It is not paused any more; `noria resume {folder(history)}` runs it."
    )
    return lifting(steps, "a person let it go on"), {"state": "done", "said": said}


def lifting(steps: Steps, said: str) -> list[Write]:
    """The rows that end a pause."""
    return [stepping(step(steps, "go_on", "", said)), holding(None)]


def holding(what: Json | None) -> Write:
    """The row that says what a session waits for, or that it waits for nothing."""
    return replace(tables.meta, {"key": HOLDS, "value": json.dumps(what) if what else ""})


def holds(history: History) -> Json:
    """What the session waited for when it last said so; empty where it plays."""
    found: Json = json.loads(history.ledger.fact(HOLDS) or "{}")
    return found
