"""Clusters of vectors, by scikit-learn's k-means in small batches: the same vectors, the same clusters."""

from dataclasses import dataclass
from math import isqrt

import numpy
from numpy.typing import NDArray

from noria.training.selecting.vectors import Vectors

MOST = 64
"""Clusters at most, where nobody says how many."""

AT_ONCE = 8192
"""Rows whose distances are found together."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """Where each row lies."""

    of: NDArray[numpy.int64]
    """Its cluster."""
    far: NDArray[numpy.float32]
    """How far it lies from the centre of its cluster."""
    count: int


def clusters(rows: Vectors, count: int, seed: int) -> Clusters:
    """Rows in so many clusters; 0 takes the root of half of them."""
    from sklearn.cluster import MiniBatchKMeans

    count = min(len(rows), count or min(MOST, max(1, isqrt(len(rows) // 2))))
    made = MiniBatchKMeans(n_clusters=count, batch_size=4096, n_init=1, max_iter=30, random_state=seed).fit(rows)
    of, middles = made.labels_.astype(numpy.int64), made.cluster_centers_.astype(numpy.float32)
    far = numpy.empty(len(rows), dtype=numpy.float32)
    for first in range(0, len(rows), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        far[part] = numpy.linalg.norm(rows[part] - middles[of[part]], axis=1)
    return Clusters(of, far, count)
