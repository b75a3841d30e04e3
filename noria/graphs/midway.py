"""A run on its way: where it keeps its place, and what is said when something ends it there.

step ─► checkpoint ─► step ─► … ─┬─ the disk, a server, the index ─► RunError: it can be resumed
                                 └─ asked to leave ─► cancelled, after the step it took
"""

import asyncio
import errno
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiosqlite
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.errors import GraphDrained

from noria.errors import NoriaError, RunError, storage
from noria.memory.backends.checkpoints import address, faults

CHECKPOINTS = "checkpoints.db"
"""Name of the graph's place in a session's folder."""


@contextmanager
def midway(folder: Path) -> Iterator[None]:
    """Turn what ends a run that had begun into a sentence that says it can be resumed.

    Raises:
        RunError: whatever ended it; an interrupt and a fault of ours pass as they are.
        asyncio.CancelledError: it was asked to leave, and has left.
    """
    again = "`noria resume` goes on from here."
    try:
        yield
    except GraphDrained as left:
        raise asyncio.CancelledError from left
    except RunError:
        raise
    except NoriaError as fault:
        raise RunError(f"The run failed midway: {fault.what}", mend=f"{fault.mend} Then {again}".strip()) from fault
    except (OSError, sqlite3.Error) as fault:
        full = getattr(fault, "errno", None) == errno.ENOSPC or "full" in str(fault)
        what, mend = ("is full", "Free some space") if full else (f"cannot be written ({fault})", "Check the disk")
        raise RunError(f"The disk that holds {str(folder)!r} {what}.", mend=f"{mend}, then {again}") from fault


@asynccontextmanager
async def checkpoints(folder: Path) -> AsyncIterator[BaseCheckpointSaver[str]]:
    """The graph's place, kept beside the ledger, which is the truth where the two disagree.

    Raises:
        NoriaError: it cannot be kept there.
    """
    if where := address(folder):
        from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

        with faults(folder):
            async with AsyncPostgresSaver.from_conn_string(where) as kept:
                await kept.setup()
                yield kept
        return
    with storage(folder / CHECKPOINTS):
        # A write that is cancelled between statement and commit would hold its lock for good: each commits itself.
        async with aiosqlite.connect(folder / CHECKPOINTS, isolation_level=None) as connection:
            await connection.execute("PRAGMA synchronous=NORMAL")
            yield AsyncSqliteSaver(connection)
