"""The harness: plays a session in lives, ends them, and holds what is left to its promises.

undisturbed life ─► its story
session ─► life ─► killed ─► checks ─► life ─► killed … ─► ended ─► the same story?
             ▲ at a named point, or at a random time: SIGKILL to the process group
"""

import importlib
import math
import os
import random
import select
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from noria.config import SessionConfig
from noria.failpoints import POINTS
from tests.crash.checks import Memory, after_a_kill, differences, story
from tests.crash.lives import Death, born, settings, turned

PATIENCE = 120.0
"""Seconds after which a life that neither ends nor dies is a hang."""

LIVES = 40
"""Kills of one session at most: it must come to an end, too."""


class Harness:
    """Plays, kills and checks."""

    def __init__(self, folder: Path, seed: int, kills: int, seconds: float = math.inf) -> None:
        self.folder = folder
        self.rng = random.Random(seed)
        self.wanted = kills
        self.until = time.monotonic() + seconds
        self.kills: Counter[str] = Counter()
        self.sessions = 0
        self.lost = 0
        self.wrong: list[str] = []
        self.usual: Counter[str] = Counter()
        """How often an undisturbed life passes each point."""
        self.seconds = 0.0
        self.expected: dict[str, Any] = {}

    def undisturbed(self) -> None:
        """Play the session that all others are compared with."""
        place = self.folder / "undisturbed"
        place.mkdir()
        memory, began = Memory(), time.monotonic()
        assert self.lived(place, Death(), memory) == 0, (place / "log.err").read_text()
        self.seconds, self.usual = time.monotonic() - began, memory.passed
        for name in memory.loaded:  # what a life loads on its way, the next ones are born with
            with suppress(Exception):
                importlib.import_module(name)
        self.wrong += after_a_kill(place / "session", memory)
        self.expected = story(place / "session")

    def deaths(self) -> Iterator[Death]:
        """How the lives end: at every point, early and late, then at random points and times."""
        for _ in range(3):  # a life may come to its end without passing the point it was to die at
            for point in POINTS:
                if point not in self.kills:
                    yield Death(point)
        for point in POINTS:
            yield Death(point, 1 + self.usual[point] // 6)
        while True:
            if self.rng.random() < 0.5:
                yield Death(seconds=self.rng.uniform(0.01, 0.3) * self.seconds)
            else:
                # The rare ones were all died at by now; a life that waits for one plays half a session.
                point = self.rng.choices(POINTS, weights=[math.sqrt(self.usual[one]) for one in POINTS])[0]
                yield Death(point, int(math.exp(self.rng.uniform(0, math.log(max(1, self.usual[point] / 2))))))

    def run(self) -> None:
        """Kill until so many kills are done; the last session ends too."""
        deaths = self.deaths()
        while not self.enough() and not self.wrong:
            self._session(deaths)

    def enough(self) -> bool:
        """Whether the kills are done, or the time is up."""
        return sum(self.kills.values()) >= self.wanted or time.monotonic() > self.until

    def _session(self, deaths: Iterator[Death]) -> None:
        self.sessions += 1
        place, memory, lives = self.folder / f"session-{self.sessions:04}", Memory(), 0
        place.mkdir()
        while True:
            lives += 1
            death = Death() if lives > LIVES or self.enough() else next(deaths)
            status = self.lived(place, death, memory)
            if status == 0:
                break
            wrong = after_a_kill(place / "session", memory)
            if status != -signal.SIGKILL:
                wrong.append(f"it ended with status {status}: {(place / 'log.err').read_text()[-2000:]}")
            else:
                self.kills[death.point or "at a random time"] += 1
            if wrong:
                self.wrong += [f"{place.name}, life {lives} ({death}): {one}" for one in wrong]
                return
        wrong = after_a_kill(place / "session", memory) + differences(story(place / "session"), self.expected)
        self.wrong += [f"{place.name} at its end, after {lives} lives: {one}" for one in wrong[:6]]
        self.lost += memory.lost
        print(f"{self.sessions} sessions, {sum(self.kills.values())} kills", file=sys.stderr, flush=True)
        if not wrong:
            shutil.rmtree(place)

    def lived(
        self, place: Path, death: Death, memory: Memory,
        *, config: SessionConfig | None = None, life: Callable[[SessionConfig], int] = turned,
    ) -> int:  # fmt: skip
        """One life; its status, negative where a signal ended it."""
        log = place / "log.side"
        for old in (log, log.with_suffix(".err")):
            old.unlink(missing_ok=True)
        pid = born(config or settings(place), log, death, life)
        # A descriptor of the child wakes us when it ends, and costs nothing while it lives.
        child = os.pidfd_open(pid)
        ended, _, _ = select.select([child], [], [], death.seconds or PATIENCE)
        os.close(child)
        if not ended:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            if not death.seconds:
                self.wrong.append(f"{place.name} ({death}): it hung")
        _, status = os.waitpid(pid, 0)
        if log.exists():
            self.wrong += [f"{place.name} ({death}): {one}" for one in memory.read(log)]
        return os.waitstatus_to_exitcode(status)
