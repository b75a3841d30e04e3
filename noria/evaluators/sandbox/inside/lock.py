"""Locks a process in, for good: Landlock, a seccomp allow-list, resource limits, no new privileges.

    zygote, once:  user and capabilities given up ─► no new privileges ─► Landlock (nothing granted)
    each child:    limits ─► seccomp

What can be given up for good is given up by the zygote, which needs none of it once its
modules are there; its children are born without. The filter comes last, for it forbids to
make children.

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

FCNTL_ALLOWED = (1, 3)
"""F_GETFD and F_GETFL; F_SETOWN would send signals to others."""

PROT_EXEC = 4

NOFILE, NPROC = 16, 1


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


def program() -> list[tuple[int, int, int, int]]:
    """The seccomp filter, as a list of BPF instructions (code, jump if true, jump if false, operand)."""
    load, jump_if, jump_at_least, and_, give = 0x20, 0x15, 0x35, 0x54, 0x06
    arch, number = 4, 0
    rules = [(load, 0, 0, arch), (jump_if, 1, 0, X86_64), (give, 0, 0, KILL)]
    rules += [(load, 0, 0, number), (jump_at_least, 0, 1, X32), (give, 0, 0, KILL)]
    for call in sorted(ALLOWED.values()):
        rules += [(jump_if, 0, 1, call), (give, 0, 0, ALLOW)]
    for call, errno in ((CLONE3, ENOSYS), (IOCTL, ENOTTY)):
        rules += [(jump_if, 0, 1, call), (give, 0, 0, ERRNO | errno)]
    for call in (MMAP, MPROTECT):  # memory that can be executed is refused: third argument, low half
        rules += [(jump_if, 0, 5, call), (load, 0, 0, _low(2)), (and_, 0, 0, PROT_EXEC)]
        rules += [(jump_if, 1, 0, 0), (give, 0, 0, ERRNO | EPERM), (give, 0, 0, ALLOW)]
    ways = len(FCNTL_ALLOWED)
    rules += [(jump_if, 0, ways + 3, FCNTL), (load, 0, 0, _low(1))]
    rules += [(jump_if, ways - at, 0, way) for at, way in enumerate(FCNTL_ALLOWED)]
    rules += [(give, 0, 0, ERRNO | EPERM), (give, 0, 0, ALLOW)]
    # Limits of oneself may be read: pid 0, and a null pointer where new limits would stand.
    words = (_low(0), _low(0) + 4, _low(2), _low(2) + 4)
    rules += [(jump_if, 0, 2 * len(words) + 1, PRLIMIT)]
    for at, word in enumerate(words):
        rules += [(load, 0, 0, word), (jump_if, 0, 2 * (len(words) - at - 1) + 1, 0)]
    # The last instruction is what becomes of every call that was not named.
    rules += [(give, 0, 0, ALLOW), (give, 0, 0, ERRNO | EPERM)]
    return rules


def _low(argument: int) -> int:
    """Where the low half of an argument stands in the data a filter sees."""
    return 16 + 8 * argument


_RULES = program()
_CODE = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in _RULES))
_FILTER = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(_RULES), ctypes.addressof(_CODE)))


def _seccomp() -> None:
    _syscall(317, 1, 0, ctypes.addressof(_FILTER))


def _limits(seconds: float, memory: int) -> None:
    cpu = int(seconds) + 2
    for what, limit in (
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, NOFILE),
        (resource.RLIMIT_NPROC, NPROC),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
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


def lock(seconds: float, memory: int) -> None:
    """Lock this child of a prepared process in.

    Raises:
        Fault: the kernel lacks a part; the process must not run anything then.
    """
    _limits(seconds, memory)
    _seccomp()
