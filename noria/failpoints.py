"""Named points at which a test may end the process as a crash would: at once, with nothing cleaned up.

    at("turn.paid") ─┬► nobody listens: one look at a variable
                     └► NORIA_DIE_AT=turn.paid:3 ─► the third time it comes there: SIGKILL to itself

A crash between two writes is where a promise breaks, so the points stand between them. The
list is closed: a point that is not in it does not type-check, and a test holds that each
name of it stands in the code and is passed by a dry run. What a point is told besides its
name is for a test that listens; nothing is ever written here.
"""

import os
import signal
from collections.abc import Callable
from typing import Any, Literal, get_args

from noria.errors import ConfigError

VARIABLE = "NORIA_DIE_AT"
"""Environment variable that arms a point: its name, or `name:hit` for a later time than the first."""

Point = Literal[
    "ledger.empty",  # its file is there, and no table
    "ledger.before_commit",  # a transaction waits, nothing of it is done
    "ledger.in_commit",  # its rows are written, not committed
    "ledger.after_commit",  # it is on disk, and nobody was told
    "ledger.acknowledged",  # who awaited it knows; told of the rows
    "call.begun",  # a model is about to be asked; told of the key
    "turn.paid",  # it answered, and the turn is not kept
    "turn.kept",
    "deal.made",  # verifiers and judge are measured, the deal is not committed
    "deal.committed",
    "batch.reached",  # a batch comes; told of the context, the round and the batch
    "templates.taken",  # the changed ones are in force, the batch is not committed
    "batch.committed",
    "session.holds",  # it waits for a person; told of the context
    "session.goes_on",
    "episode.played",  # decided, and not settled
    "episode.settled",
    "index.behind",  # the outbox holds what the index lacks
    "index.half_written",  # one of its two collections has the rows
    "index.written",  # it has them, and the outbox still names them
    "index.caught_up",
    "batch.settled",  # the ledger knows, the checkpoint does not
    "rows.curated",
    "training.rows_written",
    "training.adapter_made",
    "training.published",  # the folder has its name, the policy has no row
    "training.policy_kept",
    "exam.answered",  # one item of an exam
    "exam.held",  # decided, and not kept
    "exam.kept",
    "promotion.flipped",  # the pointer moved, the round does not say so
    "promotion.kept",
    "round.kept_out",
    "round.seated",
    "round.probated",
    "round.guarded",
    "session.ended",  # the graph is at its end, the ledger does not say so
    "session.finished",
]  # fmt: skip
"""Every point, in about the order a round comes by them."""

POINTS: tuple[Point, ...] = get_args(Point)

Witness = Callable[[Point, Any], None]

_witness: Witness | None = None


def at(point: Point, what: Any = None) -> None:
    """Come by a point; `what` is what a witness is told besides its name."""
    if _witness is not None:
        _witness(point, what)


def watch(witness: Witness | None) -> None:
    """Let a witness see every point that is passed, from whichever thread passes it; none stops it."""
    global _witness
    _witness = witness


def arm(wanted: str = "") -> None:
    """Arm the point that the environment names, if it names one.

    Raises:
        ConfigError: there is no such point.
    """
    wanted = wanted or os.environ.get(VARIABLE, "")
    if not wanted:
        return
    name, _, hit = wanted.partition(":")
    if name not in POINTS or not (hit or "1").isdecimal():
        raise ConfigError(f"{VARIABLE} names no point: {wanted!r}.", mend=f"The points are {', '.join(POINTS)}.")
    watch(Deadly(name, int(hit or "1")))


class Deadly:
    """Ends the process when it comes by a point for the nth time."""

    def __init__(self, point: str, hit: int = 1) -> None:
        """Wait for a point."""
        self.point = point
        self.left = hit

    def __call__(self, point: Point, what: Any) -> None:
        """Count, and die: no handler runs, no buffer is flushed."""
        if point == self.point:
            self.left -= 1
            if self.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
