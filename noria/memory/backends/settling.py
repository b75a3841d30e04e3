"""Where a new session's ledger will be: decided once, looked at before anything is written, then kept in its folder."""

import os
from pathlib import Path

from noria.config.store import Store
from noria.errors import SessionError
from noria.memory.backends.place import Place, is_session, keep, named, place


def settle(folder: Path, store: Store) -> Place | None:
    """The place of a session's ledger, written down where the session is new; none where it is in the folder itself.

    Raises:
        SessionError: the database is not there, lets nobody in, or lets nobody make a schema.
    """
    if is_session(folder):
        return place(folder)
    address = os.environ.get(store.ledger_env, "") or store.ledger
    if not address:
        return None
    found = look(folder, address, store.ledger_env)
    keep(folder, found)
    return place(folder)


def look(folder: Path, address: str, env: str) -> Place:
    """A place for a session in a database that was reached and takes it; nothing is written.

    Raises:
        SessionError: it does not.
    """
    try:
        import psycopg  # noqa: F401 (whether it is there)
    except ImportError as fault:
        raise SessionError(
            "A ledger in PostgreSQL needs its driver, which is not installed.", mend="pip install 'noria[postgres]'"
        ) from fault
    from noria.memory.backends.postgres import Postgres, masked, readable

    if not readable(address):
        raise SessionError(
            f"The address of the ledger in {env} or `store.ledger` cannot be read.",
            mend="It is as postgresql://user@host:port/database.",
        )
    found = Place(url=masked(address), schema=named(folder), env=env)
    Postgres(folder, found).welcome()
    return found
