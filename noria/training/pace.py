"""How many rows go through a model at once on a CPU, and by which attention, so that short rows train fast.

    rows of 48 tokens on two cores        over a plain script's tokens a second
    2 at once, plain attention            0.8
    8 at once, fused attention            1.4
    8 at once, plain attention            1.7         (`python bench/training.py --parts`)

A pass over a few short rows is spent on calls, not on arithmetic, so as many go together as the logits' memory
allows; and the backward pass of the fused attention kernel costs more on a short row than the products it saves.
"""

LOGITS = 2**30
"""Bytes that the logits of one pass may take, with their log-probabilities and gradients."""

COPIES = 3 * 4
"""Bytes of one logit in all of these, in float32."""

SHORT = 128
"""Tokens of a row up to which plain attention is taken; it was measured on rows of 48, longer ones keep the default."""


def together(batch: int, longest: int, vocabulary: int) -> int:
    """Rows in one pass: the largest divisor of `batch` whose logits fit; `longest` is tokens of the longest row."""
    room = max(1, LOGITS // (longest * vocabulary * COPIES))
    return max(rows for rows in range(1, batch + 1) if batch % rows == 0 and rows <= room)


def attention(longest: int, *, gpu: bool) -> str:
    """The attention that reads rows of at most `longest` tokens fastest, by its name in transformers."""
    return "eager" if not gpu and longest <= SHORT else "sdpa"
