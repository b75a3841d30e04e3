"""Documents cut into passages: whole paragraphs where they fit, whole sentences where they do not.

    blocks under one heading ─► pieces of so many words ─► passages, each a seed of its own
                                   └ a long paragraph parts at its sentences, a long sentence at its words

A passage is known by the hash of its own text, which says for ever whether it may be trained on or
only examined. So what it repeats of the one before it is never counted among its own text, and
is left out where the two stand on different sides of that line.
"""

from collections.abc import Iterator, Sequence

from noria.fence import defused
from noria.identity import content_id, passage_bucket
from noria.memory.documents.block import Block, Document
from noria.prose import sentences
from noria.types import Seed

LEAST = 12
"""Words that a passage has at least."""


def cut(document: Document, *, words: int, overlap: int) -> Iterator[Seed]:
    """The passages of a document in their order."""
    before: tuple[str, str] = ("", "")
    for heading, at, text in _pieces(document.blocks, words):
        key = content_id("seed", ["passage", text])
        shared = _tail(before[1], overlap) if overlap and before[0] == heading else ""
        if shared and passage_bucket(content_id("seed", ["passage", before[1]])) != passage_bucket(key):
            shared = ""
        before = (heading, text)
        place = f"{document.name}{f' › {heading}' if heading else ''}, {at}"
        yield Seed(id=key, kind="passage", text=f"{shared}\n{text}" if shared else text, place=place)


def _pieces(blocks: Sequence[Block], words: int) -> Iterator[tuple[str, str, str]]:
    """Heading, line or page, and text of each piece that is long enough."""
    held: list[str] = []
    heading = at = ""
    for block in blocks:
        for part in _parts(defused(block.text), words):
            size = sum(len(one.split()) for one in held)
            if held and (block.heading != heading or size + len(part.split()) > words):
                if size >= LEAST:
                    yield heading, at, "\n".join(held)
                held = []
            if not held:
                heading, at = block.heading, block.at
            held.append(part)
    if sum(len(one.split()) for one in held) >= LEAST:
        yield heading, at, "\n".join(held)


def _parts(text: str, words: int) -> Iterator[str]:
    """A paragraph, or as many sentences of it as fit."""
    if len(text.split()) <= words:
        yield text
        return
    held: list[str] = []
    for sentence in sentences(text):
        said = sentence.split()
        while said:
            if held and len(held) + len(said) > words:
                yield " ".join(held)
                held = []
            held += said[:words]
            said = said[words:]
    if held:
        yield " ".join(held)


def _tail(text: str, words: int) -> str:
    """The last sentences of a text, so many words of them at most."""
    held: list[str] = []
    for sentence in reversed(sentences(text)):
        if sum(len(one.split()) for one in held) + len(sentence.split()) > words:
            break
        held.insert(0, sentence)
    return " ".join(held)
