"""Where a new session's ledger and index will be: looked at before anything is written, then kept in its folder.

    store: {ledger, chroma}, the environment ─► both reached ─► SESSION/ledger.json, SESSION/chroma.json

A session that is there already stays where it is, whatever the config says by now.
"""

import os
from importlib.util import find_spec
from pathlib import Path

from noria.config.store import Store
from noria.errors import SessionError
from noria.memory import chroma
from noria.memory.backends.place import Place, is_session, keep, named, place

NEEDED = ("psycopg", "psycopg_pool", "langgraph.checkpoint.postgres")
"""What the extra `[postgres]` brings: the driver, and who keeps the graph's checkpoints there."""


def settle(folder: Path, store: Store) -> dict[str, str]:
    """What of a session is kept elsewhere, and where: its `ledger`, its `index`. Written down where it is new.

    Raises:
        SessionError: a server is not there, lets nobody in, or lets nobody make a schema.
    """
    if not is_session(folder):
        address = os.environ.get(store.ledger_env, "") or store.ledger
        ledger = look(folder, address, store.ledger_env) if address else None
        index = chroma.look(folder, store.chroma, store.chroma_env) if store.chroma else None
        if index is not None:
            chroma.keep(folder, index)
        if ledger is not None:  # last: it makes the folder a session's
            keep(folder, ledger)
    told: dict[str, str] = {}
    if (there := place(folder)) is not None:
        told["ledger"] = f"{there.url}, schema {there.schema_}"
    if (served := chroma.place(folder)) is not None:
        told["index"] = f"{served.url}, collections {served.collections}"
    return told


def look(folder: Path, address: str, env: str) -> Place:
    """A place for a session in a database that was reached and takes it; nothing is written.

    Raises:
        SessionError: it does not.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise SessionError(
            f"A ledger in PostgreSQL needs what is not installed: {', '.join(missing)}.",
            mend="pip install 'noria[postgres]'",
        )
    from noria.memory.backends.postgres import Postgres, masked, readable

    if not readable(address):
        raise SessionError(
            f"The address of the ledger in {env} or `store.ledger` cannot be read.",
            mend="It is as postgresql://user@host:port/database.",
        )
    found = Place(url=masked(address), schema_=named(folder), env=env)
    Postgres(folder, found).welcome()
    return found
