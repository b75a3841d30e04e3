"""The sessions that a viewer shows: by name, never by a path that came with a request.

    noria view FOLDER ─┬─ FOLDER holds a session ─► that one
                       └─ else ─► every session below it, looked for again when the list is asked for

A name in an address is looked up among the sessions that were found; nothing of it reaches the
file system. A session that was deleted, or deleted and begun anew, is noticed at the next look.
"""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from noria.errors import SessionError
from noria.memory.backends.place import MARKS, is_session
from noria.memory.catalogue import Catalogue

DEPTH = 3
"""Folders below the viewer's that a session may lie in."""

BETWEEN = "~"
"""Stands in a name for the slash between two folders."""

FIRST, LATER = 5.0, 0.3
"""Seconds that the catalogue may take to come up to the ledger: at a session's first page, and at each later one."""


class Unknown(SessionError):
    """There is no such session, or none any more."""


@dataclass(frozen=True, slots=True)
class Open:
    """A session that is being read."""

    name: str
    """Its name in addresses."""
    folder: Path
    catalogue: Catalogue
    whole: bool = True
    """False where the ledger has more than the catalogue took in yet."""


class Shelf:
    """Finds sessions by their names, and keeps their catalogues open."""

    def __init__(self, folder: Path) -> None:
        """Look for sessions in a folder, or take the folder as the one session."""
        self.folder = folder.resolve()
        self._found: dict[str, Path] = {}
        self._kept: dict[Path, Catalogue] = {}
        self._guard = threading.Lock()

    @property
    def several(self) -> bool:
        """Whether there may be others than one."""
        return not is_session(self.folder)

    def names(self) -> list[str]:
        """The sessions there are now, by name."""
        self._found = dict(self._look())
        return sorted(self._found)

    def place(self, name: str) -> Path:
        """The folder of a session.

        Raises:
            Unknown: there is no such session.
        """
        if name not in self._found:
            self.names()
        folder = self._found.get(name)
        if folder is None:
            raise Unknown(f"There is no session {name!r} here.")
        if not is_session(folder):
            raise _gone(name)
        return folder

    def open(self, name: str, seconds: float | None = None) -> Open:
        """A session by its name, its catalogue brought up to the ledger as far as a fraction of a second allows.

        Raises:
            SessionError: there is no such session, it was deleted while it was read, or its ledger is not readable.
        """
        folder = self.place(name)
        with self._guard:
            known = self._kept.get(folder)
            found = self._kept[folder] = known or Catalogue(folder)
        wait = (LATER if known else FIRST) if seconds is None else seconds
        try:
            return Open(name, folder, found, whole=found.catch_up(wait))
        except SessionError as fault:
            if is_session(folder):
                raise
            with self._guard:
                self._kept.pop(folder, None)
            raise _gone(name) from fault

    def _look(self) -> Iterator[tuple[str, Path]]:
        if not self.several:
            yield _safe(self.folder.name or "session"), self.folder
            return
        for at, folders, files in os.walk(self.folder):
            place = Path(at)
            parts = place.relative_to(self.folder).parts
            known = any(one in files for one in MARKS)
            if known:
                yield _safe(BETWEEN.join(parts)), place
            # A session lies not in a session.
            folders[:] = [] if known or len(parts) >= DEPTH else sorted(one for one in folders if one[0] != ".")


def _gone(name: str) -> Unknown:
    return Unknown(f"The session {name!r} is gone: its folder holds no ledger any more.")


def _safe(name: str) -> str:
    """A folder's name as text that an address can hold: half characters are questions."""
    return name.encode("utf-8", "replace").decode()
