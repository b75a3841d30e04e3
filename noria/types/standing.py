"""Where the student's pointer stands, and every move that led there.

    base ─► promote ─► student-r0001 ─► promote ─► student-r0003
                          ▲                            │
                          └── probation, guard, roll back

A policy that was stepped back from is withdrawn: nothing points at it again. Its samples
stay, for a program verified them whoever wrote them.
"""

from typing import Literal

from noria.types.words import Noun

Cause = Literal["promote", "probation", "guard", "rollback"]
"""What moved the pointer: an exam, a probation that was not passed, a guard, or a person."""


class Move(Noun):
    """One move of the student's pointer."""

    key: str
    """What a step that runs again after a crash finds its move by."""
    round: int
    cause: Cause
    before: str
    """Id of the policy the pointer stood at."""
    after: str
    """Id of the policy it stands at from then on; the same where a policy was withdrawn that no longer played."""
    withdrawn: tuple[str, ...] = ()
    """Policies that may not play again, latest first."""
    why: str
    at: float
    """When it was written, in seconds since the epoch."""
