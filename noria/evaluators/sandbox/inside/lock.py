"""Locks a process in, for good: Landlock, a seccomp allow-list, resource limits, no new privileges.

    zygote, once:  user and capabilities ─► no new privileges ─► Landlock (nothing granted) ─► limits ─► filter
    each child:    its own limits ─► its own filter: what the zygote kept for itself

What can be given up for good is given up by the zygote, which needs none of it once its
modules are there; its children are born without. The zygote's filter leaves the calls of a
program and the few that serving takes; a child's own, which comes last, refuses those too.
It is short, for the kernel tries every call on a filter that is set.

What is left is a computer without devices: memory up to a limit, the clock, random bytes,
and the descriptors that are open already. There is no file system at all, so that Landlock's
gaps (it does not cover stat or chmod) are closed by the filter, which knows no call that
takes a path. Sources: kernel documentation of Landlock and seccomp; the numbers are those
of Linux on x86-64.
"""

import ctypes
import os
import resource
import struct

X86_64 = 0xC000003E
X32 = 0x40000000
KILL, ERRNO, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
EPERM, ENOSYS, ENOTTY = 1, 38, 25

CLONE3, IOCTL, MMAP, MPROTECT, FCNTL, PRLIMIT = 435, 16, 9, 10, 72, 302

LOAD, JUMP_IF, JUMP_AT_LEAST, AND, GIVE = 0x20, 0x15, 0x35, 0x54, 0x06
NUMBER, ARCH = 0, 4

ALLOWED = {
    "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "munmap": 11, "brk": 12,
    "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "sched_yield": 24, "mremap": 25,
    "madvise": 28, "nanosleep": 35, "getpid": 39, "exit": 60, "uname": 63, "gettimeofday": 96,
    "getrusage": 98, "times": 100, "getuid": 102, "getgid": 104, "geteuid": 107, "getegid": 108,
    "getppid": 110, "sigaltstack": 131, "gettid": 186, "time": 201, "futex": 202,
    "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230,
    "exit_group": 231, "set_robust_list": 273, "getrandom": 318, "rseq": 334,
}  # fmt: skip
"""Calls that are allowed whatever their arguments; no other is, but for the few below."""

SERVING = {
    "poll": 7, "pread64": 17, "clone": 56, "wait4": 61, "kill": 62, "prlimit64": 302, "seccomp": 317, "pidfd_open": 434,
}  # fmt: skip
"""Calls that a zygote needs besides, and that its children are refused (they may read their own limits)."""

FCNTL_ALLOWED = (1, 3)
"""F_GETFD and F_GETFL; F_SETOWN would send signals to others."""

PROT_EXEC = 4

NOFILE, NPROC = 16, 1

Rule = tuple[int, int, int, int]
"""An instruction of a filter: code, jump if true, jump if false, operand."""


class Fault(Exception):
    """The kernel does not give what is asked of it."""


libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def _syscall(number: int, *arguments: int) -> int:
    done: int = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(one) for one in arguments))
    if done < 0:
        raise Fault(os.strerror(ctypes.get_errno()))
    return done


def _prctl(*arguments: int) -> None:
    if libc.prctl(*(ctypes.c_ulong(one) for one in (*arguments, 0, 0, 0, 0)[:5])) < 0:
        raise Fault(f"prctl {arguments[0]}: {os.strerror(ctypes.get_errno())}")


def landlock_abi() -> int:
    """The version of Landlock the kernel speaks; 0 where it speaks none."""
    version: int = libc.syscall(ctypes.c_long(444), None, ctypes.c_size_t(0), ctypes.c_long(1))
    return max(0, version)


