"""One process writes a session: whoever opens its folder for that holds a lock on it.

Who only asks whether somebody does (`held`) shares the lock for an instant, so whoever wants
it looks again before it is refused.
"""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from noria.errors import SessionError

FILE = "session.lock"
"""Name of the lock in a session's folder."""

PATIENCE = 0.2
"""Seconds for which a lock that is held is tried again."""


class Lock:
    """The session folder, held by one process; the kernel lets go when the process ends."""

    def __init__(self, folder: Path) -> None:
        """Take the folder.

        Raises:
            SessionError: another process has it.
        """
        self._file = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + PATIENCE
        while not _taken(self._file, fcntl.LOCK_EX):
            if time.monotonic() > until:
                holder = os.pread(self._file, 32, 0).decode().strip() or "unknown"
                os.close(self._file)
                raise SessionError(
                    f"The session {str(folder)!r} is in use by the process {holder}.",
                    mend="Wait for it, stop it, or choose another session folder.",
                )
            time.sleep(PATIENCE / 10)
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let the folder go."""
        os.close(self._file)


def held(folder: Path) -> bool:
    """Whether a process holds a session's folder; nothing is made or changed.

    Raises:
        SessionError: the folder cannot be used.
    """
    try:
        file = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as fault:
        raise SessionError(
            f"The session folder {str(folder)!r} cannot be used: {fault.strerror}.",
            mend="Choose a folder that is yours to write.",
        ) from fault
    try:
        return not _taken(file, fcntl.LOCK_SH)
    finally:
        os.close(file)


def _taken(file: int, how: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, how | fcntl.LOCK_NB)
        return True
    return False
