"""Where a session's catalogue lies, and whose turn it is to fill it.

the session's folder, where it can be written ─► SESSION/catalogue.db
a folder that is only read                    ─► the user's cache, by the session's path
"""

import errno
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from noria.errors import NoriaError, SessionError, storage_error
from noria.identity import digest
from noria.memory.catalogue.tables import STATEMENTS, VERSION

FILE = "catalogue.db"
"""Name of the catalogue in a session's folder."""

LOCK = ".lock"
"""What the name of the lock's file ends with."""

LOOK = 0.02
"""Seconds between two looks at a lock that another process holds."""

READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


def place(session: Path) -> Path:
    """The file that a session's catalogue is or will be.

    Raises:
        SessionError: neither the session's folder nor the user's cache can be written.
    """
    own = session / FILE
    try:
        os.close(_opened(own))
        return own
    except OSError as fault:
        if fault.errno not in READ_ONLY:
            raise unwritable(own, fault) from fault
    cached = user_cache_path("noria") / "catalogues" / f"{digest(str(session.resolve()))[:16]}.db"
    try:
        cached.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(_opened(cached))
    except OSError as fault:
        raise unwritable(cached, fault) from fault
    return cached


@contextmanager
def turn(path: Path, until: float | None) -> Iterator[bool]:
    """Hold the right to fill a catalogue; false where another process had it until time was up (none: no end)."""
    try:
        file = _opened(path)
    except OSError as fault:
        raise unwritable(path, fault) from fault
    try:
        while not (mine := _locked(file)) and (until is None or time.monotonic() < until):
            time.sleep(LOOK)
        yield mine
    finally:
        os.close(file)


def make(path: Path) -> None:
    """Put an empty catalogue in the place of whatever is there; readers meet the one or the other, never a half."""
    new = path.with_name(path.name + ".new")
    for file in (new, _beside(new, "-journal")):
        file.unlink(missing_ok=True)
    connection = sqlite3.connect(new, isolation_level=None)
    try:
        connection.execute("BEGIN")
        for statement in STATEMENTS:
            connection.execute(statement)
        connection.execute("INSERT INTO marks VALUES ('version', ?)", (VERSION,))
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
    for file in (path, _beside(path, "-wal"), _beside(path, "-shm")):
        file.unlink(missing_ok=True)
    new.replace(path)


def identity(path: Path) -> tuple[int, int]:
    """Which file this is; none of a path that leads nowhere."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino


def unwritable(path: Path, fault: OSError | sqlite3.Error) -> NoriaError:
    """The sentence for a catalogue that cannot be made or used."""
    if isinstance(fault, OSError) and fault.errno not in (errno.ENOSPC, errno.EDQUOT):
        return storage_error(fault, path)
    if isinstance(fault, OSError) or "full" in str(fault):
        return SessionError(f"The disk that holds the catalogue {str(path)!r} is full.", mend="Free some space.")
    return SessionError(f"The catalogue {str(path)!r} cannot be used: {fault}.", mend="It may be deleted at any time.")


def _opened(path: Path) -> int:
    return os.open(_beside(path, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
