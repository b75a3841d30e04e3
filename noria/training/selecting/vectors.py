"""Samples as vectors: what is asked and what is answered, embedded together a part at a time."""

import asyncio
from collections.abc import Sequence

import numpy
from numpy.typing import NDArray

from noria.memory.selections import unselected
from noria.training.selecting.chats import answered, asked
from noria.training.selecting.selector import Embed, Tools
from noria.types import Sample

Vectors = NDArray[numpy.float32]
"""A row each, of length 1, or 0 where a text says nothing."""

AT_ONCE = 1024
"""Texts embedded together: a part's own working memory is many times its vectors."""

LONGEST = 2000
"""Characters of a chat that are embedded."""


async def vectors(samples: Sequence[Sample], tools: Tools) -> Vectors:
    """The vectors of samples, in their order."""
    texts = [f"{asked(one)}\n{answered(one)}"[:LONGEST] for one in samples]
    return await asyncio.to_thread(embedded, texts, tools.embed)


async def earlier(tools: Tools, most: int) -> Vectors:
    """The vectors of what was selected in earlier rounds, the latest of them."""
    if not most:
        return numpy.zeros((0, 0), dtype=numpy.float32)
    gone = unselected(tools.history)
    found = tools.history.each(before=tools.number, role="solver", last=most)
    return await vectors([one for one in found if one.id not in gone], tools)


def embedded(texts: Sequence[str], embed: Embed) -> Vectors:
    """The vectors of texts, in their order."""
    made: Vectors | None = None
    for first in range(0, len(texts), AT_ONCE):
        part = embed(texts[first : first + AT_ONCE])
        if made is None:
            made = numpy.zeros((len(texts), part.shape[1]), dtype=numpy.float32)
        made[first : first + len(part)] = part
    return numpy.zeros((0, 0), dtype=numpy.float32) if made is None else made
