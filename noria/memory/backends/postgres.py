"""The ledger as a schema of a PostgreSQL database: one for a session, so that one database holds many.

    writer ─► its one connection holds the session's advisory lock ─► commits with synchronous_commit=on
    readers ─► connections that may not write

The lock belongs to the connection that writes: who lost the connection has lost the right to
write with it, and never connects again; whoever resumes takes both anew. What was acknowledged
was committed on the server. A commit whose answer was lost may be there or not, and both are
well: rows are keyed by content, and a resumed session finds what is there.

Ledgers here began at version 5 of the tables; an older one does not exist.
"""

import hashlib
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

from noria.errors import NoriaError, RunError, SessionError
from noria.failpoints import at
from noria.memory import tables
from noria.memory.backends import schema
from noria.memory.backends.backend import Reading
from noria.memory.backends.place import FILE, Place
from noria.memory.driver import Driver, Psycopg
from noria.memory.writing import apply, put

if TYPE_CHECKING:
    import psycopg

PATIENCE = 5.0
"""Seconds for which a lock that is held is tried again: a killed process's last statement ends before its lock."""

CONNECT = 10
"""Seconds a connection may take."""

ALIVE = 30
"""Seconds of silence after which the server asks whether the machine that wrote is still there; three more such and
its lock is free."""

GONE = ("57P01", "57P02", "57P03", "25P03")
"""What PostgreSQL answers while it shuts down, comes up, or has ended a connection; besides those of class 08."""

OLDEST = 130000
"""The oldest server that has what is asked of it."""


