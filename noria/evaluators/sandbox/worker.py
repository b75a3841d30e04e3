"""One zygote and its supervisor: the outside of the wall.

    job ── board ───┐                     ┌─► answers (bounded) ─► lines ─► exact JSON
    limits, orders ─┴─► zygote ─► child ──┴─► words   (bounded) ─► for people
                                  wall clock, output and end are watched here, and its end ordered from here

Nothing the child says is trusted to be true, short, whole or JSON. The zygote is our own
code and is trusted to fork, to lock and to kill; whether the lock held, and whether the
program is steady, is told by two bytes that are written before it begins. A zygote that does not obey is ended itself.

Board and pipes last as long as the zygote, for to make and hand over new ones cost a third
of a check. A child is the only one to write to the pipes, has no child and is dead when
they are emptied, so that nothing of one job is left for the next.
"""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from noria.errors import SandboxError
from noria.evaluators.sandbox.job import SOURCE_LIMIT, Answer, Job, Ran, Status, exact, parse
from noria.evaluators.sandbox.line import Line, flooded

START = 20.0
"""Seconds a zygote may take to say hello."""

GRACE = 5.0
"""Seconds beyond a run's limit at which a silent zygote is given up."""

SAID = 2000
"""Characters of printed words that are kept."""


class Worker:
    """Runs jobs one after the other in forks of one zygote."""

    def __init__(self, command: Sequence[str], level: str, *, seed: int = 0, furnished: bool = True) -> None:
        """A worker not yet started; its kind and the numbers of its descriptors are added to `command`."""
        self.command = command
        self.level = level
        self.seed = seed
        self.furnished = furnished
        """Whether its programs find modules to import."""
        self.landlock = 0
        """Version of Landlock that the kernel speaks, known once started."""
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Line | None = None

    def start(self) -> None:
        """Start the zygote, unless it runs.

        Raises:
            SandboxError: it does not come up.
        """
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        self._line = Line()
        try:
            self._process = self._line.start(
                [*self.command, "furnished" if self.furnished else "bare"],
                {"PYTHONHASHSEED": str(self.seed), "LC_ALL": "C.UTF-8", "LD_BIND_NOW": "1"},
            )
        except OSError as fault:
            self.close()
            raise SandboxError(f"The sandbox {self.level!r} does not start: {fault}.") from fault
        try:
            self.landlock = self._line.told(START)
        except (OSError, EOFError):
            words = self._last_words()
            self.close()
            raise SandboxError(f"The sandbox {self.level!r} does not start: {words}.") from None

    def _last_words(self) -> str:
        assert self._process is not None
        assert self._line is not None
        self._process.kill()
        self._process.wait()
        _, said = self._line.rest()
        lines = said.decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:200] if lines else "it said nothing"

    def run(self, job: Job) -> Ran:
        """Run one job to its end, whatever it does.

        Raises:
            SandboxError: the sandbox itself failed; nothing can be said of the program.
        """
        if len(job.source) > SOURCE_LIMIT:
            fault = f"the source has {len(job.source)} characters, {SOURCE_LIMIT} are allowed"
            return Ran("broken", tuple(Answer(None, fault) for _ in job.calls), "", self.level, 0.0)
        text = job.text().encode()
        self.start()
        try:
            return self._run(job, text)
        except BaseException as fault:  # whatever it is, what this run left must not reach the next
            self.close()
            if isinstance(fault, OSError | EOFError):
                said = f"The sandbox {self.level!r} failed: {fault or type(fault).__name__}."
                raise SandboxError(said) from fault
            raise

    def _run(self, job: Job, text: bytes) -> Ran:
        assert self._line is not None
        line, limits = self._line, job.limits
        started = time.monotonic()
        line.give(text, limits)
        status, claims, said = line.watch(limits, started + limits.seconds)
        took = time.monotonic() - started
        ended = line.told(GRACE)
        for got, left in zip((claims, said), line.rest(), strict=True):
            got += left
        if status == "finished" and flooded(limits, claims, said):
            status = "flood"
        if claims[:1] != b"L":
            raise OSError(f"the program could not be locked in: {said.decode('utf-8', 'replace')[:200]}")
        ran = _told(job, status, ended, bytes(claims[2:]), bytes(said), self.level, took)
        return replace(ran, steady=claims[1:2] == b"S")

    def close(self) -> None:
        """End the zygote and whatever it runs."""
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


def _told(job: Job, status: Status, ended: int, claims: bytes, said: bytes, level: str, seconds: float) -> Ran:
    """What a run comes to: its claims read line by line, the first of each number counts."""
    if status == "finished" and os.WIFSIGNALED(ended):
        status = "killed"
    why = {
        "timeout": f"it ran for {job.limits.seconds:g} s and was ended",
        "flood": "it said more than it may",
        "killed": f"it was ended by the signal {os.WTERMSIG(ended)}",
    }.get(status, "it ended without an answer")
    found: dict[int, Answer] = {}
    for line in claims.split(b"\n"):
        with suppress(ValueError, TypeError, RecursionError):
            number, value, fault = parse(line.decode())
            if type(number) is int and number not in found:
                found[number] = _answer(value, fault)
    if -1 in found and not any(number >= 0 for number in found):
        status, why = "broken" if status == "finished" else status, found[-1].fault or why
    answers = tuple(found.get(number, Answer(None, why)) for number in range(len(job.calls)))
    words = said.decode("utf-8", "replace")[:SAID]
    return Ran(status, answers, words, level, seconds)


def _answer(value: object, fault: object) -> Answer:
    if isinstance(value, str):
        try:
            return Answer(exact(parse(value)))
        except (ValueError, RecursionError) as error:
            return Answer(None, f"the answer is no JSON: {error}"[:200])
    return Answer(None, str(fault)[:300] or "it gave no answer")


__all__ = ["Worker"]
