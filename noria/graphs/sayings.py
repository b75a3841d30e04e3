"""The free texts that the candidates of one batch came with, compared by meaning.

    texts that wait ─► embedded together at the first question ─► the nearest of those said under one shape

A batch holds a few hundred at most, so each is compared with all, and none is embedded twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy

from noria.memory.embed import Vectors
from noria.memory.said import cosines, means_the_same


@dataclass
class Sayings:
    """What was said in a batch, and by whom."""

    embed: Callable[[list[str]], Vectors]
    near: float
    """Cosine similarity from which two texts mean the same."""
    _waiting: dict[str, None] = field(default_factory=dict)
    _vectors: dict[str, Vectors] = field(default_factory=dict)
    _said: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def expect(self, text: str) -> None:
        """Say that a text will be asked about, so that it is embedded with others."""
        if text not in self._vectors:
            self._waiting[text] = None

    def vector(self, text: str) -> Vectors:
        """The unit vector of a text."""
        self.expect(text)
        if text in self._waiting:
            waiting, self._waiting = list(self._waiting), {}
            self._vectors.update(zip(waiting, self.embed(waiting), strict=True))
        return self._vectors[text]

    def keep(self, shape: str, who: str, text: str) -> None:
        """Take what was said; later texts of its shape are held against it."""
        self.expect(text)
        self._said.setdefault(shape, []).append((who, text))

    def alike(self, vector: Vectors, shape: str) -> list[str]:
        """Who said, under the shape, what means the same as a unit vector."""
        here = self._said.get(shape, ())
        if not here:
            return []
        likeness = cosines(numpy.stack([self.vector(said) for _, said in here]), vector)
        return [who for (who, _), one in zip(here, likeness, strict=True) if means_the_same(float(one), self.near)]

    def nearest(
        self, text: str, shape: str, given: Sequence[tuple[str, str]] = ()
    ) -> tuple[str, str, float] | None:  # fmt: skip
        """Who said what nearly means the same: of those given, and of what was said under the shape."""
        here = [*given, *self._said.get(shape, ())]
        if not here:
            return None
        for _, said in given:
            self.expect(said)
        likeness = cosines(numpy.stack([self.vector(said) for _, said in here]), self.vector(text))
        best = int(numpy.argmax(likeness))
        return (*here[best], float(likeness[best])) if means_the_same(likeness[best], self.near) else None
