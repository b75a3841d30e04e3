"""Where the neighbour index is kept: in Chroma's files in the session's folder, or on a Chroma server.

    SESSION/chroma/        Chroma itself, and the name of its making
    SESSION/chroma.json    where it is instead: {"url": "http://host:8000", "collections": "noria_demo_3f9c01ab", …}

Either can be deleted at any time: what was made anew has another name, and takes everything
from the ledger again. On a server each collection carries the name of its making, so that one
that was deleted there is seen. No token stands in the file; the environment variable it names
holds it.
"""

import json
import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from noria.errors import NoriaError, RunError, SessionError, storage
from noria.memory.backends.place import named

if TYPE_CHECKING:
    import chromadb  # two seconds that only who needs the index pays
    from chromadb.api import ClientAPI

FOLDER = "chroma"
"""Name of the index in a session's folder."""

FILE = "chroma.json"
"""Name of the file that says where an index is which is not in the folder."""

MADE = "made"
"""File, or word of a collection, that names the making of the index; deleted with it."""

HEADER = b"SQLite format 3\0"
"""How Chroma's own database begins."""

FOLLOWING = ("asks", "texts")
"""The collections that follow the outbox."""

COSINE = {"hnsw": {"space": "cosine"}}


class Home(Protocol):
    """Where one session's index is kept."""

    place: str
    """What sentences call it."""

    @property
    def made(self) -> str:
        """Which making of the index this is.

        Raises:
            SessionError: the index cannot be opened.
        """
        ...

    @property
    def is_open(self) -> bool:
        """Whether Chroma was needed yet."""
        ...

    def collection(self, name: str) -> "chromadb.Collection":
        """A collection, made where there is none.

        Raises:
            SessionError: the index cannot be opened.
        """
        ...

    def fault(self, what: str, why: Exception) -> NoriaError:
        """The sentence for an index that cannot be written or read."""
        ...

    def drop(self) -> None:
        """Delete the index; it is of no more use but to be made again.

        Raises:
            NoriaError: it cannot be deleted.
        """
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class Embedded:
    """Chroma in the session's folder."""

    def __init__(self, folder: Path) -> None:
        """Take the index of a session folder, making the folder where there is none; Chroma is opened at first need.

        Raises:
            SessionError: it is no index, or the folder cannot be used.
        """
        self.folder = folder / FOLDER
        self.place = str(self.folder)
        self._client: ClientAPI | None = None
        with storage(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            own, name = self.folder / "chroma.sqlite3", self.folder / MADE
            if own.exists() and (begins := _beginning(own)) != HEADER:
                raise self._unusable(f"it begins with {begins!r} and is no database")
            if not own.exists():
                name.unlink(missing_ok=True)
            if not name.exists() or not name.read_text():
                name.write_text(secrets.token_hex(8))
            self._made = name.read_text()

    @property
    def made(self) -> str:
        """What its file says."""
        return self._made

    @property
    def is_open(self) -> bool:
        """Whether Chroma was needed yet."""
        return self._client is not None

    def collection(self, name: str) -> "chromadb.Collection":
        """A collection of the folder's."""
        import chromadb
        from chromadb.config import Settings

        try:
            if self._client is None:
                self._client = chromadb.PersistentClient(str(self.folder), Settings(anonymized_telemetry=False))
            return self._client.get_or_create_collection(name, embedding_function=None, configuration=COSINE)
        except Exception as fault:  # Chroma's Rust core raises its own tree, down to a bare panic.
            raise self._unusable(fault) from fault

    def _unusable(self, why: object) -> SessionError:
        return SessionError(
            f"The neighbour index {self.place!r} cannot be opened: {why}.",
            mend="Delete the folder and run `noria memory rebuild`.",
        )

    def fault(self, what: str, why: Exception) -> NoriaError:
        """The ledger keeps what was to be indexed, or to go."""
        return RunError(
            f"The neighbour index {self.place!r} cannot be {what}: {why}.", mend="Check the disk, then `noria resume`."
        )

    def drop(self) -> None:
        """Delete the folder."""
        with storage(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Let the files go."""
        if self._client is not None:
            self._client.close()


class Place(BaseModel):
    """Collections on a Chroma server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https?://")
    """The server's address."""
    collections: str = Field(pattern=r"^[a-z][a-z0-9_]{2,62}$")
    """What the names of the session's collections begin with."""
    env: str
    """Name of the environment variable that holds the server's token."""


class Served:
    """Chroma on a server, reached at first need."""

    def __init__(self, place: Place) -> None:
        """Stand on a place; nothing is asked yet."""
        self.where = place
        self.place = f"{place.url}, collections {place.collections}"
        self._client: ClientAPI | None = None
        self._made: dict[str, str] = {}

    @property
    def made(self) -> str:
        """What its collections say, both of them: one that was deleted makes another index of the two."""
        for name in FOLLOWING:
            if name not in self._made:
                self.collection(name)
        return "-".join(self._made[name] for name in FOLLOWING)

    @property
    def is_open(self) -> bool:
        """Whether the server was asked yet."""
        return self._client is not None

    def reach(self) -> "ClientAPI":
        """The server, asked once whether it is there.

        Raises:
            SessionError: it is not, or refuses us.
        """
        if self._client is not None:
            return self._client
        import chromadb
        from chromadb.config import Settings

        parts, token = urlsplit(self.where.url), os.environ.get(self.where.env, "")
        secure = parts.scheme == "https"
        try:
            client = chromadb.HttpClient(
                parts.hostname or "localhost", parts.port or (443 if secure else 8000), ssl=secure,
                headers={"Authorization": f"Bearer {token}", "X-Chroma-Token": token} if token else None,
                settings=Settings(anonymized_telemetry=False),
            )  # fmt: skip
            client.heartbeat()
        except Exception as fault:  # a ValueError where nobody answers, httpx's or Chroma's own tree elsewhere
            raise SessionError(
                f"The Chroma server {self.where.url} cannot be used: {_said(fault)}.",
                mend=f"Is it running (`chroma run`)? Its token is read from {self.where.env}.",
            ) from fault
        self._client = client
        return client

    def collection(self, name: str) -> "chromadb.Collection":
        """A collection of the session's."""
        client = self.reach()
        try:
            found = client.get_or_create_collection(
                f"{self.where.collections}.{name}", embedding_function=None, configuration=COSINE,
                metadata={MADE: secrets.token_hex(8)},
            )  # fmt: skip
        except Exception as fault:
            raise self.fault("opened", fault) from fault
        self._made[name] = str((found.metadata or {}).get(MADE, ""))
        return found

    def fault(self, what: str, why: Exception) -> NoriaError:
        """A server that went away; or a collection that somebody deleted, which opening makes and fills again."""
        return RunError(
            f"The neighbour index at {self.place} cannot be {what}: {_said(why)}.",
            mend="`noria resume` goes on when the server is back; what it lost is filled again from the ledger.",
        )

    def drop(self) -> None:
        """Delete the session's collections."""
        from chromadb.errors import NotFoundError

        client = self.reach()
        for name in (*FOLLOWING, "passages"):
            try:
                client.delete_collection(f"{self.where.collections}.{name}")
            except (NotFoundError, ValueError):
                continue
            except Exception as fault:
                raise self.fault("deleted", fault) from fault

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()


def place(folder: Path) -> Place | None:
    """Where the index of a session's folder is; none where it is, or will be, in the folder itself.

    Raises:
        SessionError: the file that says so cannot be read.
    """
    file = folder / FILE
    try:
        return Place.model_validate_json(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError, ValidationError) as fault:
        why = " ".join(str(fault).split())
        raise SessionError(
            f"{str(file)!r} does not say where the neighbour index is: {why}.",
            mend="Delete it: the index is then made again in the session's folder.",
        ) from fault


def home(folder: Path) -> Home:
    """Where the index of a session's folder is kept.

    Raises:
        SessionError: it is no index, or the folder cannot be used.
    """
    found = place(folder)
    return Embedded(folder) if found is None else Served(found)


def look(folder: Path, url: str, env: str) -> Place:
    """A place for a session on a server that was reached; nothing is written.

    Raises:
        SessionError: it cannot be reached.
    """
    found = Place(url=url, collections=named(folder), env=env)
    served = Served(found)
    served.reach()
    served.close()
    return found


def keep(folder: Path, found: Place) -> None:
    """Write down where an index is."""
    with storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(found.model_dump(), indent=2) + "\n", encoding="utf-8")


def _beginning(database: Path) -> bytes:
    """The first bytes of a database; what an empty one will begin with."""
    with database.open("rb") as file:
        return file.read(len(HEADER)) or HEADER


def _said(fault: Exception) -> str:
    return " ".join(str(fault).split()).rstrip(".?") or type(fault).__name__
