"""Who learned what: the rows that a trained policy was given, found from either side.

    policy ─► its samples          sample ─► the policies that learned from it

A row of the table for each, indexed both ways, for a list in the policy's own JSON has to
be read whole to answer either question. A policy of an older Noria has such a list; where
the table knows nothing of a policy, the list is read.
"""

import json
from collections.abc import Iterable, Iterator

from sqlalchemy import bindparam, func, literal, select

from noria.memory import tables
from noria.memory.history import History
from noria.memory.ledger import Write
from noria.memory.writing import new_only
from noria.types import Policy

PAGE = 5000
"""Rows read at once."""


def taught(policy: str, samples: Iterable[str]) -> Write:
    """The rows that say what a policy was given, as one statement."""
    given = func.json_each(bindparam("samples")).table_valued("value")
    query = new_only(tables.learned)
    rows = query.from_select(["policy", "sample"], select(literal(policy), given.c.value))
    return rows, {"samples": json.dumps(sorted(set(samples)))}


class Learned:
    """What each policy of a session learned from."""

    def __init__(self, history: History) -> None:
        """Stand on a session's history."""
        self.history = history
        self._kept = history.ledger.has(tables.learned)

    def of(self, policy: Policy) -> Iterator[str]:
        """Ids of the samples (and of the seeds that were anchors) that a policy was given, in order."""
        table, last, found = tables.learned, "", False
        while self._kept:
            query = select(table.c.sample).where(table.c.policy == policy.id, table.c.sample > last)
            page = [row.sample for row in self.history.ledger.rows(query.order_by(table.c.sample).limit(PAGE))]
            if not page:
                break
            found, last = True, page[-1]
            yield from page
        if not found:
            yield from sorted(policy.training.get("samples", ()))

    def by(self, sample: str) -> list[Policy]:
        """The policies that were given a sample, oldest first."""
        query = select(tables.learned.c.policy).where(tables.learned.c.sample == sample)
        ids = {row.policy for row in self.history.ledger.rows(query)} if self._kept else set[str]()
        return [one for one in self.history.policies() if one.id in ids or sample in one.training.get("samples", ())]
