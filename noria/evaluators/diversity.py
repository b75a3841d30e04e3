"""Diversity: how much of a set of texts, or of their vectors, is not said twice.

    texts   ─► distinct-n (Li et al., 2016), what compression leaves (Shaib et al., 2024)
    vectors ─► spread, nearest, Vendi score (Friedman and Dieng, 2022)

Every one of these moves with the size of the set, so none means anything alone. Here a set is
only ever held against another of as many texts of the same domains and levels, written by
program, and `against` gives the log of the ratio with its standard error by the delete-half
jackknife (Shao and Wu, 1989): the same ratio on halves drawn without replacement, at half the
size, spreads as much as the ratio itself would between rounds. A set is thinned to `MOST`
first, so that the cost does not grow with the round. Pure; vectors are handed in.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from random import Random
from typing import Any

import numpy
from numpy.typing import NDArray

MOST = 256
"""Texts of a round that are measured; more are thinned to so many."""

HALVES = 16
"""Halves that the error is taken over."""

LEVEL = 9
"""Level of zlib."""

Vectors = NDArray[numpy.floating[Any]]
"""One unit vector a row."""


def distinct(texts: Sequence[str], n: int) -> float:
    """Distinct-n: distinct sequences of n words, as a share of all; 0 of nothing."""
    found = [tuple(words[at : at + n]) for words in map(_words, texts) for at in range(len(words) - n + 1)]
    return len(set(found)) / len(found) if found else 0.0


def _words(text: str) -> list[str]:
    return text.lower().split()


def incompressible(texts: Sequence[str]) -> float:
    """Bytes that zlib (DEFLATE at level 9, a window of 32 kB) leaves, as a share; 0 of nothing.

    The compression ratio of Shaib et al. is its inverse.
    """
    raw = "\n".join(texts).encode("utf-8", "surrogatepass")
    return len(zlib.compress(raw, LEVEL)) / len(raw) if raw else 0.0


def spread(vectors: Vectors) -> float:
    """Mean cosine distance of all pairs; 0 of fewer than two."""
    count = len(vectors)
    if count < 2:
        return 0.0
    total = vectors.sum(axis=0, dtype=numpy.float64)
    own = float((vectors.astype(numpy.float64) ** 2).sum())
    return max(0.0, 1 - (float(total @ total) - own) / (count * (count - 1)))


def nearest(vectors: Vectors) -> float:
    """Mean cosine distance to the nearest other; 0 of fewer than two."""
    if len(vectors) < 2:
        return 0.0
    near = vectors.astype(numpy.float64) @ vectors.T.astype(numpy.float64)
    numpy.fill_diagonal(near, -1.0)
    return max(0.0, float(numpy.mean(1 - near.max(axis=1))))


def vendi(vectors: Vectors) -> float:
    """The Vendi score: e to the Shannon entropy of the eigenvalues of the mean kernel; cosine is the kernel.

    1 where all are the same, n where all n are orthogonal, 0 of nothing. The nonzero
    eigenvalues of X Xᵀ and Xᵀ X are the same, so the smaller of the two is taken.
    """
    count = len(vectors)
    if not count:
        return 0.0
    rows = vectors.astype(numpy.float64)
    kernel = rows @ rows.T if count <= rows.shape[1] else rows.T @ rows
    values = numpy.linalg.eigvalsh(kernel / count)
    values = values[values > 1e-12]
    return float(numpy.exp(-(values * numpy.log(values)).sum())) if len(values) else 0.0


@dataclass(frozen=True, slots=True)
class Against:
    """A set held against another of its size."""

    value: float
    """The measure of the set."""
    other: float
    """The measure of the other."""
    ratio: float
    """Log of value over other."""
    error: float
    """Standard error of that log."""
    n: int


def against(
    measure: Callable[[Sequence[int]], float], other: Callable[[Sequence[int]], float], n: int, rng: Random
) -> Against:
    """Hold one set of n against another; both are measured on the same places among 0 to n - 1."""
    every = range(n)
    one, two = measure(every), other(every)
    halves = [rng.sample(every, max(2, n // 2)) for _ in range(HALVES)] if n > 2 else []
    logs = [_ratio(measure(half), other(half)) for half in halves]
    mean = sum(logs) / len(logs) if logs else 0.0
    error = (sum((said - mean) ** 2 for said in logs) / max(1, len(logs) - 1)) ** 0.5
    return Against(one, two, _ratio(one, two), error if logs else float("inf"), n)


def _ratio(one: float, two: float) -> float:
    """Log of a ratio; a measure that is nothing counts as next to nothing."""
    return log(max(one, 1e-6) / max(two, 1e-6))
