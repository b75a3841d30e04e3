"""A clean interpreter that forks: one child a job, locked before it reads its program.

    supervisor ── limits of a job ─► zygote ── fork ─► child ◄── the job, on a board of shared memory
               ◄── how it ended ────                   child ──► answers, words: two pipes

Started as `python -s -S -P -B zygote.py KIND ANSWERS CHANNEL BOARD`, the last three being
descriptors. It imports once what programs may import, gives up what it does not need, never
runs a program itself and never reads a job, so that no job can leave anything to the next:
the board is read by the child alone, and the child's ends of board and channel are closed
before its program begins. It ends when its supervisor does, and kills the child that runs then.

There are two kinds, for a fork costs what there is to copy: a *furnished* one has all that
may be imported, a *bare* one only what the interpreter itself may need without being asked.

Children are forked by the C library's own call. Python's would run the handlers that its
`threading` and `random` leave, a third of a run's cost, in children that have one thread
and, like any process with a fixed seed, may all begin with the same random numbers.
"""

import ctypes
import json
import os
import select
import signal
import struct
import sys
from typing import TYPE_CHECKING, Any, NoReturn

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

if TYPE_CHECKING:
    from noria.evaluators.sandbox.inside import harness, lock, steady
else:
    import harness
    import lock
    import steady

BARE = (
    "codecs", "copyreg", "encodings.ascii", "encodings.cp437", "encodings.idna", "encodings.latin_1",
    "encodings.punycode", "encodings.raw_unicode_escape", "encodings.unicode_escape", "encodings.utf_16",
    "encodings.utf_32", "unicodedata", "warnings",
)  # fmt: skip
"""What a program may need that imports nothing: codecs, names of characters."""

FURNISHED = (
    *BARE,
    "abc", "array", "ast", "base64", "binascii", "bisect", "calendar", "cmath", "collections", "collections.abc",
    "colorsys", "contextlib", "copy", "csv", "dataclasses", "datetime", "decimal", "difflib", "enum",
    "fractions", "functools", "graphlib", "hashlib", "heapq", "html", "io", "itertools", "json", "keyword", "math",
    "numbers", "operator", "pprint", "queue", "random", "re", "reprlib", "statistics", "string", "struct", "sys",
    "textwrap", "time", "traceback", "types", "typing", "uuid", "weakref", "zlib", "_strptime",
)  # fmt: skip
"""What a program can import: there is no file system to import anything else from."""

MODULES = {"bare": BARE, "furnished": FURNISHED}

ANSWERS, CHANNEL, BOARD = 3, 4, 5
"""Where a zygote has its descriptors; words go to 1 and 2."""

JOB, ENDED, HELLO = struct.Struct("dQQ"), struct.Struct("i"), struct.Struct("i")
"""Messages: seconds, memory and size of a job; a wait status; the version of Landlock."""

LOCKED = b"L"
"""The first byte of the answers: the lock holds. No program can have written it, for none has begun."""

STEADY, UNSTEADY = b"S", b"U"
"""The second one: whether its syntax shows that no hash seed matters to the program, which begins after it."""

OWN = lock.own_memory()
"""Bytes of address space the interpreter takes itself."""

BACKUP = 3.0
"""Seconds after a run's own limit at which the zygote kills what its supervisor did not."""

WARM: dict[str, Any] = {
    "source": "def f(x):\n    return [n for n in x if n]",
    "calls": [["f", [[1, 2]]], ["f", [1]], ["g", []]],
}
"""A program of our own that a zygote runs before it serves, so that its children find the interpreter warm."""

_fork = ctypes.PyDLL(None).fork


def child(seconds: float, memory: int, size: int) -> NoReturn:
    """Lock, run and leave; never returns."""
    try:
        job = json.loads(os.pread(BOARD, size, 0))
        os.close(BOARD)
        os.close(CHANNEL)
        lock.lock(seconds, memory + OWN)
        os.write(ANSWERS, LOCKED)
        os.write(ANSWERS, STEADY if steady.steady(job["source"]) else UNSTEADY)
        harness.run(job, ANSWERS)
    except BaseException as error:  # a program may raise anything, and nothing of it may reach the zygote
        os.write(2, f"{type(error).__name__}: {error}".encode("utf-8", "replace"))
    finally:
        # Whatever happened, a child never goes on as a zygote.
        os._exit(0)


def serve() -> None:
    """Fork a child for each job, one after the other, until the supervisor is gone."""
    watch = select.poll()
    watch.register(CHANNEL, select.POLLIN)
    while message := os.read(CHANNEL, 64):
        if len(message) != JOB.size:
            continue  # an order to end the child, which has ended
        seconds, memory, size = JOB.unpack(message)
        pid = _fork()
        if pid == 0:
            child(seconds, memory, size)
        if pid < 0:
            raise OSError("no child can be made")
        os.write(CHANNEL, ENDED.pack(attend(watch, pid, seconds + BACKUP)))


def attend(watch: select.poll, pid: int, seconds: float) -> int:
    """Wait for a child; kill it when told to, when the supervisor is gone or time is long over. Its wait status."""
    handle = os.pidfd_open(pid)
    watch.register(handle, select.POLLIN)
    ready = watch.poll(seconds * 1000)
    if all(one != handle for one, _ in ready):
        os.kill(pid, signal.SIGKILL)
    watch.unregister(handle)
    os.close(handle)
    return os.waitpid(pid, 0)[1]


def take(handed: list[int]) -> None:
    """Put the descriptors that were handed over where they belong, and close all others."""
    # Each copy is the lowest that is free, so that none stands where a later one goes.
    for place, copy in zip((ANSWERS, CHANNEL, BOARD), [os.dup(one) for one in handed], strict=True):
        os.dup2(copy, place)
    os.closerange(BOARD + 1, max(4096, *handed) + 1)


def warm() -> None:
    """Run our own program a few times, its answers into nowhere."""
    nowhere = os.memfd_create("answers")
    for _ in range(20):
        job = json.loads(json.dumps(WARM))
        steady.steady(job["source"])
        harness.run(job, nowhere)
    os.close(nowhere)


def main() -> None:
    """Import what may be imported, give up the rest, say hello, serve."""
    for name in MODULES[sys.argv[1]]:
        __import__(name)
    import gc

    take([int(one) for one in sys.argv[2:]])
    sys.dont_write_bytecode = True
    sys.path.clear()
    for one in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(one, signal.SIG_DFL)
    warm()
    version = lock.landlock_abi()
    lock.prepare()
    lock.narrow()
    gc.collect()
    gc.freeze()
    os.write(CHANNEL, HELLO.pack(version))
    serve()


if __name__ == "__main__":
    main()
