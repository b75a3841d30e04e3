"""Old ledgers, made new: one numbered step a version, each whole or not at all.

    version 1 ─► quarantines ─► 2 ─► chain, texts, projections, indices ─► 3
              ─► steps, batches, templates ─► 4 ─► warrant, methods ─► 5

A step is one transaction that raises the version row with it: a kill leaves the older version
as it was, and the next opening begins at that step again. Opening for reading changes nothing:
an older ledger is read through temporary views that have today's columns. A newer ledger is
refused before anything is touched. Steps say their SQL in full and for ever; the tables of
today are in `tables.py`, and what is new there without a column of an old table changing
needs no step.
"""

import sqlite3
from collections.abc import Callable

from noria.memory import chain
from noria.memory.tables import VERSION

PAGE = 1000
"""Samples chained between two reads."""

Step = Callable[[sqlite3.Connection], None]


def version(connection: sqlite3.Connection) -> int | None:
    """The version of a ledger; none where nothing was written yet.

    Raises:
        ValueError: it holds something, and no version.
    """
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone() if "meta" in names else None
    if found is not None:
        return int(found[0])
    for name in names:
        if connection.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone():  # noqa: S608 (SQLite's own names)
            raise ValueError("it has no version")
    return None


def migrate(connection: sqlite3.Connection, found: int, steps: dict[int, Step] | None = None) -> None:
    """Bring a ledger that was found at a version to today's; the connection must be in autocommit."""
    for number, step in sorted((STEPS if steps is None else steps).items()):
        if number <= found:
            continue
        connection.execute("BEGIN IMMEDIATE")
        try:
            step(connection)
            connection.execute("UPDATE meta SET value = ? WHERE key = 'version'", (str(number),))
            connection.execute("COMMIT")
        except BaseException:  # an interrupt, too, must leave the older version whole
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def seen_as_new(connection: sqlite3.Connection, found: int) -> None:
    """Let a connection that may not write see an older ledger as today's."""
    for statement in SEEN if found < 3 else SEEN_4 if found < 5 else ():
        connection.execute(statement)


