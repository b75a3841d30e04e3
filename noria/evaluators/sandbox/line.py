"""What stands between a supervisor and its zygote: a channel, a board, two pipes.

channel   a socket: limits of a job and orders go in, how it ended comes back
board     shared memory: the text of the job
answers   a pipe, bounded by whoever reads it
words     a pipe, likewise; a zygote that fails says here why
"""

import os
import select
import socket
import struct
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from noria.evaluators.sandbox.job import Limits, Status

QUICK = 0.005
"""Seconds in which most programs end; until then only the end is waited for, not each line that is said."""

CHUNK = 65536

KILL = b"k"
"""The order to end the child."""


class Line:
    """The near ends, and the far ones until a zygote has them."""

    def __init__(self) -> None:
        """A line that leads nowhere yet."""
        self._channel, self._far_channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._board = os.memfd_create("job", os.MFD_CLOEXEC)
        self._answers, self._far_answers = os.pipe()
        self._words, self._far_words = os.pipe()
        for one in (self._answers, self._words):
            os.set_blocking(one, False)
        self._end, self._all = select.poll(), select.poll()
        self._end.register(self._channel, select.POLLIN)
        for known in (self._channel.fileno(), self._answers, self._words):
            self._all.register(known, select.POLLIN)

    def start(self, command: Sequence[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        """Start a zygote at the other end; the numbers of its descriptors are added to `command`.

        Raises:
            OSError: the command cannot be run.
        """
        handed = [self._far_answers, self._far_channel.fileno(), self._board]
        try:
            return subprocess.Popen(
                [*command, *map(str, handed)],
                stdin=subprocess.DEVNULL, stdout=self._far_words, stderr=self._far_words,
                pass_fds=handed, start_new_session=True, cwd="/", env=environment,
            )  # fmt: skip
        finally:
            self._far_channel.close()
            for one in (self._far_answers, self._far_words):
                os.close(one)

    def give(self, text: bytes, limits: Limits) -> None:
        """Give a job to the zygote, which has none."""
        os.ftruncate(self._board, 0)
        os.pwrite(self._board, text, 0)
        self._channel.send(struct.pack("dQQ", limits.seconds, limits.memory, len(text)))

    def told(self, seconds: float) -> int:
        """The next number the zygote says.

        Raises:
            OSError: it says none for so many seconds.
            EOFError: it is gone.
        """
        self._channel.settimeout(seconds)
        message = self._channel.recv(8)
        if len(message) != 4:
            raise EOFError("the zygote is gone")
        return int.from_bytes(message, "little", signed=True)

    def watch(self, limits: Limits, until: float) -> tuple[Status, bytearray, bytearray]:
        """Read answers and words until the child has ended, or order its end for its time or what it says."""
        answers, words = bytearray(), bytearray()
        if self._end.poll(min(QUICK, limits.seconds) * 1000):
            return "finished", answers, words
        while True:
            ready = {one for one, _ in self._all.poll(max(0, until - time.monotonic()) * 1000)}
            for pipe, got in ((self._answers, answers), (self._words, words)):
                if pipe in ready:
                    got += os.read(pipe, CHUNK)
            status: Status = "flood" if flooded(limits, answers, words) else "finished" if ready else "timeout"
            if status != "finished":
                self._channel.send(KILL)
            if status != "finished" or self._channel.fileno() in ready:
                return status, answers, words

    def rest(self) -> tuple[bytes, bytes]:
        """What is left in the pipes, which nobody writes to any more: at most what they hold."""
        return self._left(self._answers), self._left(self._words)

    @staticmethod
    def _left(pipe: int) -> bytes:
        got = bytearray()
        with suppress(BlockingIOError):
            while chunk := os.read(pipe, CHUNK):
                got += chunk
        return bytes(got)

    def close(self) -> None:
        """Let go of everything; a zygote ends for it."""
        self._channel.close()
        for one in (self._board, self._answers, self._words):
            os.close(one)


def flooded(limits: Limits, answers: bytearray, words: bytearray) -> bool:
    """Whether more was said than may be; two bytes of the answers are not the program's."""
    return len(answers) > limits.answer + 2 or len(words) > limits.words
