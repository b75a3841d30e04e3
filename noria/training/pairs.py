"""Pairs: what a training by preference reads, a better and a worse answer to one prompt a line.

Like rows they must fit a budget: a pair costs both its sides, prompts included, and its longer side
must fit where a row must. What does not fit is left out in a drawn order and counted.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from noria.identity import stream
from noria.types import Message, Noun


class Pair(Noun):
    """A better and a worse answer to one prompt."""

    prompt: tuple[Message, ...]
    chosen: str
    """The better answer: it passed every check."""
    rejected: str
    """The worse one: it failed a check."""
    sample: str
    """Id of the sample whose prompt it is."""
    episode: str
    method: str
    """The method that learns from it: `dpo`, `spin`."""
    why: str
    """What speaks against the worse one, in a few words that many share."""
    policy: str
    """Id of the policy that wrote the worse one."""


@dataclass(frozen=True, slots=True)
class FittedPairs:
    """Pairs inside the budget, and what was left out."""

    pairs: tuple[Pair, ...]
    tokens: int
    """Tokens of one epoch: both sides, prompts included."""
    too_long: int
    beyond_budget: int


def write_pairs(path: Path, pairs: Iterable[Pair]) -> None:
    """Write pairs as JSON lines."""
    path.write_text("".join(pair.model_dump_json() + "\n" for pair in pairs), encoding="utf-8")


def read_pairs(path: Path) -> list[Pair]:
    """Read pairs back.

    Raises:
        ValueError: a line is no pair.
    """
    return [Pair.model_validate(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line]


def fit_pairs(
    pairs: Sequence[Pair], lengths: Callable[[Pair], tuple[int, int]],
    *, max_tokens: int, max_row_tokens: int, epochs: int, seed: int,
) -> FittedPairs:  # fmt: skip
    """Keep pairs, in a drawn order, until `epochs` passes over them have spent `max_tokens`."""
    order = list(pairs)
    stream("fit", seed).shuffle(order)
    kept: list[Pair] = []
    tokens = too_long = beyond = 0
    for pair in order:
        sides = lengths(pair)
        if max(sides) > max_row_tokens:
            too_long += 1
        elif (tokens + sum(sides)) * epochs > max_tokens:
            beyond += 1
        else:
            kept.append(pair)
            tokens += sum(sides)
    return FittedPairs(tuple(kept), tokens, too_long, beyond)