class Postgres:
    """A session's ledger in a database elsewhere."""

    def __init__(self, folder: Path, place: Place) -> None:
        """Stand on a place; nothing is connected yet.

        Raises:
            SessionError: the driver is not installed.
        """
        try:
            import psycopg
        except ImportError as fault:
            raise SessionError(
                f"The ledger of {str(folder)!r} is in PostgreSQL, and its driver is not installed.",
                mend="pip install 'noria[postgres]'",
            ) from fault
        if not readable(place.address()):
            raise SessionError(
                f"The address of the ledger of {str(folder)!r} cannot be read.",
                mend=f"{place.env} and {FILE} hold one as postgresql://user@host:port/database.",
            )
        # A lost connection is told in a sentence, and not in the driver's words before it.
        logging.getLogger("psycopg").addHandler(logging.NullHandler())
        self._psycopg = psycopg
        self.faults: tuple[type[Exception], ...] = (psycopg.Error,)
        self.streams: dict[str, Any] = {"isolation_level": "READ COMMITTED", "stream_results": True}
        self.mark = folder / FILE
        self.where = place
        self.place = f"{masked(place.address())}, schema {place.schema_}"
        self._writer: psycopg.Connection[Any] | None = None

    def take(self) -> None:
        """Connect to write, and take the session's lock with the connection.

        Raises:
            SessionError: another process has it.
        """
        raw = self._connect(read_only=False)
        key, until = lock_number(self.where.schema_), time.monotonic() + PATIENCE
        try:
            while not raw.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()[0]:  # type: ignore[index]
                raw.rollback()
                if time.monotonic() > until:
                    raise SessionError(
                        f"The session {str(self.mark.parent)!r} ({self.place}) is in use by {_holder(raw, key)}.",
                        mend="Wait for it, stop it, or choose another session folder.",
                    )
                time.sleep(0.05)
            if raw.info.server_version >= 140000:
                raw.execute("SET idle_session_timeout = 0")  # who waits for models waits long
            raw.commit()
        except self._psycopg.Error as fault:
            raw.close()
            raise self.sentence(fault) from fault
        except SessionError:
            raw.close()
            raise
        self._writer = raw

    def welcome(self) -> None:
        """Make sure that a session may have its schema here.

        Raises:
            SessionError: the server is not there, does not let us in, or lets us make no schema.
        """
        with self._connected() as raw:
            row = raw.execute("SELECT has_database_privilege(current_database(), 'CREATE'), current_user").fetchone()
        if row is not None and not row[0]:
            raise SessionError(
                f"The role {row[1]!r} may make no schema in {masked(self.where.address())}.",
                mend="GRANT CREATE ON DATABASE … TO it.",
            )

    def check(self, *, write: bool) -> int | None:
        """Refuse a ledger that is newer or not there."""
        with self._connected() as raw:
            if raw.info.server_version < OLDEST:
                raise SessionError(
                    f"PostgreSQL {raw.info.server_version // 10000} is too old for {self.place}.",
                    mend="Noria needs 13 or newer.",
                )
            there = raw.execute("SELECT to_regclass('meta') IS NOT NULL").fetchone()
            row = raw.execute("SELECT value FROM meta WHERE key = 'version'").fetchone() if there and there[0] else None
            found = None if row is None else int(row[0])
        if found is not None and found > tables.VERSION:
            raise SessionError(f"The ledger {self.place} was written by a newer Noria.", mend="Update Noria.")
        if write:
            at("ledger.empty")
        elif found is None:
            raise self._unstarted()
        return found

    def make(self, writer: Engine, found: int | None) -> None:
        """Have the schema, its functions and every table of today."""
        with writer.begin() as made:
            if found is None:
                made.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{self.where.schema_}"')
            schema.make(made)
            apply(made, [put(tables.meta, {"key": "version", "value": str(tables.VERSION)})])

    def engine(self, *, read_only: bool) -> Engine:
        """Connections for reading, or the one that writes."""
        if read_only:
            return create_engine(
                "postgresql+psycopg://",
                creator=lambda: self._connect(read_only=True),
                isolation_level="AUTOCOMMIT",  # a statement is a snapshot, and one journey
                poolclass=QueuePool,
                pool_size=4,
                max_overflow=8,
            )
        return create_engine("postgresql+psycopg://", creator=lambda: self._writer, poolclass=StaticPool)

    def wrote(self) -> None:
        """Touch the file that says where the ledger is: who watches the folder sees that something was written."""
        with suppress(OSError):
            os.utime(self.mark)

    def lost(self) -> bool:
        """Whether the connection that writes, and so the lock, is gone."""
        return self._writer is None or bool(self._writer.closed)

    def damage(self) -> str:
        """PostgreSQL checks its own pages as it reads them, where its data checksums are on."""
        return ""

    def sentence(self, fault: Exception) -> NoriaError:
        """What a fault of PostgreSQL's means."""
        inner: Any = fault.orig if isinstance(fault, DBAPIError) and fault.orig is not None else fault
        state, reason = getattr(inner, "sqlstate", None) or "", self._said(inner)
        if state in ("42P01", "3F000"):
            return self._unstarted()
        if state == "53100":
            return RunError(f"The disk of {self.place} is full.", mend="Free some space, then `noria resume`.")
        if state.startswith("XX"):
            return SessionError(f"The ledger {self.place} is corrupt: {reason}.", mend="Restore it from a backup.")
        if state in ("42501", "25006"):
            return SessionError(
                f"The ledger {self.place} may not be written: {reason}.",
                mend="Its role needs CREATE on the database, and to own the schema.",
            )
        lost = isinstance(inner, (self._psycopg.OperationalError, self._psycopg.InterfaceError))
        if lost and (not state or state in GONE or state.startswith("08")):
            return RunError(
                f"PostgreSQL went away ({self.place}): {reason}.", mend="`noria resume` goes on when it is back."
            )
        return SessionError(f"The ledger {self.place} cannot be used: {reason}.", mend="Ask PostgreSQL's log.")

    def reading(self) -> Reading:
        """A connection that reads the schema."""
        return _Reading(self._connect(read_only=True))

    def release(self) -> None:
        """Close the connection that writes, and the lock with it."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _unstarted(self) -> SessionError:
        return SessionError(
            f"The session {str(self.mark.parent)!r} was never started: {masked(self.where.address())} has no ledger "
            f"in the schema {self.where.schema_}.",
            mend=f"`noria run` starts it; if the database has moved, {self.where.env} says where it is.",
        )

    def _connect(self, *, read_only: bool) -> "psycopg.Connection[Any]":
        """A connection to the schema.

        Raises:
            SessionError: the server is not there, or does not let us in.
        """
        try:
            return self._psycopg.connect(self.where.address(), **settings(self.where, read_only=read_only))
        except self._psycopg.Error as fault:
            reason = self._said(fault)
            if any(word in reason for word in ("authentication", "password", "pg_hba", "role ")):
                mend = f"Set {self.where.env} to the whole address, or PGPASSWORD; the role must exist."
            elif "database " in reason:
                mend = "Create the database (`createdb`), or name another."
            else:
                mend = f"Is it running, and is {self.where.env} or `store.ledger` its address?"
            raise SessionError(
                f"PostgreSQL at {masked(self.where.address())} does not let us in: {reason}.", mend=mend
            ) from fault

    @contextmanager
    def _connected(self) -> Iterator["psycopg.Connection[Any]"]:
        raw = self._connect(read_only=True)
        try:
            yield raw
        finally:
            raw.close()

    def _said(self, fault: Exception) -> str:
        """What PostgreSQL says, on one line and without a password."""
        said = " ".join(str(fault).split()).rstrip(".")
        secret = _password(self.where.address())
        return (said.replace(secret, "***") if secret else said) or type(fault).__name__


class _Reading:
    """PostgreSQL, read in transactions of several statements."""

    def __init__(self, raw: "psycopg.Connection[Any]") -> None:
        from psycopg import Error

        raw.autocommit = True
        self._raw, self._faults = raw, (Error,)
        self.driver: Driver = Psycopg(raw)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        self._raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            with suppress(OSError, *self._faults):  # of a connection that was lost nothing stands
                self._raw.execute("ROLLBACK")

    def version(self) -> object:
        # Which transactions are seen: the same words, the same rows.
        return self.driver.execute("SELECT pg_current_snapshot()::text").fetchone()[0]

    def has(self, table: str) -> bool:
        return bool(self.driver.execute("SELECT to_regclass(?) IS NOT NULL", (table,)).fetchone()[0])

    def closed(self) -> bool:
        return bool(self._raw.closed)

    def close(self) -> None:
        self._raw.close()


def settings(place: Place, *, read_only: bool) -> dict[str, Any]:
    """Keywords of a connection: the schema it sees, what it may do, and how soon either side misses the other."""
    options = {
        "search_path": place.schema_,
        "synchronous_commit": "on",
        "default_transaction_read_only": "on" if read_only else "off",
        "tcp_keepalives_idle": ALIVE,
        "tcp_keepalives_interval": ALIVE,
        "tcp_keepalives_count": 3,
        "idle_in_transaction_session_timeout": 0,
    }
    return {
        "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        "application_name": f"noria {socket.gethostname()[:40]} {os.getpid()}",
        "connect_timeout": CONNECT,
        "keepalives_idle": ALIVE,
    }


def readable(address: str) -> bool:
    """Whether an address is one of PostgreSQL's."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    if not address.startswith(("postgresql://", "postgres://")):
        return False
    try:
        conninfo_to_dict(address)
    except (ProgrammingError, ValueError):
        return False
    return True


