"""Text to vector without a network: static word vectors that come in a wheel.

WordLlama (MIT) keeps 256 numbers a token, averages them over a text, and embeds tens of
thousands of sentences a second on one core. It knows what a text is about, not what it
says: two different additions lie close together. That is why it chooses neighbours and
judges free text, and never decides whether two executed tasks are the same.
"""

import logging
import math
import os
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy
from numpy.typing import NDArray

Vectors = NDArray[numpy.float32]


KEPT = 4096
"""Vectors that are kept, of a kilobyte each."""

ASKED = 256
"""Texts that are asked about at once, at most."""


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
        self._kept: dict[str, Vectors] = {}
        """The vectors of what was asked last: who is accepted was asked about before."""

    def embed(self, texts: list[str]) -> Vectors:
        """Unit vectors of shape (texts, 256), each the same whatever it is embedded beside."""
        if not texts:
            return numpy.zeros((0, self._model.embedding.shape[1]), dtype=numpy.float32)
        kept = self._kept  # another thread may embed as well
        known = {text: kept[text] for text in texts if text in kept}
        if missing := [text for text in dict.fromkeys(texts) if text not in known]:
            made = dict(zip(missing, self._embedded(missing), strict=True))
            known |= made
            if len(kept) > KEPT:
                kept = self._kept = {}
            if len(made) <= ASKED:  # of an index that is made anew, nothing is asked again
                kept.update(made)
        return numpy.array([known[text] for text in texts])

    def _embedded(self, texts: list[str]) -> Vectors:
        words: Vectors = self._model.embedding
        found = numpy.empty((len(texts), words.shape[1]), dtype=numpy.float32)
        # The vectors know case, meaning does not; and a lone surrogate is no text to a tokenizer written in Rust.
        clean = [text.lower().encode("utf-8", "replace").decode() or " " for text in texts]
        # Added up here, text by text: the library's own way pads them to one length, asks for places that nobody
        # needs, and takes three times as long for one text as the tokens do.
        tokens = self._model.tokenizer.encode_batch_fast(clean, add_special_tokens=False)
        for row, one in zip(found, tokens, strict=True):
            numpy.add.reduce(words.take(one.ids, axis=0, mode="clip"), axis=0, out=row)
            if length := math.sqrt(row @ row):
                row /= length
        return found


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
    model = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
    model.tokenizer.no_padding()
    return model
