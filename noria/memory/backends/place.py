"""Where a session's ledger is, said in its folder: so that every command finds it without the config.

    SESSION/ledger.db      the ledger itself
    SESSION/ledger.json    where it is: {"url": "postgresql://noria@host/db", "schema": "noria_demo_3f9c01ab", …}

No password stands in the file. The environment variable it names may hold the whole address,
password and all, and goes before the address in the file, as when the database moves; else
libpq finds the password as it does for psql (PGPASSWORD, ~/.pgpass).
"""

import json
import os
import re
import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from noria.errors import SessionError, storage
from noria.memory.backends import sqlite

FILE = "ledger.json"
"""Name of the file that says where a ledger is which is not in the folder."""

MARKS = (sqlite.FILE, FILE)
"""Files that make a folder a session's: its ledger, or where that is."""

LONGEST = 40
"""Characters that a session's name may take of its schema's, which PostgreSQL cuts at 63."""


class Place(BaseModel):
    """A schema of a PostgreSQL database."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    url: str
    """The address of the database, without a password."""
    schema_: str = Field(alias="schema", pattern=r"^[a-z][a-z0-9_]{0,62}$")
    """The session's own schema: all its tables, the graph's checkpoints too. `DROP SCHEMA … CASCADE` deletes them."""
    env: str
    """Name of the environment variable that may hold the whole address."""

    def address(self) -> str:
        """The address to connect to."""
        return os.environ.get(self.env, "") or self.url


def place(folder: Path) -> Place | None:
    """Where the ledger of a session's folder is; none where it is, or will be, in the folder itself.

    Raises:
        SessionError: the file that says so cannot be read.
    """
    file = folder / FILE
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as fault:
        raise SessionError(f"{str(file)!r} cannot be read: {fault}.", mend="Restore it from a copy.") from fault
    try:
        return Place.model_validate_json(text)
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise SessionError(
            f"{str(file)!r} does not say where the ledger is: `{where}`: {first['msg']}.",
            mend='It holds "url", "schema" and "env", as `noria run` wrote them.',
        ) from fault


def keep(folder: Path, found: Place) -> None:
    """Write down where a ledger is, once and for ever; one that is written already stays."""
    with storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
        new = folder / f".{FILE}.{secrets.token_hex(4)}"
        new.write_text(json.dumps(found.model_dump(by_alias=True), indent=2) + "\n", encoding="utf-8")
        try:
            os.link(new, folder / FILE)
        except FileExistsError:
            pass
        finally:
            new.unlink()


def named(folder: Path) -> str:
    """A name for the schema of a session in this folder: its own, and eight digits that no other has."""
    plain = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")[:LONGEST].strip("_")
    return "_".join(("noria", *([plain] if plain else []), secrets.token_hex(4)))


def mark(folder: Path) -> Path:
    """The file by which a session's folder is known; of a folder that has none, the ledger that it would get."""
    file = folder / FILE
    return file if file.is_file() else folder / sqlite.FILE


def is_session(folder: Path) -> bool:
    """Whether a folder is a session's."""
    return mark(folder).is_file()
