"""Tokens a second, over the last ten of them: what a live view shows."""

import time
from collections import deque

WINDOW = 10.0
"""Seconds over which the rate is taken."""


class Flow:
    """What came through, and when."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._recent: deque[tuple[float, int]] = deque()

    def add(self, tokens: int) -> None:
        """So many tokens came."""
        self._forget()
        self._recent.append((time.monotonic(), tokens))

    def rate(self) -> float:
        """Tokens a second over the last ten seconds."""
        self._forget()
        return sum(tokens for _, tokens in self._recent) / WINDOW

    def _forget(self) -> None:
        old = time.monotonic() - WINDOW
        while self._recent and self._recent[0][0] < old:
            self._recent.popleft()
