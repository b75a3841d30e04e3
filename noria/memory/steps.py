"""What steered a session, read back: from the steps follow the notes, the trials and the pause of today.

    steps (append-only) ─┬─► template, broken_template ─► what was taken, what was refused
                         ├─► note, expired             ─► the notes in force
                         ├─► trial                     ─► the trials that run
                         ├─► pause, go_on              ─► whether it is paused
                         └─► approve, refuse           ─► who was ruled on
    batches   (round, batch) ─► what it is played under           templates   name@hash ─► text

Nothing is kept beside the steps that they could disagree with, but for the templates in force,
a fact that changes in one transaction with the step that says so.
"""

import json
from collections.abc import Iterable, Mapping

from sqlalchemy import func, select

from noria.memory import tables
from noria.memory.history import History
from noria.memory.ledger import Write, put, replace
from noria.types import Batch, Step, StepKind

IN_FORCE = "templates"
"""The fact that holds the version in force of each template."""


class Steps:
    """Reads the steering of one session."""

    def __init__(self, history: History) -> None:
        """Stand on a history, of a ledger of whatever version."""
        self.history = history
        self.ledger = history.ledger
        self._kept = self.ledger.has(tables.steps)

    def each(self, *kinds: StepKind, name: str | None = None) -> list[Step]:
        """The steps of some kinds, or all, oldest first; of one name where it is given."""
        table = tables.steps
        query = select(table).order_by(table.c.sequence)
        if kinds:
            query = query.where(table.c.kind.in_(kinds))
        if name is not None:
            query = query.where(table.c.name == name)
        return [self._step(row) for row in self.ledger.rows(query)] if self._kept else []

    def last(self, *kinds: StepKind, name: str | None = None) -> Step | None:
        """The newest of the steps that `each` would give."""
        return next(reversed(self.each(*kinds, name=name)), None)

    def has(self, key: str) -> bool:
        """Whether a step of this key was taken."""
        query = select(tables.steps.c.key).where(tables.steps.c.key == key)
        return self._kept and self.ledger.value(query) is not None

    def _step(self, row: object) -> Step:
        values = {name: getattr(row, name) for name in Step.model_fields}
        return Step.model_validate(values | {"body": json.loads(values["body"])})

    def batch(self, number: int, batch: int) -> Batch | None:
        """What a batch is played under; none where none was committed, as by an older Noria."""
        table = tables.batches
        query = select(table.c.body).where(table.c.round == number, table.c.batch == batch)
        found = self.ledger.value(query) if self._kept else None
        return None if found is None else Batch.model_validate_json(found)

    def batches(self, number: int | None = None) -> list[Batch]:
        """Every committed batch, of one round or of all, in order."""
        table = tables.batches
        query = select(table.c.body).order_by(table.c.round, table.c.batch)
        if number is not None:
            query = query.where(table.c.round == number)
        rows = self.ledger.rows(query) if self._kept else []
        return [Batch.model_validate_json(row.body) for row in rows]

    def played(self, number: int, episode: str) -> tuple[dict[str, str], list[str]] | None:
        """The templates that an episode of a round is played by, and the notes; none where no batch says so."""
        batch = next((one for one in self.batches(number) if episode in one.episodes), None)
        if batch is None:
            return None
        said = {one.name: str(one.body["text"]) for one in self.each("note")} if batch.notes else {}
        return batch.versions(episode), [said[one] for one in batch.notes]

    def place(self) -> tuple[int, int]:
        """Round and batch, from 1, of the batch that was the last to begin; batch 0 before the first."""
        table = tables.batches
        query = select(table.c.round, table.c.batch).order_by(table.c.round.desc(), table.c.batch.desc()).limit(1)
        rows = self.ledger.rows(query) if self._kept else []
        return (rows[0].round, rows[0].batch) if rows else (len(self.history.rounds()), 0)

    def in_force(self) -> dict[str, str]:
        """Name to the version of each template in force; empty where none was written down."""
        found: dict[str, str] = json.loads(self.ledger.fact(IN_FORCE) or "{}")
        return found

    def texts(self, versions: Iterable[str]) -> dict[str, str]:
        """The texts of some template versions, by version; those that are not known are left out."""
        table, wanted = tables.templates, sorted(set(versions))
        if not self._kept:
            return {}
        query = select(table.c.version, table.c.text).where(table.c.version.in_(wanted))
        return {row.version: row.text for row in self.ledger.rows(query)}

    def count(self, *kinds: StepKind) -> int:
        """How many steps of some kinds there are."""
        query = select(func.count()).select_from(tables.steps).where(tables.steps.c.kind.in_(kinds))
        return int(self.ledger.value(query)) if self._kept else 0


def stepping(step: Step) -> Write:
    """The row of a step; one whose key is there stays as it was."""
    return put(tables.steps, step.model_dump() | {"body": json.dumps(step.body)})


def batching(batch: Batch) -> Write:
    """The row of a batch; one that was committed stays as it was."""
    row = {"round": batch.round, "batch": batch.batch, "body": batch.model_dump_json()}
    return put(tables.batches, row)


def texting(steps: Steps, texts: Mapping[str, str], at: float) -> list[Write]:
    """The rows of templates, by `name@hash`, that were never seen before."""
    known = steps.texts(texts)
    return [
        put(tables.templates, {"version": version, "name": version.partition("@")[0], "text": text, "first": at})
        for version, text in texts.items()
        if version not in known
    ]


def forcing(versions: Mapping[str, str]) -> Write:
    """The row of the templates in force."""
    return replace(tables.meta, {"key": IN_FORCE, "value": json.dumps(versions)})
