"""What the ledger asks of the database it stands in; all else it says in SQL that both take.

Ledger ─► Backend ─┬─ Sqlite      a file in the session's folder
                   └─ Postgres    a schema of its own in a database elsewhere
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine

from noria.errors import NoriaError
from noria.memory.driver import Driver


class Reading(Protocol):
    """A connection for whoever reads several tables that must agree."""

    driver: Driver

    def snapshot(self) -> AbstractContextManager[None]:
        """Everything that is read within is of one moment."""
        ...

    def version(self) -> object:
        """What is another value once anybody has written."""
        ...

    def has(self, table: str) -> bool:
        """Whether there is a table."""
        ...

    def closed(self) -> bool:
        """Whether the connection was lost."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class Backend(Protocol):
    """Where one session's ledger is kept."""

    mark: Path
    """The file by which the session's folder is known; its time of change is that of the last write."""
    place: str
    """What sentences call the ledger; no password is in it."""
    faults: tuple[type[Exception], ...]
    """What its driver raises, besides what SQLAlchemy makes of it."""
    streams: dict[str, Any]
    """Options of a connection whose rows are read in parts."""

    def take(self) -> None:
        """Hold off whoever else would write, on other machines too.

        Raises:
            SessionError: another process has it.
        """
        ...

    def engine(self, *, read_only: bool) -> Engine:
        """Connections with the durability the design asks for."""
        ...

    def check(self, *, write: bool) -> int | None:
        """Refuse what is newer, damaged or not there; the version that was found, none where nothing was written yet.

        Raises:
            SessionError: it is not to be used.
        """
        ...

    def make(self, writer: Engine, found: int | None) -> None:
        """Have every table of today, in one transaction with the version that says so."""
        ...

    def wrote(self) -> None:
        """Told of every commit."""
        ...

    def lost(self) -> bool:
        """Whether the connection that writes is gone; there is never another."""
        ...

    def damage(self) -> str:
        """What the database itself finds wrong with its pages; empty where nothing is, or where it cannot say."""
        ...

    def sentence(self, fault: Exception) -> NoriaError:
        """What a fault of the driver means."""
        ...

    def reading(self) -> Reading:
        """A connection that reads and never writes."""
        ...

    def release(self) -> None:
        """Let others write."""
        ...
