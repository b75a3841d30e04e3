"""Text to vector without a network: static word vectors that come in a wheel.

WordLlama (MIT) keeps 256 numbers a token, averages them over a text, and embeds tens of
thousands of sentences a second on one core. It knows what a text is about, not what it
says: two different additions lie close together. That is why it chooses neighbours and
judges free text, and never decides whether two executed tasks are the same.
"""

import logging
import os
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy
from numpy.typing import NDArray

Vectors = NDArray[numpy.float32]


class Embedder(Protocol):
    """Makes unit vectors of texts."""

    def embed(self, texts: list[str]) -> Vectors:
        """One row a text, each of length 1 (0 where the text holds no known token)."""
        ...


class StaticEmbedder:
    """WordLlama with the weights of its own wheel."""

    def __init__(self) -> None:
        """Load weights and tokenizer from the installed package, unless this process has them."""
        self._model = _loaded()

    def embed(self, texts: list[str]) -> Vectors:
        """Unit vectors of shape (texts, 256)."""
        if not texts:
            return numpy.zeros((0, 256), dtype=numpy.float32)
        # The vectors know case, meaning does not; and a lone surrogate is no text to a tokenizer written in Rust.
        clean = [text.lower().encode("utf-8", "replace").decode() or " " for text in texts]
        vectors: Vectors = numpy.asarray(self._model.embed(clean, norm=False), dtype=numpy.float32)
        lengths = numpy.linalg.norm(vectors, axis=1, keepdims=True)
        lengths[lengths == 0] = 1
        unit: Vectors = vectors / lengths
        return unit


@cache
def _loaded() -> Any:
    # A text is tokenised sooner than a thread of the tokenizer's awakes, and the model server has the cores.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    import wordllama  # a tenth of a second that only sessions pay

    # Its import turns the whole process's logging on.
    root.setLevel(level)
    root.handlers[:] = handlers
    return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
