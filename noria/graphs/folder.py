"""What a session's folder says while nobody plays in it: its config, whether it was begun, its summary."""

import json
from pathlib import Path
from typing import Any

from noria.config import SessionConfig
from noria.errors import SessionError
from noria.graphs.summary import summarise
from noria.memory import tables
from noria.memory.history import History
from noria.memory.ledger import Ledger, is_session, replace
from noria.training.trainer import PRETENDED


def stored(folder: Path) -> tuple[SessionConfig, bool]:
    """The config a session was started with, and whether its policies are pretended (a dry run).

    Raises:
        SessionError: the folder holds no session.
    """
    ledger = Ledger(folder)
    text, base = ledger.fact("config"), History(ledger).pointer("base")
    ledger.close()
    if text is None:
        raise SessionError(f"The session {str(folder)!r} was never started.", mend="`noria run` starts it.")
    # The folder may have been moved since it was written.
    config = SessionConfig.model_validate_json(text).model_copy(update={"session": folder})
    return config, base is not None and base.id == PRETENDED


def must_be_new(folder: Path) -> None:
    """Refuse to start a session over another; one that ended before it wrote down its config holds nothing.

    Raises:
        SessionError: the folder holds a session.
    """
    if begun(folder):
        raise SessionError(
            f"{str(folder)!r} already holds a session.",
            mend=f"`noria resume {folder}` goes on with it; another `session:` starts a new one.",
        )


def begun(folder: Path) -> bool:
    """Whether a session was begun; a ledger that cannot be read is for whoever opens it to write to refuse."""
    try:
        ledger = Ledger(folder)
    except SessionError:
        return False
    try:
        return ledger.fact("config") is not None
    finally:
        ledger.close()


def note_machine(folder: Path, peak_bytes: int, seconds: float) -> None:
    """Add what a run needed of the machine to its session, which is closed by now."""
    if not is_session(folder):
        return
    ledger = Ledger(folder, write=True)
    had = json.loads(ledger.fact("machine") or "{}")
    total = {
        "peak_bytes": max(had.get("peak_bytes", 0), peak_bytes),
        "seconds": round(had.get("seconds", 0.0) + seconds, 1),
    }
    ledger.write_now(replace(tables.meta, {"key": "machine", "value": json.dumps(total)}))
    ledger.close()


def summary(folder: Path) -> dict[str, Any]:
    """The summary of a session that may be running or not.

    Raises:
        SessionError: the folder holds no readable session.
    """
    ledger = Ledger(folder)
    try:
        return summarise(History(ledger))
    finally:
        ledger.close()
