"""What a person types into a search box, as a query that no syntax can break.

    more "unit conversion" appl   ─►   "more" "unit conversion" "appl"*

Every word must be there, quoted words in that order, and the last may be the beginning of
one. Nothing that is typed is an operator.
"""

import re

from noria.memory.catalogue.source import storable

LONGEST = 400
"""Characters of a search that are read."""

_PARTS = re.compile(r'"([^"]*)"|([^\s"]+)')


def match(text: str) -> str:
    """A query for `words MATCH :query`; one of nothing but blanks and signs finds nothing."""
    text = storable(text[:LONGEST]).replace("\x00", " ")
    parts = [phrase or word for phrase, word in _PARTS.findall(text)]
    parts = [part for part in parts if any(letter.isalnum() for letter in part)]
    if not parts:
        return '""'
    begun = "" if text.endswith(('"', " ")) else "*"
    return " ".join(f'"{part}"' for part in parts) + begun
