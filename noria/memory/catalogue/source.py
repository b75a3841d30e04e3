"""The ledger as the catalogue reads it: one snapshot at a time, bodies whole, nothing held.

    ledger.db ─► snapshot ─► rows whose bodies are JSON again

The ledger's own reader takes each query for itself; here a part of the catalogue is made of
several tables that must agree, so they are read in one transaction. Text that no database
takes (half of a surrogate pair) becomes the sign of replacement; all else stays as it is.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import orjson

from noria.errors import SessionError
from noria.memory import texts
from noria.memory.backends import backend
from noria.memory.backends.place import FILE as ELSEWHERE
from noria.memory.ledger import FILE, Ledger

KEPT = 20_000
"""Texts that are kept in memory between two parts, for those that many rows share."""

LONGEST = 2_000
"""Characters of a text that is kept."""


class Source:
    """A ledger that is read and never written."""

    def __init__(self, session: Path) -> None:
        """Open the ledger of a session folder.

        Raises:
            SessionError: there is none, it is corrupt, or of a newer version.
        """
        Ledger(session).close()
        self._backend = backend(session)
        self.path = self._backend.mark
        self.place = self._backend.place
        self.file = _identity(self.path)
        self._texts: dict[str, str] = {}
        self._seen: object = None
        with self._read():
            self._reading = self._backend.reading()

    @property
    def elsewhere(self) -> bool:
        """Whether the ledger is no file of the session's folder."""
        return self.path.name == ELSEWHERE

    def gone(self) -> bool:
        """Whether the ledger is not there any more, is another one by now, or was lost sight of."""
        return _identity(self.path) != self.file or self._reading.closed()

    def changed(self) -> bool:
        """Whether anybody has written since this was asked last and `seen` was called."""
        return self._version() != self._seen

    def seen(self) -> None:
        """All that stands there now was taken in; to be called within the snapshot that was read."""
        self._seen = self._version()

    def _version(self) -> object:
        with self._read():
            return self._reading.version()

    @contextmanager
    def _read(self) -> Iterator[None]:
        """Turn what the database says of the ledger into a sentence about it."""
        try:
            yield
        except self._backend.faults as fault:
            raise self._backend.sentence(fault) from fault

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything that is read in here is of one moment."""
        with ExitStack() as stack:
            with self._read():
                stack.enter_context(self._reading.snapshot())
            yield

    def has(self, table: str) -> bool:
        """Whether the ledger has a table; an older one may lack a newer table."""
        with self._read():
            return self._reading.has(table)

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query, bodies as they are kept."""
        with self._read():
            return self._reading.driver.execute(query, values).fetchall()

    def whole(self, bodies: Sequence[str]) -> list[str]:
        """Bodies as they were written; a text that is missing leaves its mark."""
        needed = texts.keys(bodies)
        if not needed:
            return list(bodies)
        known = {key: self._texts[key] for key in needed & self._texts.keys()}
        with self._read():
            found = texts.looked_up(self._reading.driver, needed - known.keys())
        if len(self._texts) > KEPT:
            self._texts.clear()
        self._texts.update((key, text) for key, text in found.items() if len(text) <= LONGEST)
        known |= found
        known |= {key: texts.MARK + key for key in needed - known.keys()}
        return [texts.unfold(body, known) for body in bodies]

    def nouns(self, bodies: Sequence[str]) -> list[Any]:
        """Bodies as JSON values."""
        return [loads(body) for body in self.whole(bodies)]

    def close(self) -> None:
        """Let the ledger go."""
        self._reading.close()


def loads(text: str) -> Any:
    """A JSON value whose texts a database takes."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _storable(json.loads(text))


def dumps(value: Any) -> str:
    """The JSON text of a value."""
    try:
        return orjson.dumps(value).decode()
    except (orjson.JSONEncodeError, TypeError):  # a number beyond 64 bits
        return json.dumps(value, ensure_ascii=False)


def storable(text: str) -> str:
    """A text without halves of surrogate pairs."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(one) for one in value]
    return {storable(key): _storable(one) for key, one in value.items()} if isinstance(value, dict) else value


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as fault:
        raise SessionError(
            f"{str(path.parent)!r} holds no session (no {FILE}).", mend="It was deleted or moved."
        ) from fault
    return found.st_dev, found.st_ino