def _quarantines(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS quarantines (verifier VARCHAR NOT NULL, episode VARCHAR NOT NULL, "
        "round INTEGER NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (verifier, episode))"
    )


def _chained(connection: sqlite3.Connection) -> None:
    for statement in NEW:
        connection.execute(statement)
    # A character that stands for a fold from now on; JSON can say it otherwise.
    for table, column in BODIES:
        plain = f"{column} = replace({column}, char(63743), '\\uf8ff')"
        connection.execute(f"UPDATE {table} SET {plain} WHERE instr({column}, char(63743))")  # noqa: S608 (our names)
    connection.execute("UPDATE samples SET verifier = json_extract(body, '$.provenance.verifier')")
    count, sequence, head = 0, 0, chain.START
    query = "SELECT sequence, id, body FROM samples WHERE sequence > ? ORDER BY sequence LIMIT ?"
    while page := connection.execute(query, (sequence, PAGE)).fetchall():
        hashes = []
        for place, key, body in page:
            head = chain.linked(head, place, key, body)
            hashes.append((head, place))
        connection.executemany("UPDATE samples SET chain = ? WHERE sequence = ?", hashes)
        count, sequence = count + len(page), page[-1][0]
    chain.move(connection, count, sequence, head)
    for statement in OUTBOX + INDICES:
        connection.execute(statement)


def _steered(connection: sqlite3.Connection) -> None:
    for statement in STEERING:
        connection.execute(statement)


def _methods(connection: sqlite3.Connection) -> None:
    for statement in METHODS:
        connection.execute(statement)


BODIES = (
    ("seeds", "body"),
    ("deals", "body"),
    ("episodes", "body"),
    ("turns", "body"),
    ("samples", "body"),
    ("exams", "body"),
    ("exams", "answered"),
)

NEW = (
    "CREATE TABLE texts (key INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (key))",
    "CREATE TABLE chains (name VARCHAR NOT NULL, count INTEGER NOT NULL, sequence INTEGER NOT NULL, "
    "head VARCHAR NOT NULL, PRIMARY KEY (name))",
    "CREATE TABLE projections (name VARCHAR NOT NULL, sequence INTEGER NOT NULL, made VARCHAR NOT NULL, "
    "PRIMARY KEY (name))",
    "ALTER TABLE samples ADD COLUMN verifier VARCHAR NOT NULL DEFAULT ''",
    "ALTER TABLE samples ADD COLUMN chain VARCHAR NOT NULL DEFAULT ''",
)

OUTBOX = (
    # Rows used to leave once the index had them: what had left is what the index has.
    "ALTER TABLE outbox RENAME TO outbox_2",
    "CREATE TABLE outbox (sequence INTEGER NOT NULL, sample VARCHAR NOT NULL, kind VARCHAR NOT NULL, "
    "PRIMARY KEY (sequence), UNIQUE (sample, kind))",
    "INSERT INTO outbox (sample, kind) SELECT id, 'add' FROM samples WHERE role = 'solver' "
    "AND id NOT IN (SELECT sample FROM outbox_2) ORDER BY sequence",
    "INSERT INTO projections (name, sequence, made) SELECT 'chroma', coalesce(max(sequence), 0), '' FROM outbox",
    "INSERT INTO outbox (sample, kind) SELECT sample, 'add' FROM outbox_2 ORDER BY sequence",
    "DROP TABLE outbox_2",
)

INDICES = (
    "CREATE INDEX episodes_by_level ON episodes (domain, level, round, position, solve_rate)",
    "CREATE INDEX turns_by_seat ON turns (role, policy, prompt_tokens, completion_tokens, seconds)",
)

STEERING = (
    "CREATE TABLE steps (sequence INTEGER NOT NULL, key VARCHAR NOT NULL, round INTEGER NOT NULL, "
    "batch INTEGER NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL, said TEXT NOT NULL, body TEXT NOT NULL, "
    "at FLOAT NOT NULL, PRIMARY KEY (sequence), UNIQUE (key))",
    "CREATE INDEX steps_by_kind ON steps (kind, name)",
    "CREATE TABLE batches (round INTEGER NOT NULL, batch INTEGER NOT NULL, body TEXT NOT NULL, "
    "PRIMARY KEY (round, batch))",
    "CREATE TABLE templates (version VARCHAR NOT NULL, name VARCHAR NOT NULL, text TEXT NOT NULL, "
    "first FLOAT NOT NULL, PRIMARY KEY (version))",
)

METHODS = (
    "ALTER TABLE samples ADD COLUMN warrant VARCHAR NOT NULL DEFAULT 'verified'",
    "ALTER TABLE samples ADD COLUMN strategy VARCHAR NOT NULL DEFAULT ''",
    "CREATE TABLE selections (round INTEGER NOT NULL, position INTEGER NOT NULL, method VARCHAR NOT NULL, "
    "body TEXT NOT NULL, PRIMARY KEY (round, position))",
    "CREATE TABLE unselected (sample VARCHAR NOT NULL, round INTEGER NOT NULL, method VARCHAR NOT NULL, "
    "why TEXT NOT NULL, PRIMARY KEY (sample))",
    "CREATE TABLE scores (sample VARCHAR NOT NULL, method VARCHAR NOT NULL, policy VARCHAR NOT NULL, "
    "round INTEGER NOT NULL, value FLOAT NOT NULL, PRIMARY KEY (sample, method, policy))",
    "CREATE TABLE beliefs (round INTEGER NOT NULL, arm VARCHAR NOT NULL, body TEXT NOT NULL, PRIMARY KEY (round, arm))",
    "CREATE TABLE reviews (episode VARCHAR NOT NULL, round INTEGER NOT NULL, ruling VARCHAR NOT NULL, "
    "body TEXT NOT NULL, PRIMARY KEY (episode))",
)

STEPS: dict[int, Step] = {2: _quarantines, 3: _chained, 4: _steered, 5: _methods}
"""The version a step leads to, and the step."""
assert max(STEPS) == VERSION

SEEN = (
    "CREATE TEMP TABLE texts (key INTEGER PRIMARY KEY, text TEXT)",
    "CREATE TEMP TABLE chains (name TEXT, count INTEGER, sequence INTEGER, head TEXT)",
    "CREATE TEMP TABLE projections (name TEXT, sequence INTEGER, made TEXT)",
    "CREATE TEMP VIEW samples AS SELECT sequence, id, episode, role, round, domain, level, source, worded_by, policy, "
    "json_extract(body, '$.provenance.verifier') AS verifier, '' AS chain, 'verified' AS warrant, '' AS strategy, "
    "body FROM main.samples",
    "CREATE TEMP VIEW outbox AS SELECT sequence, sample, 'add' AS kind FROM main.outbox",
)

SEEN_4 = (
    "CREATE TEMP VIEW samples AS SELECT sequence, id, episode, role, round, domain, level, source, worded_by, policy, "
    "verifier, chain, 'verified' AS warrant, '' AS strategy, body FROM main.samples",
)
