"""One process of several that train together: which it is, and what is its share.

    accelerate launch ─► rank 0   reads its rows of each step, tells the steps, keeps the folder, publishes
                      └► rank 1…  read theirs, say only what went wrong, and leave when the weights are gathered

Who launches them says so in the environment (`RANK`, `WORLD_SIZE`: the words of torch's own launcher); alone, a
process is the first of one. A step reads as many rows however many processes there are, so what a job is does not
depend on the machine; if one of them dies the launcher ends the others, and nothing has been published.
"""

import os
from pathlib import Path

from noria.training.publish import aside


def rank() -> int:
    """This process among those that train together, from 0."""
    return int(os.environ.get("RANK", "0"))


def ranks() -> int:
    """How many processes train together."""
    return max(1, int(os.environ.get("WORLD_SIZE", "1")))


def first() -> bool:
    """Whether this process keeps the folder and speaks for all."""
    return rank() == 0


def share(batch: int) -> int:
    """Rows of a step that one process reads; where they do not divide, a step reads a few more."""
    return -(-batch // ranks())


def threads(allowed: int) -> int:
    """Threads of one process, of those that all may use."""
    return max(1, allowed // ranks())


def kept(out: Path) -> Path:
    """The folder beside `out` that the first process makes and all of them know.

    Raises:
        SessionError: it cannot be made.
    """
    return aside(out) if first() else out.with_name(out.name + ".tmp")
