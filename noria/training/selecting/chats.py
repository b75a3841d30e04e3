"""A sample as selectors read it: what is asked, what is answered, and both as words.

(system) user … assistant ─► asked: the last message before the answer; answered: the last
"""

import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b

from noria.types import Sample

WORD = re.compile(r"\w+|[^\w\s]")
"""A word, or a mark between words: a sum is told from another by its signs."""


def asked(sample: Sample) -> str:
    """The instruction."""
    return sample.messages[-2].content


def answered(sample: Sample) -> str:
    """The response."""
    return sample.messages[-1].content


def words(text: str) -> list[str]:
    """Words and marks of a text, without case."""
    return WORD.findall(text.casefold())


def plain(text: str) -> str:
    """A text without case, marks and spaces at its ends: what two answers are compared by."""
    return " ".join(text.casefold().split()).strip(" .!?\"'`*")


def runs(found: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    """Every run of so many words; the whole, where it is shorter."""
    if len(found) < size:
        return iter([tuple(found)] if found else [])
    return zip(*(found[at:] for at in range(size)), strict=False)


def named(*parts: str) -> int:
    """A number of 32 bits that some texts always have, in every process."""
    told = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(told, digest_size=4).digest(), "little")
