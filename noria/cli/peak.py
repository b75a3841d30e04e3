"""The most memory a run held: its own, its servers' and its trainers', shared pages counted once."""

import threading
from contextlib import suppress

import psutil

EVERY = 2.0
"""Seconds between two looks."""


class Peak:
    """Watches this process and its descendants from a thread."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.bytes = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peak", daemon=True)

    def __enter__(self) -> "Peak":
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look once more, and stop."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.bytes = max(self.bytes, held())
            if self._over.wait(EVERY):
                return


def held() -> int:
    """Bytes held now: proportional set size where the system tells it, resident size elsewhere."""
    own = psutil.Process()
    total = 0
    for process in [own, *own.children(recursive=True)]:
        with suppress(psutil.Error):
            full = process.memory_full_info()
            total += getattr(full, "pss", 0) or full.rss
    return total