def masked(address: str) -> str:
    """An address without its password."""
    from psycopg.conninfo import conninfo_to_dict

    parts = {name: str(value) for name, value in conninfo_to_dict(address).items()}
    for secret in ("password", "sslpassword"):
        parts.pop(secret, None)
    user, database = parts.pop("user", ""), parts.pop("dbname", "")
    host, port = parts.get("host", ""), parts.get("port", "")
    where = ""
    if host and not set(host + port) & set("/,"):  # a folder of sockets, and several hosts, stand behind
        where = f"[{host}]" if ":" in host else host
        where += f":{port}" if port else ""
        parts = {name: value for name, value in parts.items() if name not in ("host", "port")}
    more = f"?{urlencode(parts, safe='/,')}" if parts else ""
    return f"postgresql://{quote(user, safe='') + '@' if user else ''}{where}/{quote(database, safe='')}{more}"


def _password(address: str) -> str:
    from psycopg.conninfo import conninfo_to_dict

    return str(conninfo_to_dict(address).get("password") or "")


def lock_number(name: str) -> int:
    """The number of a session's lock: 64 bits of its schema's hash, with a sign."""
    return int.from_bytes(hashlib.sha256(f"noria/{name}".encode()).digest()[:8], "big", signed=True)


def _holder(raw: "psycopg.Connection[Any]", key: int) -> str:
    """Who has the lock, as far as PostgreSQL tells."""
    number = key & ((1 << 64) - 1)
    row = raw.execute(
        "SELECT a.application_name, a.client_addr FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = %s::bigint::oid "
        "AND l.objid = %s::bigint::oid",
        (number >> 32, number & 0xFFFFFFFF),
    ).fetchone()
    if row is None or not str(row[0]).startswith("noria "):
        return "another process"
    _, host, process = str(row[0]).split(" ", 2)
    return f"the process {process} of {host}"
