"""Rows: what a trainer reads, one prompt and its completion a line, and the budget they must fit.

Training is bounded in tokens by the time it may take. Rows that do not fit are left out in
a drawn order and counted, never in silence.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from noria.identity import stream
from noria.types import Message, Noun


class Row(Noun):
    """One prompt and what to answer."""

    prompt: tuple[Message, ...]
    completion: str
    source: Literal["student", "pool", "program", "anchor"]
    sample: str
    """Id of the sample or seed it comes from."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Rows inside the budget, and what was left out."""

    rows: tuple[Row, ...]
    tokens: int
    """Tokens of one epoch, prompts included."""
    too_long: int
    beyond_budget: int
    longest: int
    """Tokens of the longest row."""


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as JSON lines."""
    path.write_text("".join(row.model_dump_json() + "\n" for row in rows), encoding="utf-8")


def read_rows(path: Path) -> list[Row]:
    """Read rows back.

    Raises:
        ValueError: a line is no row.
    """
    return [Row.model_validate(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line]


def fit(
    rows: Sequence[Row], length: Callable[[Row], int], *, max_tokens: int, max_row_tokens: int, epochs: int, seed: int
) -> Fitted:
    """Keep rows, in a drawn order, until `epochs` passes over them have spent `max_tokens`."""
    order = list(rows)
    stream("fit", seed).shuffle(order)
    kept: list[Row] = []
    tokens = too_long = beyond = longest = 0
    for row in order:
        size = length(row)
        if size > max_row_tokens:
            too_long += 1
        elif (tokens + size) * epochs > max_tokens:
            beyond += 1
        else:
            kept.append(row)
            tokens += size
            longest = max(longest, size)
    return Fitted(tuple(kept), tokens, too_long, beyond, longest)
