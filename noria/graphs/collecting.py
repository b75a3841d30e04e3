"""Python's collector of cycles, told that a session is made to stay.

    opened ─► all that is there now stays to the end: looked through no more ─► what episodes leave behind, rarely

By its own rule the collector looks after every 700 new objects, and an episode makes tens of thousands that are
gone without it.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 50_000
"""New objects after which the collector looks through them."""


@contextmanager
def rarely() -> Iterator[None]:
    """Collect rarely inside, and as before again behind it."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(YOUNG, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
