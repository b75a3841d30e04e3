"""One zygote and its supervisor: the outside of the wall.

    job ─► memfd ─┐                       ┌─► answers (bounded) ─► lines ─► exact JSON
    pipes ────────┴─► zygote ─► child ────┴─► words   (bounded) ─► for people
                         wall clock, output and end are watched here, and the child killed from here

Nothing the child says is trusted to be true, short, whole or JSON. The zygote is our own
code and is trusted to fork and to lock; whether the lock held is told by one byte that is
written before the program begins.
"""

import os
import select
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress

from noria.errors import SandboxError
from noria.evaluators.sandbox.job import SOURCE_LIMIT, Answer, Job, Ran, Status, exact, parse

START = 20.0
"""Seconds a zygote may take to say hello."""

GRACE = 5.0
"""Seconds beyond a run's limit at which a silent zygote is given up."""

CHUNK = 65536
SAID = 2000
"""Characters of printed words that are kept."""


class Worker:
    """Runs jobs one after the other in forks of one zygote."""

    def __init__(self, command: Sequence[str], level: str, *, seed: int = 0) -> None:
        """A worker not yet started; the number of its socket is added to `command`."""
        self.command = command
        self.level = level
        self.seed = seed
        self.landlock = 0
        """Version of Landlock that the kernel speaks, known once started."""
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    def start(self) -> None:
        """Start the zygote, unless it runs.

        Raises:
            SandboxError: it does not come up.
        """
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                process = subprocess.Popen(
                    [*self.command, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                    pass_fds=[theirs.fileno()], start_new_session=True, cwd="/",
                    env={"PYTHONHASHSEED": str(self.seed), "LC_ALL": "C.UTF-8"},
                )  # fmt: skip
            except OSError as fault:
                mine.close()
                raise SandboxError(f"The sandbox {self.level!r} does not start: {fault}.") from fault
        mine.settimeout(START)
        self._process, self._channel = process, mine
        try:
            hello = mine.recv(8)
        except OSError:
            hello = b""
        if len(hello) != 4:
            words = self._last_words()
            self.close()
            raise SandboxError(f"The sandbox {self.level!r} does not start: {words}.")
        (self.landlock,) = struct.unpack("i", hello)

    def _last_words(self) -> str:
        assert self._process is not None
        assert self._process.stderr is not None
        self._process.kill()
        said = self._process.stderr.read(CHUNK).decode("utf-8", "replace").strip().splitlines()
        return said[-1][:200] if said else "it said nothing"

    def run(self, job: Job) -> Ran:
        """Run one job to its end, whatever it does.

        Raises:
            SandboxError: the sandbox itself failed; nothing can be said of the program.
        """
        if len(job.source) > SOURCE_LIMIT:
            fault = f"the source has {len(job.source)} characters, {SOURCE_LIMIT} are allowed"
            return Ran("broken", tuple(Answer(None, fault) for _ in job.calls), "", self.level, 0.0)
        self.start()
        try:
            return self._run(job)
        except (OSError, EOFError) as fault:
            self.close()
            raise SandboxError(f"The sandbox {self.level!r} failed: {fault or type(fault).__name__}.") from fault

    def _run(self, job: Job) -> Ran:
        assert self._channel is not None
        with ExitStack() as stack:
            answers, answers_end = _pipe(stack)
            words, words_end = _pipe(stack)
            text = _memfd(job)
            started = time.monotonic()
            seconds = struct.pack("d", job.limits.seconds)
            handed = [text, answers_end, words_end]
            try:
                socket.send_fds(self._channel, [seconds], handed)
            finally:
                for one in handed:
                    os.close(one)
            child = _received(stack, self._channel)
            status, claims, said = self._watch(job, child, answers, words, started + job.limits.seconds)
            took = time.monotonic() - started
            self._channel.settimeout(GRACE)
            (ended,) = struct.unpack("i", _whole(self._channel.recv(8), 4))
        if claims[:1] != b"L":
            raise OSError(f"the program could not be locked in: {said.decode('utf-8', 'replace')[:200]}")
        return _told(job, status, ended, bytes(claims[1:]), bytes(said), self.level, took)

    def _watch(
        self, job: Job, child: int, answers: int, words: int, until: float
    ) -> tuple[Status, bytearray, bytearray]:
        """Read what comes until the child has ended, or is ended for its time or its output."""
        kept = {answers: bytearray(), words: bytearray()}
        limit = {answers: job.limits.answer + 1, words: job.limits.words}
        status: Status = "finished"
        watch = select.poll()
        for one in (answers, words, child):
            watch.register(one, select.POLLIN)
        alive = True
        while alive:
            left = until - time.monotonic()
            ready = {one for one, _ in watch.poll(max(0, left) * 1000)}
            if not ready:
                status = "timeout"
            for one in ready & kept.keys():
                chunk = os.read(one, CHUNK)
                kept[one] += chunk
                if not chunk:
                    watch.unregister(one)
                if len(kept[one]) > limit[one]:
                    status = "flood"
            if status != "finished":
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(child, signal.SIGKILL)
            alive = status == "finished" and child not in ready
        if status == "finished":
            self._drain(kept, limit)
            if any(len(got) > limit[one] for one, got in kept.items()):
                status = "flood"
        return status, kept[answers], kept[words]

    @staticmethod
    def _drain(kept: dict[int, bytearray], limit: dict[int, int]) -> None:
        """Read what an ended child left in its pipes."""
        for one, got in kept.items():
            os.set_blocking(one, False)
            with suppress(BlockingIOError):
                while len(got) <= limit[one] and (chunk := os.read(one, CHUNK)):
                    got += chunk

    def close(self) -> None:
        """End the zygote and whatever it runs."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()
            self._process = None


def _pipe(stack: ExitStack) -> tuple[int, int]:
    """A pipe; its reading end is closed with the stack, its writing end by whoever hands it over."""
    reading, writing = os.pipe()
    stack.callback(os.close, reading)
    return reading, writing


def _memfd(job: Job) -> int:
    """The job as an unnamed file: its limits, then its text."""
    body = struct.pack("dQ", job.limits.seconds, job.limits.memory) + job.text().encode()
    file = os.memfd_create("job", os.MFD_CLOEXEC)
    with os.fdopen(os.dup(file), "wb") as writing:
        writing.write(body)
    return file


def _received(stack: ExitStack, channel: socket.socket) -> int:
    """The descriptor of the child."""
    channel.settimeout(GRACE)
    message, descriptors, _, _ = socket.recv_fds(channel, 8, 1)
    for one in descriptors:
        stack.callback(os.close, one)
    if message != b"c" or len(descriptors) != 1:
        raise EOFError("the zygote is gone")
    return descriptors[0]


def _whole(message: bytes, size: int) -> bytes:
    if len(message) != size:
        raise EOFError("the zygote is gone")
    return message


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
