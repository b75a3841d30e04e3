"""The chain over accepted samples: each row's hash takes in the hash of the row before it.

    0…0 ─► sample 1 ─► sample 2 ─► … ─► sample n        chains: n, its sequence, its hash

The writer chains a sample in the transaction that accepts it, in the order of acceptance, over
the body as it is read, whatever of it stands in `texts`. So whoever walks the chain (see
`verification.py`) sees a body that was edited, a row that was taken out, put in or moved, and,
because the end is a row of its own, rows that were cut off. A purge withdraws samples by rows
of another table and deletes none, so the chain stands after it.
"""

import hashlib
import json
from typing import Any

from noria.memory.driver import Driver

NAME = "samples"
"""The chain's name in `chains`."""

START = "0" * 64
"""What the first row is chained to."""


def linked(before: str, sequence: int, key: str, body: str) -> str:
    """The hash of a row: SHA-256 over the hash before it, its sequence, its id and its body."""
    return hashlib.sha256(f"{before}\n{sequence}\n{key}\n{body}".encode()).hexdigest()


def end(connection: Driver) -> tuple[int, int, str]:
    """How many rows the chain has, the sequence of the last, and its hash."""
    found = connection.execute("SELECT count, sequence, head FROM chains WHERE name = ?", (NAME,)).fetchone()
    return found or (0, 0, START)


def chained(connection: Driver, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those samples that are new, each with its place and hash; the chain's end moves with them."""
    waiting = {row["id"]: row for row in reversed(rows)}  # of two with one id, the first
    query = "SELECT id FROM samples WHERE id IN (SELECT value FROM json_each(?))"
    known = connection.execute(query, (json.dumps(list(waiting)),))
    for (key,) in known.fetchall():
        del waiting[key]
    new = [row for row in rows if waiting.get(row["id"]) is row]
    if not new:
        return []
    count, sequence, head = end(connection)
    placed = []
    for row in new:
        sequence += 1
        head = linked(head, sequence, row["id"], row["body"])
        placed.append({**row, "sequence": sequence, "chain": head})
    move(connection, count + len(new), sequence, head)
    return placed


def move(connection: Driver, count: int, sequence: int, head: str) -> None:
    """Write where the chain ends."""
    connection.execute(
        "INSERT INTO chains (name, count, sequence, head) VALUES (?, ?, ?, ?) ON CONFLICT (name) "
        "DO UPDATE SET count = excluded.count, sequence = excluded.sequence, head = excluded.head",
        (NAME, count, sequence, head),
    )
