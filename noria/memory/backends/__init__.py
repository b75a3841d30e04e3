"""Where a ledger is kept: a file of SQLite in the session's folder, or a schema of a PostgreSQL database.

    SESSION/ledger.json? ─┬─ no  ─► Sqlite(SESSION)
                          └─ yes ─► Postgres(SESSION, place)

The folder alone says which, so that no command needs the config to find it.
"""

from pathlib import Path

from noria.memory.backends.backend import Backend
from noria.memory.backends.place import place
from noria.memory.backends.sqlite import Sqlite


def backend(folder: Path) -> Backend:
    """Where the ledger of a session's folder is kept, or would be.

    Raises:
        SessionError: the folder says it wrongly, or the driver is not installed.
    """
    if (found := place(folder)) is None:
        return Sqlite(folder)
    from noria.memory.backends.postgres import Postgres

    return Postgres(folder, found)


__all__ = ["Backend", "backend"]
