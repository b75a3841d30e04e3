"""What an id names: whole, by a name, or by as many of its first letters as tell it apart.

sample-1f3a…  1f3a  episode-…  student-r0001  policy-…  arithmetic@1  exam-…  exam-r0002

An exact name goes before a beginning, and what may be several things is asked back, never guessed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Column, or_, select

from noria.errors import SessionError
from noria.memory import tables
from noria.memory.history import History
from noria.memory.lineage import told

Kind = Literal["sample", "episode", "policy", "verifier", "exam", "seed"]

KINDS: tuple[Kind, ...] = ("sample", "episode", "policy", "verifier", "exam")
"""What a story can be told of."""

LISTED = 8
"""Ids that a sentence lists."""


@dataclass(frozen=True, slots=True, order=True)
class Named:
    """A thing of the session."""

    kind: Kind
    id: str
    """Of an exam its round, of a verifier its name with its version."""
    name: str
    """What people read."""


def named(history: History, key: str, kinds: Sequence[Kind] = KINDS) -> Named:
    """The one thing that a key names.

    Raises:
        SessionError: none is named so, or several are.
    """
    found = sorted({one for kind in kinds for one in _of(history, kind, key)}) if key.strip() else []
    found = [one for one in found if key in (one.id, one.name)] or found
    if not found:
        place, (*others, last) = str(history.ledger.path.parent), kinds
        things = f"{', '.join(others)} or {last}" if others else last
        raise SessionError(f"The session {place!r} knows no {things} {key!r}.", mend=_where(kinds))
    if len(found) > 1:
        names = ", ".join(one.name for one in found[:LISTED])
        more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
        raise SessionError(f"{key!r} may be {names}{more}.", mend="Say more of it.")
    return found[0]


def _where(kinds: Sequence[Kind]) -> str:
    """Which command lists things of these kinds."""
    lists = {"sample": "accepted", "episode": "trace", "policy": "status", "verifier": "verifiers", "exam": "exam"}
    commands = dict.fromkeys(f"`noria {lists[kind]}`" for kind in kinds if kind in lists)
    return f"{', '.join(commands)} list{'s' if len(commands) == 1 else ''} them." if commands else ""


def verifiers(history: History, key: str) -> set[str]:
    """The verifiers whose name begins so: those that a round tested or an attack beat, else those samples rest on."""
    cards = {card["verifier"] for _, _, facts in history.rounds() for card in facts.get("verifiers", [])}
    known = {one for one in cards | set(history.quarantined()) if one.startswith(key)}
    if known or "@" not in key:
        return known
    return {one for row in told(history) for one in row.story.verifiers if one.startswith(key)}


def _of(history: History, kind: Kind, key: str) -> Iterator[Named]:
    def starting(*columns: Column[str]) -> set[str]:
        begins = [one.startswith(key, autoescape=True) for one in columns]
        after_the_kind = [one.contains(f"-{key}", autoescape=True) for one in columns]
        return {row[0] for row in history.ledger.rows(select(columns[0]).where(or_(*begins, *after_the_kind)))}

    if kind == "sample":
        yield from (Named("sample", one, one) for one in starting(tables.samples.c.id))
    elif kind == "episode":
        ids = starting(tables.episodes.c.id) | starting(tables.deals.c.episode)
        yield from (Named("episode", one, one) for one in ids)
    elif kind == "policy":
        names = {one.id: one.name for one in history.policies()}
        found = starting(tables.policies.c.id, tables.policies.c.name)
        yield from (Named("policy", one, names[one]) for one in found)
    elif kind == "verifier":
        yield from (Named("verifier", one, one) for one in verifiers(history, key))
    elif kind == "exam":
        for exam in history.exams():
            if exam.id.startswith(key) or f"-{key}" in exam.id or key == f"exam-r{exam.round:04}":
                yield Named("exam", str(exam.round), exam.id)
    else:
        yield from (Named("seed", one, one) for one in starting(tables.seeds.c.id))
