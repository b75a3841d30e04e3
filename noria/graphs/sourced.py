"""What the documents of a session gave; a session without any has none of it, and reads nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from noria.types import Json, Seed


@dataclass(frozen=True, slots=True)
class Sourced:
    """The passages that a session asks about, and what became of the rest."""

    passages: Sequence[Seed] = ()
    left_out: Sequence[tuple[Seed, str]] = ()
    """Passages that are not used, and why."""
    skipped: Sequence[str] = ()
    """A sentence for each document that cannot be used."""
    documents: Sequence[str] = field(default=())

    def facts(self) -> Json:
        """How many of what, for the ledger."""
        why: dict[str, int] = {}
        for _, one in self.left_out:
            kind = one.partition(":")[0]
            why[kind] = why.get(kind, 0) + 1
        return {
            "documents": len(self.documents), "passages": len(self.passages), "left_out": why,
            "skipped": list(self.skipped),
        }  # fmt: skip
