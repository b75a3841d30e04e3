"""The connection for what is asked for every candidate, several times.

    quick ─► one connection that stays open, one asker at a time ─► plain SQL, as the driver takes it

Is this turn finished, was this claimed, is that verifier beaten: each answer is one row or none, found
in some microseconds. To build such a question, have a connection for it and give that back
takes ten times as long, a dozen times an episode.
"""

import threading
from types import TracebackType

from sqlalchemy import Connection, Engine

from noria.memory.driver import Driver, driver


class Quick:
    """One reading connection of an engine, for whoever enters; each statement sees all that was committed before it."""

    def __init__(self, engine: Engine) -> None:
        """Nothing is opened yet."""
        self._engine = engine
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._driver: Driver | None = None

    def __enter__(self) -> Driver:
        """Have it for oneself."""
        self._lock.acquire()
        try:
            if self._driver is None:
                self._connection = self._engine.connect()
                self._driver = driver(self._connection)
            return self._driver
        except BaseException:
            self._lock.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let others have it; after a fault the next one gets another."""
        try:
            if fault is not None and self._connection is not None:
                self._connection.invalidate()
                self._drop()
        finally:
            self._lock.release()

    def close(self) -> None:
        """Give it back."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection, self._driver = self._connection, None, None
        if connection is not None:
            connection.close()
