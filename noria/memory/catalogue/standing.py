"""The small tables: some only grow, the others are written anew when what they are made of has changed.

exams, seatings, moves, learned, steps ─► what is new          session, rounds, stages, policies, templates ─► anew
"""

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from noria.identity import digest
from noria.memory.catalogue import methods
from noria.memory.catalogue.marks import Marks
from noria.memory.catalogue.rows import Names, Row
from noria.memory.catalogue.source import Source, dumps, loads

PROMPTS = "prompts"
"""Folder of a session's templates."""


def keep(source: Source, target: sqlite3.Connection, marks: Marks, names: Names) -> None:
    """Bring the small tables up to the ledger."""
    grown = _exams(source, target, marks, names) + _moves(source, target, marks, names)
    _seatings(source, target, marks, names)
    _learned(source, target, marks)
    _steps(source, target, marks)
    methods.keep(source, target, marks)
    facts = {
        name: source.rows(f"SELECT * FROM {name} ORDER BY 1")  # noqa: S608 (our names)
        for name in ("meta", "rounds", "policies", "pointers", "tainted")
        if source.has(name)
    }
    told = digest(repr(facts))
    if told != marks["facts"] or grown:
        marks["facts"] = told
        _session(target, facts, names)
        _rounds(source, target, facts["rounds"])
        _policies(source, target, facts)
    _templates(source, target, marks)


def _anew(target: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    target.execute(f"DELETE FROM {table}")  # noqa: S608 (our names)
    _put(target, table, rows)


def _put(target: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    width = len(target.execute(f"PRAGMA table_info({table})").fetchall())
    target.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * width)})", rows)  # noqa: S608


def _new(source: Source, marks: Marks, table: str, columns: str, key: str = "rowid") -> list[Row]:
    """The rows of a growing table after its mark, each with its number first."""
    if not source.has(table):
        return []
    query = f"SELECT {key}, {columns} FROM {table} WHERE {key} > ? ORDER BY {key}"  # noqa: S608 (our names)
    rows = source.rows(query, (marks.number(table),))
    if rows:
        marks[table] = rows[-1][0]
    return rows


def _session(target: sqlite3.Connection, facts: Mapping[str, list[Row]], names: Names) -> None:
    pointers = [(pointer, names[policy]) for pointer, policy in facts["pointers"]]
    _anew(target, "session", [*facts["meta"], *pointers])


def _rounds(source: Source, target: sqlite3.Connection, rounds: list[Row]) -> None:
    dealt = dict(source.rows("SELECT round, count(*) FROM deals GROUP BY round"))
    _anew(target, "rounds", [(number, phase, dealt.get(number, 0), body) for number, phase, body in rounds])
    spent = [
        (number, stage, one["seconds"], one["prompt_tokens"], one["completion_tokens"])
        for number, _, body in rounds
        for stage, one in loads(body).get("stages", {}).items()
    ]
    _anew(target, "stages", spent)


def _policies(source: Source, target: sqlite3.Connection, facts: Mapping[str, list[Row]]) -> None:
    pointers: dict[str, str] = dict(facts["pointers"])
    tainted = {row[0] for row in facts.get("tainted", [])}
    moves = [loads(body) for (body,) in source.rows("SELECT body FROM moves")] if source.has("moves") else []
    stepped = {policy for one in moves for policy in one.get("withdrawn", ())}
    examined = source.rows("SELECT json_extract(body, '$.student'), promoted FROM exams")
    became = {student: "promoted" if promoted else "kept out" for student, promoted in examined}
    if source.has("seatings"):  # a judge of its own training is no student: its exam is that of its seat
        seated = source.rows("SELECT student, max(CAST(seated AS INTEGER)) FROM seatings GROUP BY student")
        became = {policy: "promoted" if sits else "kept out" for policy, sits in seated} | became
    learned = {key for (key,) in target.execute("SELECT DISTINCT policy FROM learned")}

    def state(one: Any) -> str:
        key = one["id"]
        if key in tainted:
            return "tainted"
        if key in stepped:
            return "withdrawn"
        if key == pointers.get("base"):
            return "base"
        if key == pointers.get("student"):
            return "current"
        if not one.get("training"):
            return "endpoint"
        return became.get(key, "unexamined")

    rows: list[Row] = []
    for _, name, number, body in facts["policies"]:
        one = loads(body)
        training = one.get("training", {})
        if one["id"] not in learned:  # an older Noria listed them there
            _put(target, "learned", [(one["id"], sample) for sample in training.get("samples", ())])
        rows.append((
            one["id"], name, number, dumps(one.get("parents", [])), one.get("student", False),
            one["id"] == pointers.get("student"), state(one), one.get("folder", ""), one.get("adapter", ""),
            dumps({key: value for key, value in training.items() if key != "samples"}),
        ))  # fmt: skip
    _anew(target, "policies", rows)


