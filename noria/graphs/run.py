"""Running a session: open what it needs, turn the wheel, leave everything closed and resumable.

    config ─► ledger (locked) ─► seeds, policies ─► fleet ─► graph + checkpointer ─► summary

The same path starts a session and resumes one: what the ledger already holds is found, and
what it does not hold is made. Servers are ended and the ledger is closed however it ends.
"""

import errno
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from noria.config import SessionConfig
from noria.errors import NoriaError, RunError, SessionError, storage
from noria.graphs.opening import Means, Watch, opened
from noria.graphs.session import build
from noria.graphs.session_state import State
from noria.graphs.summary import summarise
from noria.memory import tables
from noria.memory.history import History
from noria.memory.ledger import FILE, Ledger, replace, told
from noria.training.trainer import PRETENDED

CHECKPOINTS = "checkpoints.db"
THREAD = "session"

STEPS = 1_000_000
"""Steps of the graph one run may take; the session has its own reasons to stop."""


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
    """Refuse to start a session over another.

    Raises:
        SessionError: the folder holds a session.
    """
    if (folder / FILE).exists():
        raise SessionError(
            f"{str(folder)!r} already holds a session.",
            mend=f"`noria resume {folder}` goes on with it; another `session:` starts a new one.",
        )


async def run(config: SessionConfig, means: Means, watch: Watch | None = None) -> dict[str, Any]:
    """Play a session to its end, from its beginning or from where it was left; returns its summary.

    Raises:
        NoriaError: bad input, or a run that failed midway and can be resumed.
    """
    if (config.session / FILE).exists() and told(config.session, "finished"):
        return summary(config.session)
    async with opened(config, means, watch or Watch()) as context:
        async with _checkpoints(config.session) as saver:
            graph = build().compile(checkpointer=saver, name="session")
            place: RunnableConfig = {"configurable": {"thread_id": THREAD}, "recursion_limit": STEPS}
            left = (await graph.aget_state(place)).next
            first: State = {"round": _unfinished(context.history)}
            with midway(config.session):
                state = await graph.ainvoke(None if left else first, place, context=context, durability="sync")
        await context.history.keep_fact("finished", state["stop"])
        return summarise(context.history)


@contextmanager
def midway(folder: Path) -> Iterator[None]:
    """Turn what ends a run that had begun into a sentence that says it can be resumed.

    Raises:
        RunError: whatever ended it; an interrupt and a fault of ours pass as they are.
    """
    again = "`noria resume` goes on from here."
    try:
        yield
    except RunError:
        raise
    except NoriaError as fault:
        raise RunError(f"The run failed midway: {fault.what}", mend=f"{fault.mend} Then {again}".strip()) from fault
    except (OSError, sqlite3.Error) as fault:
        full = getattr(fault, "errno", None) == errno.ENOSPC or "full" in str(fault)
        what, mend = ("is full", "Free some space") if full else (f"cannot be written ({fault})", "Check the disk")
        raise RunError(f"The disk that holds {str(folder)!r} {what}.", mend=f"{mend}, then {again}") from fault


def _unfinished(history: History) -> int:
    """The round to begin with where no checkpoint says: the first that has not ended."""
    return next((number for number, phase, _ in history.rounds() if phase != "ended"), len(history.rounds()) + 1)


@asynccontextmanager
async def _checkpoints(folder: Path) -> AsyncIterator[AsyncSqliteSaver]:
    """The graph's place, kept beside the ledger, which is the truth where the two disagree."""
    with storage(folder / CHECKPOINTS):
        # A write that is cancelled between statement and commit would hold its lock for good: each commits itself.
        async with aiosqlite.connect(folder / CHECKPOINTS, isolation_level=None) as connection:
            await connection.execute("PRAGMA synchronous=NORMAL")
            yield AsyncSqliteSaver(connection)


def note_machine(folder: Path, peak_bytes: int, seconds: float) -> None:
    """Add what a run needed of the machine to its session, which is closed by now."""
    if not (folder / FILE).exists():
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
