"""What was accepted, read without ever being held whole, and what follows it.

    samples ─► each         one after another, a page in memory
            └► heads        what a choice needs, without the texts; the chosen are loaded by id
    outbox  ─► pages ─► who follows (the neighbour index; an export) ─► projections: how far

The outbox says in order what was added and what was withdrawn, and its rows stay; each
follower has a mark of its own, so that a new one begins at the first row, and one that was
deleted begins again. A session accepts for days: nothing here grows with what it accepted.
"""

import json
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from noria.memory import tables
from noria.memory.ledger import Ledger, replace
from noria.memory.withdrawals import leaving, standing
from noria.types import Sample

PAGE = 2000
"""Samples loaded at once."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is asked of a sample when some are chosen from many."""

    id: str
    role: str
    source: str
    worded_by: str
    verifiers: tuple[str, ...]
    """Every verifier that vouches for it."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the outbox, as it stands: what was added and withdrawn again within it was never there."""

    upto: int
    """Sequence of its last row."""
    added: tuple[Sample, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A free text that came with an accepted sample, or left with one."""

    place: int
    """The place of its sample in the log."""
    added: bool
    shape: str
    text: str


class Accepted:
    """Reads the accepted samples of one session, and serves who follows them."""

    def __init__(self, ledger: Ledger) -> None:
        """Stand on an open ledger."""
        self.ledger = ledger

    def _some(
        self,
        *columns: Any,
        before: int | None = None,
        number: int | None = None,
        role: str | None = None,
        without: Collection[str] = (),
        withdrawn: bool = False,
    ) -> Select[Any]:
        """A query over the samples of one round, of those before it, or all; of one role or of each.

        Those that a purge withdrew are in it only where they are asked for.
        """
        table = tables.samples
        query = select(*columns) if withdrawn else standing(self.ledger, select(*columns))
        if number is not None:
            query = query.where(table.c.round == number)
        if before is not None:
            query = query.where(table.c.round < before)
        if role is not None:
            query = query.where(table.c.role == role)
        return query.where(table.c.verifier.not_in(list(without))) if without else query

    def _read(self, query: Select[Any]) -> Iterator[Sample]:
        return (Sample.model_validate_json(row.body) for row in self.ledger.stream(query))

    def each(self, *, last: int | None = None, **which: Any) -> Iterator[Sample]:
        """Samples one after another, oldest first, or the last of them.

        `which` are `number` and `before` (a round, those before one), `role`, and `without` (verifiers
        that alone vouch for what is left out), `withdrawn` (with what a purge took out of use); without any, all
        that stands.
        """
        query, table = self._some(tables.samples.c.body, **which), tables.samples
        if last is None:
            return self._read(query.order_by(table.c.sequence))
        return reversed(list(self._read(query.order_by(table.c.sequence.desc()).limit(last))))

    def heads(self, **which: Any) -> Iterator[Head]:
        """The heads of the samples that `each` would give, by id."""
        table = tables.samples
        query = self._some(table.c.id, table.c.role, table.c.source, table.c.worded_by, table.c.verifier, **which)
        vouching: dict[str, tuple[str, ...]] = {}
        for row in self.ledger.stream(query.order_by(table.c.id)):
            # A hundred thousand heads share a handful of words.
            role, source, worded_by = sys.intern(row.role), sys.intern(row.source), sys.intern(row.worded_by)
            yield Head(row.id, role, source, worded_by, vouching.setdefault(row.verifier, (row.verifier,)))

    def count(self, **which: Any) -> int:
        """How many samples `each` would give."""
        return int(self.ledger.value(self._some(func.count(tables.samples.c.id), **which)))

    def place(self, sample: str) -> int | None:
        """The place of a sample in the log, counted from 1; none where it is not there."""
        found: int | None = self.ledger.value(select(tables.samples.c.sequence).where(tables.samples.c.id == sample))
        return found

    def loaded(self, ids: Iterable[str]) -> Iterator[Sample]:
        """The samples of some ids, in no order, a page at a time."""
        table, left = tables.samples, iter(ids)
        while part := list(islice(left, PAGE)):
            given = func.json_each(bindparam("ids")).table_valued("value")
            query = select(table.c.body).where(table.c.id.in_(select(given.c.value)))
            yield from self._read(query.params(ids=json.dumps(part)))

    def of_episodes(self, episodes: Collection[str], **which: Any) -> Iterator[Sample]:
        """The samples of some episodes, oldest first; `which` as in `each`."""
        table = tables.samples
        given = func.json_each(bindparam("episodes")).table_valued("value")
        query = self._some(table.c.body, **which).where(table.c.episode.in_(select(given.c.value)))
        return self._read(query.order_by(table.c.sequence).params(episodes=json.dumps(list(episodes))))

    def resting(self, verifier: str) -> Iterator[tuple[str, str]]:
        """Id and role of every sample that a verifier vouches for."""
        table = tables.samples
        query = self._some(table.c.id, table.c.role).where(table.c.verifier == verifier)
        return ((row.id, row.role) for row in self.ledger.stream(query))

    def mark(self, follower: str) -> tuple[int, str]:
        """How far a follower has come in the outbox, and which making of it that was."""
        table = tables.projections
        rows = self.ledger.rows(select(table.c.sequence, table.c.made).where(table.c.name == follower))
        return (rows[0].sequence, rows[0].made) if rows else (0, "")

    async def followed(self, follower: str, upto: int, made: str) -> None:
        """Write how far a follower has come."""
        await self.ledger.write(replace(tables.projections, {"name": follower, "sequence": upto, "made": made}))

    def latest(self) -> int:
        """The last row of the outbox; 0 where it has none."""
        return int(self.ledger.value(select(func.max(tables.outbox.c.sequence))) or 0)

    def pages(self, after: int, size: int = PAGE) -> Iterator[Page]:
        """The outbox after a row, in order, page by page."""
        table, samples = tables.outbox, tables.samples
        while True:
            query = select(table.c.sequence, table.c.kind, samples.c.id, samples.c.body)
            query = query.join_from(table, samples, table.c.sample == samples.c.id).where(table.c.sequence > after)
            rows = self.ledger.rows(query.order_by(table.c.sequence).limit(size))
            if not rows:
                return
            after, last = rows[-1].sequence, {row.id: row for row in rows}
            gone = tuple(key for key, row in last.items() if row.kind == "remove")
            added = (row.body for row in last.values() if row.kind == "add")
            yield Page(after, tuple(Sample.model_validate_json(body) for body in added), gone)

    def free_texts(self, after: int, upto: int) -> Iterator[Spoken]:
        """What the outbox says of free texts between two of its rows, in order; samples without one are left out."""
        table, samples = tables.outbox, tables.samples
        query = select(table.c.kind, samples.c.sequence, samples.c.body)
        query = query.join_from(table, samples, table.c.sample == samples.c.id)
        query = query.where(table.c.sequence > after, table.c.sequence <= upto)
        # No string of a body holds a bare quote, so nothing but an empty field reads so: most rows are not even read.
        query = query.where(~samples.c.body.contains('"free_text":""', autoescape=True)).order_by(table.c.sequence)
        for row in self.ledger.stream(query):
            story = json.loads(row.body)["provenance"]
            if story["free_text"]:
                yield Spoken(row.sequence, row.kind == "add", story["shape"], story["free_text"])

    def at(self, places: Collection[int]) -> dict[int, Sample]:
        """Samples by their places in the log."""
        table = tables.samples
        query = select(table.c.sequence, table.c.body).where(table.c.sequence.in_(list(places)))
        return {row.sequence: Sample.model_validate_json(row.body) for row in self.ledger.rows(query)}

    def indexable(self, upto: int | None = None) -> int:
        """How many samples a follower holds that has followed the outbox to a row, or to its end."""
        table = tables.outbox
        query = select(table.c.kind, func.count().label("rows")).group_by(table.c.kind)
        if upto is not None:
            query = query.where(table.c.sequence <= upto)
        kinds = {row.kind: row.rows for row in self.ledger.rows(query)}
        return int(kinds.get("add", 0) - kinds.get("remove", 0))

    def unindexed(self, follower: str = "chroma") -> list[Sample]:
        """Samples that a follower, the neighbour index where none is named, has not taken yet."""
        gone, found = set[str](), list[Sample]()
        for page in self.pages(self.mark(follower)[0]):
            gone.update(page.removed)
            found.extend(page.added)
        return [sample for sample in found if sample.id not in gone]

    async def withdraw_from_index(self, ids: Iterable[str]) -> None:
        """Have samples leave whatever follows the ledger; one that never entered stays out, and twice is once."""
        await self.ledger.write(leaving(ids))


def sample_row(sample: Sample) -> dict[str, Any]:
    """A sample as its row, but for its place in the chain."""
    names = ("episode", "round", "domain", "level", "source", "worded_by", "policy", "verifier", "warrant", "strategy")
    row = {name: getattr(sample.provenance, name) for name in names}
    return {**row, "id": sample.id, "role": sample.role, "body": sample.model_dump_json()}
