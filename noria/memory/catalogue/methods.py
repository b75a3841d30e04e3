"""The tables of the methods: what selected, who dealt, what is believed.

selections, beliefs ─► those of the rounds from the last known on     deals, episodes ─► strategies, likewise

The last known round is taken anew each time, for it may have grown; those before it have ended.
"""

import sqlite3

from noria.memory.catalogue.marks import Marks
from noria.memory.catalogue.source import Source, dumps, loads

DEALT = """
    SELECT d.round, coalesce(json_extract(d.body, '$.strategy'), ''), count(*), count(e.id),
    count(CASE WHEN e.outcome = 'accepted' THEN 1 END) FROM deals d LEFT JOIN episodes e ON e.id = d.episode
    WHERE d.round >= ? GROUP BY 1, 2
"""

BELIEVED = ("taught", "gain", "mean", "low", "high", "worth", "worth_low", "worth_high")


def keep(source: Source, target: sqlite3.Connection, marks: Marks) -> None:
    """Bring the tables of the methods up to the ledger."""
    since = marks.number("methods")
    for table in ("selections", "strategies", "beliefs"):
        target.execute(f"DELETE FROM {table} WHERE round >= ?", (since,))  # noqa: S608 (our names)
    dealt = source.rows(DEALT, (since,))
    target.executemany("INSERT INTO strategies VALUES (?, ?, ?, ?, ?)", dealt)
    if source.has("selections"):
        for number, position, method, body in source.rows(
            "SELECT round, position, method, body FROM selections WHERE round >= ?", (since,)
        ):
            one = loads(source.whole([body])[0])
            spent = (one["seconds"], one["prompt_tokens"], one["completion_tokens"], one["skipped"])
            row = (number, position, method, one["before"], one["kept"], dumps(one["why"]), *spent, dumps(one["facts"]))
            target.execute(f"INSERT INTO selections VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
    if source.has("beliefs"):
        for number, arm, body in source.rows("SELECT round, arm, body FROM beliefs WHERE round >= ?", (since,)):
            one = loads(source.whole([body])[0])
            row = (number, arm, *(one[name] for name in BELIEVED), dumps(one))
            target.execute(f"INSERT INTO beliefs VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
    marks["methods"] = max((row[0] for row in dealt), default=since)