def own_memory(guess: int = 128 * 2**20) -> int:
    """Bytes of address space this process has; a guess where there is no /proc."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return guess


def _landlock(abi: int) -> None:
    # Every right the kernel knows is handled and none is granted.
    rights = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)) - 1
    # From version 4 on TCP may be handled too, from 6 on abstract sockets and signals.
    parts = [rights] + [3] * (abi >= 4) + [3] * (abi >= 6)
    attributes = ctypes.create_string_buffer(struct.pack(f"{len(parts)}Q", *parts))
    ruleset = _syscall(444, ctypes.addressof(attributes), 8 * len(parts), 0)
    _syscall(446, ruleset, 0)
    os.close(ruleset)


def program() -> list[Rule]:
    """The zygote's filter."""
    rules = [(LOAD, 0, 0, ARCH), (JUMP_IF, 1, 0, X86_64), (GIVE, 0, 0, KILL)]
    rules += [(LOAD, 0, 0, NUMBER), (JUMP_AT_LEAST, 0, 1, X32), (GIVE, 0, 0, KILL)]
    for call in sorted({*ALLOWED.values(), *SERVING.values()}):
        rules += [(JUMP_IF, 0, 1, call), (GIVE, 0, 0, ALLOW)]
    for call, errno in ((CLONE3, ENOSYS), (IOCTL, ENOTTY)):
        rules += [(JUMP_IF, 0, 1, call), (GIVE, 0, 0, ERRNO | errno)]
    for call in (MMAP, MPROTECT):  # memory that can be executed is refused: third argument, low half
        rules += [(JUMP_IF, 0, 5, call), (LOAD, 0, 0, _low(2)), (AND, 0, 0, PROT_EXEC)]
        rules += [(JUMP_IF, 1, 0, 0), (GIVE, 0, 0, ERRNO | EPERM), (GIVE, 0, 0, ALLOW)]
    ways = len(FCNTL_ALLOWED)
    rules += [(JUMP_IF, 0, ways + 2, FCNTL), (LOAD, 0, 0, _low(1))]
    rules += [(JUMP_IF, ways - at - 1, int(at == ways - 1), way) for at, way in enumerate(FCNTL_ALLOWED)]
    # The last instruction is what becomes of every call that was not named.
    return [*rules, (GIVE, 0, 0, ALLOW), (GIVE, 0, 0, ERRNO | EPERM)]


def refusal() -> list[Rule]:
    """A child's own filter: what the zygote's leaves, less what only serving takes."""
    refused = sorted({*SERVING.values()} - {PRLIMIT})
    # Limits of oneself may be read: pid 0, and a null pointer where new limits would stand.
    words = (_low(0), _low(0) + 4, _low(2), _low(2) + 4)
    reading = 2 * len(words)
    rules = [(LOAD, 0, 0, NUMBER)]
    rules += [(JUMP_IF, len(refused) - at + reading + 1, 0, call) for at, call in enumerate(refused)]
    rules += [(JUMP_IF, 0, reading, PRLIMIT)]
    for at, word in enumerate(words):
        rules += [(LOAD, 0, 0, word), (JUMP_IF, 0, reading - 2 * at - 1, 0)]
    return [*rules, (GIVE, 0, 0, ALLOW), (GIVE, 0, 0, ERRNO | EPERM)]


def _low(argument: int) -> int:
    """Where the low half of an argument stands in the data a filter sees."""
    return 16 + 8 * argument


class _Filter:
    """A filter as the kernel takes it, and the call that sets it, made beforehand."""

    def __init__(self, rules: list[Rule]) -> None:
        self._code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
        self._head = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(rules), ctypes.addressof(self._code)))
        call = (SERVING["seccomp"], 1, 0, ctypes.addressof(self._head))
        self._call = tuple(ctypes.c_long(one) for one in call)

    def set(self) -> None:
        if libc.syscall(*self._call) < 0:
            raise Fault(f"seccomp: {os.strerror(ctypes.get_errno())}")


_FILTER, _REFUSAL = _Filter(program()), _Filter(refusal())


def _limit(*limits: tuple[int, int]) -> None:
    for what, limit in limits:
        resource.setrlimit(what, (limit, limit))


def prepare() -> None:
    """Give up what no child will need: become nobody where we are root, gain nothing, reach no file.

    Raises:
        Fault: the kernel lacks a part.
    """
    if os.geteuid() == 0:
        for capability in range(64):
            if libc.prctl(24, ctypes.c_ulong(capability), 0, 0, 0) < 0:
                break
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    _prctl(4, 0)  # not dumpable: nobody of our own user may look into us
    _prctl(38, 1)  # no new privileges
    _landlock(landlock_abi())
    _limit(
        (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, NOFILE),
        (resource.RLIMIT_MEMLOCK, 0), (resource.RLIMIT_MSGQUEUE, 0),
    )  # fmt: skip


def narrow() -> None:
    """Set the filter of a prepared process that will serve.

    Raises:
        Fault: the kernel lacks a part.
    """
    _FILTER.set()


def lock(seconds: float, memory: int) -> None:
    """Lock this child of a narrowed process in.

    Raises:
        Fault: the kernel lacks a part; the process must not run anything then.
    """
    _limit(
        (resource.RLIMIT_CPU, int(seconds) + 2), (resource.RLIMIT_AS, memory), (resource.RLIMIT_NPROC, NPROC)
    )  # fmt: skip
    _REFUSAL.set()
