"""One process writes a session: whoever opens its folder for that holds a lock on it."""

import fcntl
import os
from pathlib import Path

from noria.errors import SessionError


class Lock:
    """The session folder, held by one process; the kernel lets go when the process ends."""

    def __init__(self, folder: Path) -> None:
        """Take the folder.

        Raises:
            SessionError: another process has it.
        """
        self._file = os.open(folder / "session.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode().strip() or "unknown"
            os.close(self._file)
            raise SessionError(
                f"The session {str(folder)!r} is in use by the process {holder}.",
                mend="Wait for it, stop it, or choose another session folder.",
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let the folder go."""
        os.close(self._file)
