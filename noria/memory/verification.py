"""Walks the chain of accepted samples and says where it breaks first.

    for each sample, in order: its hash, its id, its columns       at the end: count and head

A body that was edited, a row that was put in, taken out or moved is seen at the first sample
whose hash does not follow from the one before it; rows that were cut off, because the end of
the chain is a row of its own. Who rewrites every hash to the end is seen by a head that was
noted elsewhere. SQLite's own check of its pages is made on the way, for opening does not make
it of a large ledger; PostgreSQL checks its pages itself.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from noria.errors import SessionError
from noria.identity import sample_id
from noria.memory import chain, tables
from noria.memory.accepted import sample_row
from noria.memory.ledger import Ledger
from noria.types import Sample

CHAINED = 3
"""The first version of the tables that has a chain."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A chain that holds."""

    samples: int
    head: str
    """The hash of the last sample: whoever notes it can tell later that nothing before it changed."""


def verify(ledger: Ledger, head: str = "") -> Verified:
    """Walk the chain; with a head that was noted earlier, it must be met on the way.

    Raises:
        SessionError: the chain is broken (the sentence names the first bad sample), or there is none yet.
    """
    place = ledger.place
    if int(ledger.fact("version") or 0) < CHAINED:
        raise SessionError(
            f"The ledger {place!r} was written by an older Noria and has no chain yet.",
            mend="`noria memory rebuild` opens it for writing, and so gives it one.",
        )
    if damage := ledger.damage():
        raise SessionError(f"The ledger {place!r} is corrupt: {damage}.", mend="Restore it from a copy.")
    count, before, last, met = 0, chain.START, "the beginning", not head
    sequence = 0
    for row in ledger.stream(select(tables.samples).order_by(tables.samples.c.sequence), loose=True):
        if why := _broken(row, before):
            raise SessionError(
                f"The chain of accepted samples in {place!r} is broken at the sample {row.id} (number {row.sequence}, "
                f"after {last}): {why}.",
                mend="Restore the ledger from a copy.",
            )
        count, before, sequence, last = count + 1, row.chain, row.sequence, row.id
        met = met or before == head
    end = ledger.rows(select(tables.chains).where(tables.chains.c.name == chain.NAME))
    kept = (end[0].count, end[0].sequence, end[0].head) if end else (0, 0, chain.START)
    if kept != (count, sequence, before):
        raise SessionError(
            f"The chain of accepted samples in {place!r} is broken after {last} (number {sequence}): {kept[0]} samples "
            f"were accepted, and {count} are there.",
            mend="Restore the ledger from a copy.",
        )
    if not met:
        raise SessionError(
            f"The chain of accepted samples in {place!r} never had the head {head!r}.",
            mend="It is another ledger, or its chain was written anew.",
        )
    return Verified(count, before)


def _broken(row: Any, before: str) -> str:
    """What is wrong with a sample, empty where nothing is."""
    if chain.linked(before, row.sequence, row.id, row.body) != row.chain:
        return "it is not what was accepted there, or what stood before it is not"
    try:
        sample = Sample.model_validate_json(row.body)
    except ValidationError as fault:
        return f"its body is no sample ({fault.errors(include_url=False)[0]['msg']})"
    if row.id != sample.id or row.id != sample_id(sample.role, sample.messages):
        return "its id is not the hash of its role and messages"
    told = sample_row(sample)
    if other := next((name for name in told if name != "body" and told[name] != getattr(row, name)), None):
        return f"its column {other!r} does not say what its body says"
    return ""
