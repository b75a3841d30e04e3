"""What a document is made of: blocks of plain text, each under its heading and at its line or page."""

from collections.abc import Sequence
from dataclasses import dataclass


class Unusable(ValueError):
    """Why a document cannot be used, as the end of a sentence that begins with it."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a list's point, or what stands for one."""

    text: str
    heading: str
    at: str
    """`line 12`, or `page 3`."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read."""

    name: str
    """As a person knows it: its path from the folder that holds what was named."""
    blocks: Sequence[Block]
