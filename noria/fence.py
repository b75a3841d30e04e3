"""The fence: what a model, a user's row or memory wrote stands in a prompt as data, and cannot get out.

    text ─► defused ─► <data-qzkvb>text</data-qzkvb>          the mark is drawn anew for every call

Who writes a text cannot know the mark, which is drawn later, and what looks like one in the
text is taken apart. So is what a chat template would take for its own: tokenizers read
`<|im_end|>` as the end of a turn wherever it stands. What is taken apart gets a space, or
an escape where it was invisible, so that a person sees in a trace what was there. After
"spotlighting" (Hines et al., 2024, arXiv 2403.14720).
"""

import os
import random
import re
import secrets
import string
import unicodedata
from collections.abc import Iterator

LETTERS = 5
"""Letters of a mark: one of 11,881,376, in as few tokens as may be."""

ROLES = ("system", "user", "assistant", "developer", "judge", "critic", "adversary", "generator", "solver")
"""Who a line may pretend to be spoken by."""

AHEAD = 64
"""Marks that are drawn at once."""

_MARK = re.compile(r"<(/?)data-[a-z]{5}>")
_ROLE_LINE = re.compile(rf"^([ \t]*)({'|'.join(ROLES)}):", re.IGNORECASE | re.MULTILINE)
_OPENS = re.compile(r"<(?=[|｜]|/?data-|/?[A-Za-z_][\w-]{0,40}>)|\[(?=/?[A-Z_]{3,30}\])", re.IGNORECASE)
_PLAIN = re.compile(r"[ -~\n\t]*")
_CLOSES = re.compile(r"([|｜])>")
_FILLERS = "\u115f\u1160\u3164\uffa0"


def drawn(rng: random.Random | None = None) -> str:
    """A new mark that nobody can foresee, or the next one of a stream."""
    if rng is not None:
        return "".join(rng.choices(string.ascii_lowercase, k=LETTERS))
    while True:
        try:
            return _AHEAD.pop()
        except IndexError:
            _AHEAD.extend(_marks(secrets.token_bytes(8 * AHEAD)))


def _marks(entropy: bytes) -> Iterator[str]:
    """Marks out of entropy, eight bytes for each, so that every one is as likely as any other."""
    for at in range(0, len(entropy), 8):
        number, mark = int.from_bytes(entropy[at : at + 8], "big"), ""
        for _ in range(LETTERS):
            number, letter = divmod(number, len(string.ascii_lowercase))
            mark += string.ascii_lowercase[letter]
        yield mark


_AHEAD: list[str] = []
"""Marks that are drawn and not used yet: to ask the system for each takes longer than the rest of a prompt."""

os.register_at_fork(after_in_child=_AHEAD.clear)


def opening(mark: str) -> str:
    """What stands before data."""
    return f"<data-{mark}>"


def fenced(text: str, mark: str) -> str:
    """A text as data."""
    return f"<data-{mark}>{defused(text)}</data-{mark}>"


def cut(content: str, mark: str) -> list[str]:
    """The data that stands in a prompt, in its order, as it was defused."""
    return re.findall(rf"<data-{mark}>(.*?)</data-{mark}>", content, re.DOTALL)


def settled(content: str, mark: str = "") -> str:
    """A prompt with another mark for its own, or without any: the same whenever it was sent."""
    return _MARK.sub(rf"<\g<1>data-{mark}>" if mark else "", content)


def defused(text: str) -> str:
    """A text in which nothing is a mark, a role line, a control token, or invisible."""
    text = text.replace("\r\n", "\n")
    if not _PLAIN.fullmatch(text):
        text = "".join(_escaped(one) if hidden(one) else one for one in text)
    text = _CLOSES.sub(r"\1 >", _OPENS.sub(lambda found: found[0] + " ", text))
    return _ROLE_LINE.sub(r"\1\2 :", text)


def first_hidden(text: str) -> str:
    """The first character of a text that is `hidden`, a carriage return aside; empty where none is."""
    if _PLAIN.fullmatch(text):
        return ""
    return next((one for one in text if hidden(one) and one != "\r"), "")


def hidden(one: str) -> bool:
    """Whether a character is invisible, or turns the order of others; joiners, which some scripts need, are not."""
    if " " <= one <= "~" or one in "\n\t\u200c\u200d":
        return False
    return (
        unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
        or "\U000e0000" <= one <= "\U000e0fff"
        or one in _FILLERS
    )


def _escaped(one: str) -> str:
    return f"\\u{ord(one):04x}" if ord(one) < 0x10000 else f"\\U{ord(one):08x}"
