"""Bringing the catalogue up to its ledger: in parts, each of which is whole.

    ledger, one snapshot ─► turns ─► episodes ─► samples ─► what changes in place ─► marks     one transaction
                             each begins where its mark stands; a later kind waits until an earlier is through

So an episode finds the templates of its turns, and a killed filler leaves a catalogue that is
true of some moment and says of which. Rows of the ledger are never changed nor deleted, but
for the few that `standing.py` writes anew; what a purge or a quarantine says of a sample is
said again here.
"""

import json
import sqlite3
import time
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from noria.errors import SessionError
from noria.memory.catalogue import standing
from noria.memory.catalogue.marks import Marks
from noria.memory.catalogue.rows import Names, Row, Told, sample_row, turn_row
from noria.memory.catalogue.source import Source, dumps
from noria.memory.catalogue.tables import VERSION
from noria.types import Batch, Quarantine

TURNS, EPISODES, SAMPLES = 20_000, 2_000, 4_000
"""Rows that a part takes at most."""

ENDS = {
    "turns": "SELECT rowid, key || '/' || started FROM turns",
    "episodes": "SELECT rowid, id FROM episodes",
    "samples": "SELECT sequence, id || '/' || chain FROM samples",
}
"""What names the last row that was taken of each: another ledger has another there."""


def fits(source: Source, target: sqlite3.Connection) -> bool:
    """Whether a catalogue is of this version and of this ledger.

    Raises:
        sqlite3.DatabaseError: it cannot be read.
    """
    if not target.execute("SELECT 1 FROM sqlite_master WHERE name = 'marks'").fetchone():
        return False
    marks = Marks(target)
    if marks["version"] != VERSION:
        return False
    for table, query in ENDS.items():
        number, named = marks.number(table), marks[f"last of {table}"]
        key = "sequence" if table == "samples" else "rowid"
        if number and source.rows(f"{query} WHERE {key} = ?", (number,)) != [(number, named)]:
            return False
    return True


def fill(source: Source, target: sqlite3.Connection, until: float | None) -> bool:
    """Take in what the ledger has more; false where time was up before the end.

    Raises:
        SessionError: the ledger cannot be read.
        sqlite3.DatabaseError: the catalogue cannot be used.
    """
    while True:
        with source.snapshot():
            target.execute("BEGIN IMMEDIATE")
            try:
                through = _part(source, target)
                target.execute("COMMIT")
            except (LookupError, TypeError, ValueError) as fault:
                target.execute("ROLLBACK")
                place, said = source.place, f"{type(fault).__name__} {fault}"
                raise SessionError(
                    f"The ledger {place!r} holds a row that cannot be read ({said}).", mend="Restore it from a copy."
                ) from fault
            except BaseException:  # an interrupt, too, must leave it whole
                if target.in_transaction:
                    target.execute("ROLLBACK")
                raise
            if through:
                source.seen()
        if through or (until is not None and time.monotonic() > until):
            return through


def _part(source: Source, target: sqlite3.Connection) -> bool:
    """One part; whether it was the last."""
    marks = Marks(target)
    names = Names(dict(source.rows("SELECT id, name FROM policies")))
    _named(target, marks, names)
    beaten = _beaten(source, target, marks)
    _withdrawn(source, target, marks)
    through = (
        _turns(source, target, marks, names)
        and _episodes(source, target, marks, names)
        and _samples(source, target, marks, names, beaten)
    )
    if through:
        standing.keep(source, target, marks, names)
    marks["unnamed"] = json.dumps(sorted({*json.loads(marks["unnamed"] or "[]"), *names.unnamed} - names.keys()))
    marks.keep()
    return through


def _insert(target: sqlite3.Connection, table: str, rows: Sequence[Row]) -> None:
    if rows:
        given = f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})"  # noqa: S608 (our names)
        target.executemany(given, rows)


