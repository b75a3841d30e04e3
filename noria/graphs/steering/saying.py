"""What every kind of steering shares: where the session is, and what a step of it looks like.

body (what was asked) ─► a saying reads the ledger, writes nothing ─► rows to commit, and the answer
"""

import time
from pathlib import Path

from noria.errors import ConfigError, SessionError
from noria.fence import defused
from noria.memory.history import History
from noria.memory.ledger import Write
from noria.memory.steps import Steps
from noria.types import Json, Step, StepKind

Saying = tuple[list[Write], Json]
"""What is to be committed together, and what whoever asked is told."""

LONGEST = 300
"""Characters of a note or a reason."""


def step(
    steps: Steps, kind: StepKind, name: str, said: str, body: Json | None = None, *, key: str = "",
    place: tuple[int, int] | None = None,
) -> Step:  # fmt: skip
    """A step of now; without a key it is one more of its kind."""
    number, batch = place or steps.place()
    return Step(
        key=key or f"{kind}/{steps.count(kind) + 1}", round=number, batch=batch, kind=kind, name=name, said=said,
        body=body or {}, at=time.time(),
    )  # fmt: skip


def folder(history: History) -> Path:
    """The session's folder."""
    return history.ledger.path.parent


def must_play_on(history: History) -> None:
    """Refuse what is for batches to come where there are none.

    Raises:
        SessionError: the session is finished.
    """
    if history.ledger.fact("config") is None:
        raise SessionError(f"The session {str(folder(history))!r} was never started.", mend="`noria run` starts it.")
    if over := history.ledger.fact("finished"):
        raise SessionError(f"The session {str(folder(history))!r} is finished ({over}): no batch plays any more.")


def sentence(text: str, what: str) -> str:
    """A text of a person's own as one line that no prompt takes for anything but words.

    Raises:
        ConfigError: it is empty, too long, or holds invisible letters, control tokens, role lines or marks.
    """
    if not isinstance(text, str) or not (line := " ".join(text.split())):
        raise ConfigError(f"The {what} is empty.", mend="Say it in a sentence.")
    if len(line) > LONGEST:
        raise ConfigError(f"The {what} has {len(line)} characters; {LONGEST} are allowed.", mend="Say it shorter.")
    if defused(line) != line:
        raise ConfigError(
            f"The {what} holds what a prompt would take for a role, a control token or a mark, or invisible letters.",
            mend="Say it in plain words.",
        )
    return line


def named(number: int, batch: int) -> str:
    """A batch in words."""
    return f"batch {batch} of round {number}"
