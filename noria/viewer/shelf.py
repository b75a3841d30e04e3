"""The sessions that a viewer shows: by name, never by a path that came with a request.

noria view FOLDER ─┬─ FOLDER holds a session ─► that one
└─ else ─► every session below it, looked for again when the list is asked for
"""

from dataclasses import dataclass
from pathlib import Path

from noria.memory.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Open:
    """A session that is being read."""

    name: str
    """Its name in addresses."""
    folder: Path
    catalogue: Catalogue


class Shelf:
    """Finds sessions by their names, and keeps their catalogues open."""

    def __init__(self, folder: Path) -> None:
        """Look for sessions in a folder, or take the folder as the one session."""
        self.folder = folder

    def names(self) -> list[str]:
        """The sessions there are now, by name."""
        raise NotImplementedError

    def open(self, name: str) -> Open:
        """A session by its name, its catalogue brought up to the ledger as far as a fraction of a second allows.

        Raises:
            SessionError: there is no such session, or it was deleted while it was read.
        """
        raise NotImplementedError
