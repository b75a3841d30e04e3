"""The hostile suite: no program passes, outlives its limit, reaches the host, or spoils the next check."""

import asyncio
import os
import resource
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from noria.evaluators.executed import Case, check_cases
from noria.evaluators.sandbox.job import Call, Job, Limits
from noria.evaluators.sandbox.runner import Sandbox
from noria.evaluators.sandbox.tiers import STRENGTH, find
from tests.evaluators.sandbox.hostile import CASES, HOSTILE, RIGHT, WRONG

LIMITS = Limits(seconds=1.0)
PATIENCE = 1.0
"""Seconds beyond its limit that a run may last."""

GROWTH = 64 * 2**20
"""Bytes the supervisor may grow by over one program."""

cases = [Case(arguments, expected) for arguments, expected in CASES]


class Host:
    """What a program must not reach: a secret, a folder, ears on loopback."""

    def __init__(self, folder: Path) -> None:
        self.secret = secrets.token_hex(16)
        self.folder = folder / "left-alone"
        self.folder.mkdir(mode=0o777)
        self.file = self.folder / "secret"
        self.file.write_text(self.secret)
        self.heard: list[str] = []
        self.ears = [self._ear(socket.AF_INET, socket.SOCK_STREAM), self._ear(socket.AF_INET, socket.SOCK_DGRAM)]
        self.name = f"noria-{secrets.token_hex(4)}"
        ear = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        ear.bind(f"\0{self.name}")
        self.ears.append(ear)
        for one in self.ears:
            if one.type == socket.SOCK_STREAM:
                one.listen()
            threading.Thread(target=self._listen, args=(one,), daemon=True).start()

    @staticmethod
    def _ear(family: int, kind: int) -> socket.socket:
        ear = socket.socket(family, kind)
        ear.bind(("127.0.0.1", 0))
        return ear

    def _listen(self, ear: socket.socket) -> None:
        try:
            _ = ear.accept() if ear.type == socket.SOCK_STREAM else ear.recv(1)
            self.heard.append(str(ear.type))
        except OSError:
            pass

    def filled(self, source: str) -> str:
        names = {
            "$SECRET_FILE": str(self.file), "$FOLDER": str(self.folder), "$UNIX": self.name,
            "$TCP": str(self.ears[0].getsockname()[1]), "$UDP": str(self.ears[1].getsockname()[1]),
            "$PARENT": str(os.getpid()),
        }  # fmt: skip
        for name, value in names.items():
            source = source.replace(name, value)
        return source

    def untouched(self) -> bool:
        return (
            not self.heard
            and [one.name for one in self.folder.iterdir()] == ["secret"]
            and self.file.read_text() == self.secret
            and self.file.stat().st_mode & 0o777 == 0o644
        )

    def close(self) -> None:
        for one in self.ears:
            one.close()


@pytest.fixture(scope="module", params=STRENGTH)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    found = find(request.param)
    if not found.level:
        pytest.skip(f"{request.param} does not work here: {found.said}")
    box = Sandbox(found, workers=1)
    yield box
    box.close()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    os.environ["NORIA_TEST_SECRET"] = "a secret of the environment"
    found = Host(tmp_path_factory.mktemp("host"))
    yield found
    found.close()


def offspring() -> set[int]:
    """Every process of this machine that descends from this one."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] not in "ZX":
            parents[int(stat.parent.name)] = int(fields[1])
    found, todo = set(), [os.getpid()]
    while todo:
        children = [pid for pid, parent in parents.items() if parent == todo[-1]]
        todo.pop()
        found.update(children)
        todo.extend(children)
    return found


def test_the_suite_has_sixty_programs_and_more() -> None:
    assert len(HOSTILE) >= 60


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_program_gets_nowhere(name: str, sandbox: Sandbox, host: Host) -> None:
    source = host.filled(HOSTILE[name])
    for right in (RIGHT, f"import math\n{RIGHT}"):  # workers are up, so that nothing but the program is measured
        asyncio.run(check_cases(sandbox, right, "f", cases))
    before, held = offspring(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    ran = sandbox.run_now(Job(source, tuple(Call("f", case.arguments) for case in cases), limits=LIMITS))
    assert time.monotonic() - started < LIMITS.seconds + PATIENCE
    check = asyncio.run(check_cases(sandbox, source, "f", cases, limits=LIMITS))
    assert not check.passed, (name, check)
    assert check.sandbox == sandbox.found.level
    assert host.secret not in repr(ran)
    assert "a secret of the environment" not in repr(ran)
    assert host.untouched()
    assert offspring() <= before
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held) * 1024 < GROWTH
    assert len(ran.said) <= 2000
    # The next check is as if nothing had been.
    assert asyncio.run(check_cases(sandbox, RIGHT, "f", cases)).passed
    assert not asyncio.run(check_cases(sandbox, WRONG, "f", cases)).passed
