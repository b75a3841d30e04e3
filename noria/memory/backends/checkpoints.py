"""Where the graph's checkpoints go when the ledger is in PostgreSQL: into the session's schema, beside the ledger.

They may lag behind it as they may in SQLite (`synchronous_commit=off`): the ledger is the truth where the two
disagree, and a resumed session finds there what a lost checkpoint would have said.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from noria.memory.backends import backend
from noria.memory.backends.place import place


def address(folder: Path) -> str:
    """What a saver of the graph's connects to; empty where the checkpoints are a file of the folder.

    Raises:
        SessionError: the folder does not say where its ledger is.
    """
    if (found := place(folder)) is None:
        return ""
    from psycopg.conninfo import make_conninfo

    from noria.memory.backends.postgres import settings

    told = settings(found, read_only=False)
    told["options"] += " -c synchronous_commit=off"
    return make_conninfo(found.address(), **told)


@contextmanager
def faults(folder: Path) -> Iterator[None]:
    """Turn what PostgreSQL says within into a sentence.

    Raises:
        RunError: it went away.
        SessionError: it refuses.
    """
    kept = backend(folder)
    try:
        yield
    except kept.faults as fault:
        raise kept.sentence(fault) from fault
