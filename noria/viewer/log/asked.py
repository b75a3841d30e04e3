"""What an address asks of the log: words, filters, and a place to go on from.

    ?q=apples&domain=arithmetic&level=2&before=812 ─► Asked ─► conditions and values of a query
                                                        └────► the address again, with one thing changed

The address is the whole state: it can be sent to a colleague, works without scripts, and a
name or value that the log does not know matches nothing and is shown as what it is. Values
travel to SQL as values; what is put together here are conditions of ours.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from noria.memory.catalogue.words import match

LAST = 2**63 - 1
"""The largest number that SQLite counts to."""

LONG = 300
"""Characters of a value that an address may ask for; what is longer names nothing of ours."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A control over the log."""

    name: str
    """In the address, and of the value in the condition."""
    label: str
    """What the control is called on the page."""
    where: str
    """The condition that a chosen value sets."""
    unless: str = ""
    """The condition that holds where none is chosen."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one address asks for."""

    filters: tuple[Filter, ...]
    """Those that this log knows, in the order of the page."""
    chosen: Mapping[str, str]
    """Filter to value, where one was chosen."""
    words: str = ""
    before: int | None = None
    """Only what is older than this place in the log."""
    after: int | None = None
    """Only what is newer."""
    lost: str = ""
    """A place that is none, as it was asked for."""

    @classmethod
    def of(cls, query: Iterable[tuple[str, str]], filters: Sequence[Filter]) -> "Asked":
        """Read the parameters of an address; of a name given twice the last counts."""
        said = {name: value.strip()[:LONG] for name, value in query if value.strip()}
        before, after = (_place(said.get(name, "")) for name in ("before", "after"))
        lost = next((said[name] for name in ("before", "after") if name in said and _place(said[name]) is None), "")
        chosen = {one.name: said[one.name] for one in filters if one.name in said}
        return cls(tuple(filters), chosen, said.get("q", ""), before, None if before is not None else after, lost)

    @property
    def any(self) -> bool:
        """Whether it asks for less than the whole log."""
        return bool(self.words or self.chosen)

    def labelled(self) -> list[tuple[str, str, str]]:
        """Name, label and value of everything chosen, the words first."""
        words = [("q", "words", self.words)] if self.words else []
        return words + [(one.name, one.label, self.chosen[one.name]) for one in self.filters if one.name in self.chosen]

    def address(self, **changes: str | int | None) -> str:
        """The query of the same address with some of it changed, from the newest on where no place is named.

        A value of none takes a name out. The text is ready for `href`, with its question mark.
        """
        said: dict[str, str | int | None] = {"q": self.words or None, **self.chosen, **changes}
        order = ("q", *(one.name for one in self.filters), "before", "after", "since")
        pairs = [(name, said[name]) for name in order if said.get(name) not in (None, "")]
        return f"?{urlencode(pairs)}" if pairs else "?"

    def conditions(self, *, searched: str = "") -> tuple[list[str], dict[str, str]]:
        """The conditions and their values; `searched` is the condition of the words, with their query as `match`."""
        where = [one.where if one.name in self.chosen else one.unless for one in self.filters]
        values = {one.name: self.chosen[one.name] for one in self.filters if one.name in self.chosen}
        if searched and self.words:
            where.append(searched)
            values["match"] = match(self.words)
        return [one for one in where if one], values


def _place(said: str) -> int | None:
    """A place in the log, if a text says one."""
    return min(int(said), LAST) if re.fullmatch(r"[0-9]{1,30}", said) else None
