"""Large text lives once: what several rows say stands in one row, and they point at it.

    put     body ─► folded: long texts and long flat objects become marks ─► texts (key, text)
    read    folded body ─► its marks, looked up together ─► the body as it was, byte for byte

A prompt, a reply, an instruction or a deal's templates stand in a turn, in an episode, in a
sample and in an exam. A body is JSON text, and folding is done on that text: a piece of a
string, or (where a column says so) an object that holds no other, becomes a mark of its key, and the key is a hash of
the piece. So a body is whole again only with its texts, and the texts are written in the
transaction of the row that needs them first; nothing deletes one, so no mark ever dangles.
What stays is JSON too: a query that looks into a body finds its short fields as they are.

A prompt's fence has another mark in every call, so strings are cut at it: what stands between
two marks is the same text again. A key has 64 bits; where two texts would share one, which
nobody has seen, the later one is not folded.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

from sqlalchemy import Text

from noria.fence import LETTERS
from noria.memory.driver import Driver

MARK = "\uf8ff"
"""What a key follows in a folded body; of a private area of Unicode, so that texts seldom hold it."""

PLAIN = "\\uf8ff"
"""How JSON says the same character in seven plain ones: a body that holds it says it so."""

LEAST = 64
"""Shortest piece of a string that is folded, in characters: a mark, a key and a row cost about 50."""

LEAST_OBJECT = 128
"""Shortest object without objects in it that is folded whole."""

_REF = re.compile(MARK + "([0-9a-f]{16})")
_OBJECT = re.compile(rf'\{{"[^{{}}]{{{LEAST_OBJECT - 3},}}+\}}')
_STARTS = tuple(":,[{\\")
"""What a quote follows that opens a string, or is of one."""
_QUOTES = re.compile(r'\\.|"', re.DOTALL)
"""What a backslash keeps, and quotes."""
_LONG = re.compile(rf'"[^"]{{{LEAST},}}+')
"""What follows a quote up to the next, where it is long: a string, or a piece of one that holds quotes."""
_FENCE = re.compile(rf"(</?data-[a-z]{{{LETTERS}}}>)")
_BARE = re.compile(r"[\d\s,:\[\]{}.eE+\-truefalsn]*")


class Folded(Text):
    """A column whose long texts live in `texts`; the ledger folds what is put and unfolds what is read."""

    def __init__(self, *, objects: bool = False) -> None:
        """With `objects`, whole flat objects are folded too: where each row repeats one, such as its templates."""
        super().__init__()
        self.objects = objects


def plain(body: str) -> str:
    """The same JSON without a character that could be taken for a mark."""
    return body.replace(MARK, PLAIN) if MARK in body else body


def fold(body: str, *, objects: bool) -> tuple[str, dict[str, str]]:
    """A plain body with marks for its long pieces, and these by their keys."""
    found: dict[str, str] = {}
    read, inside = 0, False

    def marked(text: str) -> str:
        key = _key(text)
        return MARK + key if found.setdefault(key, text) == text else text

    def whole(match: re.Match[str]) -> str:
        nonlocal read, inside
        text = match[0]
        # A brace of a string opens no object: as many quotes open strings before it as close them.
        inside ^= sum(one == '"' for one in _QUOTES.findall(body, read, match.start())) % 2 == 1
        read = match.start()
        # Where a brace of a string was taken for the object's end, no string ends before it.
        if inside or text[-2] != '"' or text[-3] in _STARTS or "<data-" in text:
            return text
        return f'"{marked(text)}"'

    def cut(match: re.Match[str]) -> str:
        text = match[0]
        return text if _BARE.fullmatch(text, 1) else "".join(_pieces(text, marked))

    return _LONG.sub(cut, _OBJECT.sub(whole, body) if objects else body), found


def _pieces(part: str, marked: Callable[[str], str]) -> Iterator[str]:
    yield part[0]
    for piece in _FENCE.split(part[1:]) if "data-" in part else (part[1:],):
        # What follows a backslash belongs to it.
        text = piece.rstrip("\\")
        yield (marked(text) if len(text) >= LEAST else text) + piece[len(text) :]


def unfold(body: str, texts: Mapping[str, str]) -> str:
    """The body as it was.

    Raises:
        KeyError: a text is missing.
    """
    if MARK not in body:
        return body
    # An object's mark stands in quotes of its own.
    pieces = _REF.split(body)
    for at in range(1, len(pieces), 2):
        text = pieces[at] = texts[pieces[at]]
        if text[0] == "{" and pieces[at - 1].endswith('"') and pieces[at + 1].startswith('"') and _whole(text):
            pieces[at - 1], pieces[at + 1] = pieces[at - 1][:-1], pieces[at + 1][1:]
    return "".join(pieces)


def _whole(text: str) -> bool:
    """Whether a text is an object and no piece of a string, which cannot hold a bare quote."""
    return text[1] == '"'


@lru_cache(maxsize=1000)
def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def keys(bodies: Iterable[str]) -> set[str]:
    """The keys that folded bodies need."""
    return {key for body in bodies if MARK in body for key in _REF.findall(body)}


def looked_up(connection: Driver, wanted: Iterable[str]) -> dict[str, str]:
    """The texts of some keys, those that are there."""
    ids = {_number(key): key for key in wanted}
    query = "SELECT key, text FROM texts WHERE key IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"
    return {ids[number]: text for number, text in connection.execute(query, (json.dumps(list(ids)),))}


def keep(connection: Driver, found: Mapping[str, str]) -> set[str]:
    """Write the texts that are not there yet; the keys that another text has already."""
    had = looked_up(connection, found)
    new = sorted((_number(key), text) for key, text in found.items() if key not in had)
    connection.executemany("INSERT INTO texts (key, text) VALUES (?, ?)", new)
    return {key for key, text in had.items() if text != found[key]}


def _number(key: str) -> int:
    """A key as a row's number: 64 bits with a sign."""
    number = int(key, 16)
    return number - (1 << 64) if number >> 63 else number