def _learned(source: Source, target: sqlite3.Connection, marks: Marks) -> None:
    _put(target, "learned", [row[1:] for row in _new(source, marks, "learned", "policy, sample")])


def _exams(source: Source, target: sqlite3.Connection, marks: Marks, names: Names) -> int:
    rows = _new(source, marks, "exams", "body, answered")
    for _, *kept in rows:
        body, answered = source.whole([str(one) for one in kept])
        exam, number = loads(body), loads(body)["round"]
        _put(target, "exams", [(
            number, exam["id"], names[exam["parent"]], names[exam["student"]], exam["items"], exam["parent_right"],
            exam["student_right"], exam["wins"], exam["losses"], exam["p_value"], exam["alpha"],
            *exam["parent_interval"], *exam["student_interval"], exam["promoted"], exam["why"], dumps(exam),
        )])  # fmt: skip
        _put(target, "exam_domains", [
            (number, one["domain"], one["items"], one["parent"], one["student"], one["worse_p"],
             one["significantly_worse"])
            for one in exam["domains"]
        ])  # fmt: skip
        _put(target, "exam_items", [
            (number, at, one["task"]["domain"], one["task"]["skill"], one["task"]["level"], one.get("frozen", False),
             one["task"]["instruction"], one["parent"], one["student"], one["parent_passed"], one["student_passed"])
            for at, one in enumerate(loads(answered), 1) if not one.get("again")
        ])  # fmt: skip
    return len(rows)


def _seatings(source: Source, target: sqlite3.Connection, marks: Marks, names: Names) -> None:
    for _, body in _new(source, marks, "seatings", "body"):
        one = loads(body)
        _put(target, "seatings", [(
            one["round"], one["role"], names[one["holder"]], names[one["student"]], one["items"], one["holder_right"],
            one["student_right"], one["p_value"], one["seated"], one["why"],
        )])  # fmt: skip


def _moves(source: Source, target: sqlite3.Connection, marks: Marks, names: Names) -> int:
    rows = _new(source, marks, "moves", "body", "sequence")
    for sequence, body in rows:
        one = loads(body)
        before, after = names[one["before"]], names[one["after"]]
        _put(target, "moves", [(sequence, one["round"], one["cause"], before, after, one["why"], one["at"])])
    return len(rows)


def _steps(source: Source, target: sqlite3.Connection, marks: Marks) -> None:
    if source.has("steps"):
        columns = "round, batch, kind, name, said, body, at"
        _put(target, "steps", _new(source, marks, "steps", columns, "sequence"))


def _templates(source: Source, target: sqlite3.Connection, marks: Marks) -> None:
    """The versions that episodes used, with their texts where these are still to be had."""
    known = dict(target.execute("SELECT version, text FROM templates").fetchall())
    used = dict(
        target.execute(
            "WITH RECURSIVE each(version) AS (SELECT min(version) FROM used UNION ALL "
            "SELECT (SELECT min(version) FROM used WHERE used.version > each.version) FROM each "
            "WHERE version IS NOT NULL) SELECT version, version FROM each WHERE version IS NOT NULL"
        ).fetchall()
    )
    if used.keys() == known.keys() and all(known.values()):
        return
    texts = _texts(source)
    first = (
        "SELECT coalesce(min(round), 0) FROM episodes JOIN used ON used.episode = episodes.id WHERE used.version = ?"
    )
    for version in used:
        if version not in known or known[version] != texts.get(version, known[version]):
            number = target.execute(first, (version,)).fetchone()[0]
            row = (version, version.partition("@")[0], number, texts.get(version, known.get(version, "")))
            _put(target, "templates", [row])


def _texts(source: Source) -> dict[str, str]:
    """Texts of templates by their versions: from the ledger where it has them, and from the session's folder."""
    found: dict[str, str] = {}
    folder: Path = source.path.parent / PROMPTS
    for file in sorted(folder.glob("*.md")) if folder.is_dir() else ():
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        found[f"{file.stem}@{digest(text)[:12]}"] = text
    if source.has("templates"):
        found |= dict(source.rows("SELECT version, text FROM templates"))
    return found
