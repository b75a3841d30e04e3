"""A clean interpreter that forks: one child a job, locked before it reads its program.

    supervisor ── job, answers, words (descriptors over a socket) ─► zygote ── fork ─► child
               ◄── a descriptor of the child, then how it ended ────

Started as `python -s -S -P -B zygote.py SOCKET`. It imports once what programs may import,
never runs a program itself and never reads a job, so that no job can leave anything to the
next. It ends when its supervisor does, and kills the child that runs then.
"""

import array
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from typing import TYPE_CHECKING, NoReturn

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

if TYPE_CHECKING:
    from noria.evaluators.sandbox.inside import harness, lock
else:
    import harness
    import lock

MODULES = (
    "abc", "array", "ast", "base64", "binascii", "bisect", "calendar", "cmath", "collections", "collections.abc",
    "colorsys", "contextlib", "copy", "copyreg", "csv", "dataclasses", "datetime", "decimal", "difflib", "enum",
    "fractions", "functools", "graphlib", "hashlib", "heapq", "html", "io", "itertools", "json", "keyword", "math",
    "numbers", "operator", "pprint", "queue", "random", "re", "reprlib", "statistics", "string", "struct", "sys",
    "textwrap", "time", "traceback", "types", "typing", "unicodedata", "uuid", "warnings", "weakref", "zlib",
    "_strptime", "encodings.idna", "encodings.utf_16", "encodings.utf_32", "encodings.latin_1", "encodings.ascii",
    "encodings.cp437", "encodings.raw_unicode_escape", "encodings.unicode_escape", "encodings.punycode",
)  # fmt: skip
"""What a program can import: there is no file system to import anything else from."""

HANDED = 3
"""Descriptors a job comes with: its text, where answers go, where printed words go."""

LOCKED = b"L"
"""The first byte of the answers: the lock holds, and the program begins. Nobody else can have written it."""

OWN = lock.own_memory()
"""Bytes of address space the interpreter takes itself."""

BACKUP = 3.0
"""Seconds after a run's own limit at which the zygote kills what its supervisor did not."""


def child(job: int, answers: int, words: int) -> NoReturn:
    """Lock, run and leave; never returns."""
    try:
        os.setsid()
        os.dup2(words, 1)
        os.dup2(words, 2)
        (seconds, memory), text = read_job(job)
        out = os.dup2(answers, 3)
        os.closerange(4, 4096)
        for one in (signal.SIGINT, signal.SIGPIPE):
            signal.signal(one, signal.SIG_DFL)
        sys.path.clear()
        lock.lock(seconds, memory + OWN)
        os.write(out, LOCKED)
        harness.run(json.loads(text), out)
    except BaseException as error:  # a program may raise anything, and nothing of it may reach the zygote
        os.write(2, f"{type(error).__name__}: {error}".encode("utf-8", "replace"))
    finally:
        # Whatever happened, a child never goes on as a zygote.
        os._exit(0)


def read_job(job: int) -> tuple[tuple[float, int], str]:
    """The limits in front of a job, and its text."""
    size = os.fstat(job).st_size
    body = os.pread(job, size, 0)
    seconds, memory = struct.unpack_from("dQ", body)
    return (seconds, memory), body[struct.calcsize("dQ") :].decode()


def receive(channel: socket.socket) -> tuple[float, list[int]] | None:
    """The descriptors of the next job and its time limit; none when the supervisor is gone."""
    message, extra, _, _ = channel.recvmsg(8, socket.CMSG_SPACE(4 * HANDED))
    if not message:
        return None
    handed = array.array("i")
    for _, kind, data in extra:
        if kind == socket.SCM_RIGHTS:
            handed.frombytes(data[: len(data) - len(data) % handed.itemsize])
    (seconds,) = struct.unpack("d", message)
    return seconds, list(handed)


def serve(channel: socket.socket) -> None:
    """Fork a child for each job, one after the other."""
    while (job := receive(channel)) is not None:
        seconds, handed = job
        pid = os.fork()
        if pid == 0:
            child(*handed)
        handle = os.pidfd_open(pid)
        for one in handed:
            os.close(one)
        socket.send_fds(channel, [b"c"], [handle])
        ended = attend(channel, pid, handle, time.monotonic() + seconds + BACKUP)
        os.close(handle)
        channel.send(struct.pack("i", ended))


def attend(channel: socket.socket, pid: int, handle: int, until: float) -> int:
    """Wait for a child; kill it when the supervisor is gone or time is long over. Its wait status."""
    watch = select.poll()
    watch.register(handle, select.POLLIN)
    watch.register(channel, 0)
    while True:
        ready = watch.poll(max(0, until - time.monotonic()) * 1000)
        if not ready or any(one == channel.fileno() for one, _ in ready):
            os.kill(pid, signal.SIGKILL)
        if not ready or any(one == handle for one, _ in ready):
            return os.waitpid(pid, 0)[1]


def main() -> None:
    """Import what may be imported, say hello, serve."""
    for name in MODULES:
        __import__(name)
    import gc

    gc.collect()
    gc.freeze()
    sys.dont_write_bytecode = True
    channel = socket.socket(fileno=int(sys.argv[1]))
    lock.prepare()
    channel.send(struct.pack("i", lock.landlock_abi()))
    serve(channel)


if __name__ == "__main__":
    main()
