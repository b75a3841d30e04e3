"""Ends a training subprocess with its owner, however that one ends.

The owner holds the other end of the child's standard input and never writes to it: the end of
that file is the end of the owner, kill -9 included. A training left behind would take the
cores from its successor and write where that one writes.
"""

import os
import sys
import threading

TETHERED = "NORIA_TETHERED"
"""Set for a child whose standard input is such a line; by hand or in a batch it means nothing."""


def tether() -> None:
    """End this process as soon as its owner is gone, if it has one."""
    if os.environ.get(TETHERED):
        threading.Thread(target=_wait, name="tether", daemon=True).start()


def _wait() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(1)