def _turns(source: Source, target: sqlite3.Connection, marks: Marks, names: Names) -> bool:
    rows = source.rows(
        "SELECT rowid, key, episode, role, policy, json_extract(body, '$.template'), prompt_tokens, "
        "completion_tokens, started, seconds, json_extract(body, '$.finish') FROM turns WHERE rowid > ? "
        "ORDER BY rowid LIMIT ?",
        (marks.number("turns"), TURNS),
    )
    _insert(target, "turns", [turn_row(row[:-1], json.loads(row[-1]), names) for row in rows])
    if rows:
        marks["turns"], marks["last of turns"] = _end(source, "turns", rows[-1][0])
    return len(rows) < TURNS


def _episodes(source: Source, target: sqlite3.Connection, marks: Marks, names: Names) -> bool:
    rows = source.rows(
        "SELECT e.rowid, e.id, e.body, coalesce(d.body, '{}') FROM episodes e LEFT JOIN deals d ON d.episode = e.id "
        "WHERE e.rowid > ? ORDER BY e.rowid LIMIT ?",
        (marks.number("episodes"), EPISODES),
    )
    ids = json.dumps([row[1] for row in rows])
    sent: dict[str, list[str]] = {}
    called = "SELECT DISTINCT episode, template FROM turns WHERE episode IN (SELECT value FROM json_each(?)) ORDER BY 1"
    for episode, template in target.execute(called, (ids,)):
        sent.setdefault(episode, []).append(template)
    taught = dict(
        source.rows(
            "SELECT episode, json_extract(body, '$.provenance.attempt') FROM samples "
            "WHERE episode IN (SELECT value FROM json_each(?)) AND role = 'solver'",
            (ids,),
        )
    )
    nouns = source.nouns([body for row in rows for body in row[2:]])
    proposed = _proposed(source, [noun["id"] for noun in nouns[::2] if not noun["drafts"]])
    steered, told = _steered(source, {one["round"] for one in nouns[::2]}), Told()
    for at, (number, key, *_) in enumerate(rows):
        one, deal, said = nouns[2 * at], nouns[2 * at + 1], proposed.get(key, "")
        deal["templates"] = steered.get(key) or deal.get("templates", {})
        told.episode(number, one, deal, taught.get(key, ""), sent.get(key, ()), names, said)
    words = told.tables.pop("words")
    target.executemany("INSERT INTO words (rowid, instruction, answer, evidence) VALUES (?, ?, ?, ?)", words)
    for table, made in told.tables.items():
        _insert(target, table, made)
    if rows:
        marks["episodes"], marks["last of episodes"] = _end(source, "episodes", rows[-1][0])
    return len(rows) < EPISODES


def _proposed(source: Source, ids: Sequence[str]) -> dict[str, str]:
    """What the generator said in episodes that came to no draft."""
    keys = dumps([f"{key}/generator/1/1" for key in ids])
    rows = source.rows("SELECT episode, body FROM turns WHERE key IN (SELECT value FROM json_each(?))", (keys,))
    turns = source.nouns([body for _, body in rows])
    return {key: turn["replies"][0] for (key, _), turn in zip(rows, turns, strict=True) if turn["replies"]}


def _steered(source: Source, rounds: Collection[int]) -> dict[str, dict[str, str]]:
    """Episode to the templates that its batch was played under; an older Noria wrote down no batches."""
    if not source.has("batches"):
        return {}
    given = "SELECT body FROM batches WHERE round IN (SELECT CAST(value AS INTEGER) FROM json_each(?))"
    batches = [Batch.model_validate_json(body) for (body,) in source.rows(given, (json.dumps(sorted(rounds)),))]
    return {episode: batch.versions(episode) for batch in batches for episode in batch.episodes}


