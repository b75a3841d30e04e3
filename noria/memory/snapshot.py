"""A session that is read for long, standing still: while somebody plays in it, a copy of its ledger.

nobody plays ─► the folder itself          somebody does ─► SQLite's backup ─► a folder of its own, gone afterwards
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from noria.errors import SessionError
from noria.memory.ledger import FILE


@contextmanager
def snapshot(session: Path) -> Iterator[Path]:
    """A folder whose ledger nobody writes: the session's own, or that of a copy made now.

    Raises:
        SessionError: the ledger cannot be read.
    """
    if not (session / FILE).is_file() or not _played(session):
        yield session
        return
    with tempfile.TemporaryDirectory(prefix="noria-") as place:
        try:
            with (
                closing(sqlite3.connect(f"file:{session / FILE}?mode=ro", uri=True, timeout=30)) as live,
                closing(sqlite3.connect(Path(place) / FILE)) as copy,
            ):
                live.backup(copy)
        except sqlite3.Error as fault:
            raise SessionError(f"The ledger of {str(session)!r} cannot be copied: {fault}.") from fault
        yield Path(place)


def _played(session: Path) -> bool:
    """Whether the process that last took the session may still hold it; a doubt costs a copy."""
    try:
        os.kill(int((session / "session.lock").read_text(encoding="ascii")), 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True
