"""An id in the search box: whole, or by its beginning, it leads to the thing itself.

1f3a · sample-1f3a · episode-0b… · https copied with spaces around ─► one thing: go there
                                                                    └► several: say which
"""

import re
from dataclasses import dataclass
from typing import Literal

from noria.memory.catalogue import Catalogue

LISTED = 8
"""Things that are named where a beginning fits several."""

_ID = re.compile(r"(?:(sample|episode)-)?([0-9a-f]{4,16})", re.IGNORECASE)

SHORT = 8
"""Letters of an id that a page shows."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A sample or an episode."""

    kind: Literal["sample", "episode"]
    id: str


def named(catalogue: Catalogue, words: str) -> list[Thing]:
    """The samples and episodes that a search names by id; none where it is no id."""
    said = _ID.fullmatch(words.strip())
    if said is None:
        return []
    found: list[Thing] = []
    kinds: tuple[tuple[Literal["sample", "episode"], str], ...] = (("sample", "samples"), ("episode", "episodes"))
    for kind, table in kinds:
        if said[1] is None or said[1].lower() == kind:
            begun = f"{kind}-{said[2].lower()}"
            query = f"SELECT id FROM {table} WHERE id >= :begun AND id < :end ORDER BY id LIMIT {LISTED + 1}"  # noqa: S608 (our words)
            found += [Thing(kind, row["id"]) for row in catalogue.rows(query, {"begun": begun, "end": begun + "g"})]
    return found


def short(key: str) -> str:
    """An id as a page shows it: the first letters of its hash; a name that is no hash stays whole."""
    kind, dash, rest = key.rpartition("-")
    return rest[:SHORT] if dash and kind and re.fullmatch(r"[0-9a-f]{12,}", rest) else key