def _samples(
    source: Source, target: sqlite3.Connection, marks: Marks, names: Names, beaten: dict[str, str]
) -> bool:  # fmt: skip
    gone = "w.why || ' (' || w.root || ')'" if source.has("withdrawals") else "''"
    joined = "LEFT JOIN withdrawals w ON w.sample = s.id" if source.has("withdrawals") else ""
    rows = source.rows(
        f"SELECT s.sequence, e.rowid, s.chain, s.body, s.verifier, coalesce({gone}, '') FROM samples s "  # noqa: S608
        f"LEFT JOIN episodes e ON e.id = s.episode {joined} WHERE s.sequence > ? ORDER BY s.sequence LIMIT ?",
        (marks.number("samples"), SAMPLES),
    )
    nouns = source.nouns([row[3] for row in rows])
    made = [
        sample_row(sequence, number, chain, one, why, beaten.get(verifier, ""), names)
        for (sequence, number, chain, _, verifier, why), one in zip(rows, nouns, strict=True)
    ]
    _insert(target, "samples", made)
    shown = {(one, sample["provenance"]["episode"]) for sample in nouns
             for one in sample["provenance"].get("neighbours", ())}  # fmt: skip
    target.executemany("INSERT OR IGNORE INTO shown VALUES (?, ?)", sorted(shown))
    if rows:
        marks["samples"], marks["last of samples"] = _end(source, "samples", rows[-1][0])
    return len(rows) < SAMPLES


def _end(source: Source, table: str, number: int) -> Row:
    key = "sequence" if table == "samples" else "rowid"
    return source.rows(f"{ENDS[table]} WHERE {key} = ?", (number,))[0]


def _beaten(source: Source, target: sqlite3.Connection, marks: Marks) -> dict[str, str]:
    """The quarantined verifiers, each with its first proof in deal order; samples that are here already are told."""
    found: dict[str, str] = {}
    if source.has("quarantines"):
        for (body,) in source.rows("SELECT body FROM quarantines ORDER BY round, position, verifier"):
            one = Quarantine.model_validate_json(body)
            found.setdefault(one.verifier, one.why)
    known = json.loads(marks["beaten"] or "{}")
    changed = [(why, verifier) for verifier, why in found.items() if known.get(verifier) != why]
    if changed:
        target.executemany("UPDATE samples SET quarantined = ? WHERE verifier = ?", changed)
        marks["beaten"] = dumps(found)
    return found


def _withdrawn(source: Source, target: sqlite3.Connection, marks: Marks) -> None:
    """Tell the samples that are here already what a purge has said of them since."""
    if not source.has("withdrawals"):
        return
    rows = source.rows(
        "SELECT rowid, why || ' (' || root || ')', sample FROM withdrawals WHERE rowid > ? ORDER BY rowid",
        (marks.number("withdrawals"),),
    )
    target.executemany("UPDATE samples SET withdrawn = ? WHERE id = ?", (row[1:] for row in rows))
    if rows:
        marks["withdrawals"] = rows[-1][0]


CALLED = {
    "turns": (("policy", "policy_name"),),
    "samples": (("policy_name", "policy_name"), ("generator_name", "generator_name")),
    "episodes": tuple((role, role) for role in ("generator", "critic", "adversary", "judge", "solver")),
    **dict.fromkeys(("attempts", "critiques", "probes", "verdicts"), (("policy", "policy"),)),
    "exams": (("parent", "parent"), ("student", "student")),
    "seatings": (("holder", "holder"), ("student", "student")),
    "moves": (("before", "before"), ("after", "after")),
}
"""The columns that hold names, and where the id stands until there is one."""


LESSONS = """
    INSERT INTO lessons SELECT l.policy, s.role, s.domain, s.source, s.policy_name, s.round, count(*)
    FROM learned l JOIN samples s ON s.id = l.sample GROUP BY 1, 2, 3, 4, 5, 6
"""
"""Who learned from whom, counted anew: a writer's name is part of what is counted."""


def _named(target: sqlite3.Connection, marks: Marks, names: Names) -> None:
    """Call those by their names now that were called by their ids for want of one."""
    late: Collection[str] = names.keys() & set(json.loads(marks["unnamed"] or "[]"))
    if late:
        given: Iterable[tuple[Any, ...]] = [(names[key], key) for key in sorted(late)]
        for table, columns in CALLED.items():
            for of, column in columns:
                target.executemany(f"UPDATE {table} SET {column} = ? WHERE {of} = ?", given)  # noqa: S608
        target.execute("DELETE FROM lessons")
        target.execute(LESSONS)
