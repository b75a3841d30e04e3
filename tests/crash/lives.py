"""Lives of a session: each a child forked from a process that has imported everything.

    harness ─► fork ─► child: its own process group, `noria run` or `noria resume` ─► ended, or killed

Starting an interpreter costs seconds and a fork milliseconds, so a minute holds many kills.
A child is the command line behind its parsing of arguments: the same `stored`, `play`, live
view and statuses. It writes what it did to a side log that is never synced: a line that was
written before a SIGKILL is there after it, as a pipe to another process would have it.

    call KEY                    a model is asked
    import NAME                 a module that was loaded on the way
    ack TABLE KEY DIGEST        who awaited a write was told that it is on disk
    point NAME                  a named point was passed
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from noria import failpoints
from noria.cli.running import play
from noria.config import SessionConfig
from noria.errors import NoriaError, SessionError
from noria.graphs.folder import must_be_new, stored
from noria.inference.client import Request
from noria.inference.puppet import Puppet
from noria.memory.writing import Put, Write
from tests import build
from tests.crash.steersman import steered

BASE, LEARNED = 0.0, 0.5
"""How often the puppet's base solves a sum, and how much more after each training."""


def learner(request: Request) -> Any:
    """A puppet that training helps twice, so that a session promotes, retires and keeps out."""
    rounds = int(request.model[-4:]) if request.model.startswith("student-r") else 0
    return Puppet(skill=min(1.0, BASE + LEARNED * rounds))(request)


def settings(folder: Path, **changes: Any) -> SessionConfig:
    """A session small enough to be killed often: three rounds of two batches, with free text among them."""
    base: dict[str, Any] = {
        "domains": {"arithmetic": (1, 2), "constraints": (1,)},
        "play": {"episodes": 12, "batch": 6, "attempts": 2},
        "exam": {"items": 16},
        "judge": {"calibration": 2},
        "stop": {"rounds": 3},
    }
    return build.config(folder, **base | changes)


@dataclass(frozen=True)
class Death:
    """How a life is to end: at a point, or after some seconds; not at all where neither is named.

    With a `ballast` it is not killed at the point: the disk that holds that file is filled up there.
    """

    point: str = ""
    hit: int = 1
    seconds: float = 0.0
    ballast: str = ""

    def __str__(self) -> str:
        return f"{self.point}:{self.hit}" if self.point else f"{self.seconds:.3f} s" if self.seconds else "none"


class SideLog:
    """What a child did, line by line, and its death at a point."""

    def __init__(self, path: Path, death: Death) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        kill = failpoints.Deadly(death.point, death.hit)
        self.deadly = Filler(death) if death.ballast else kill

    def __call__(self, point: failpoints.Point, what: Any) -> None:
        lines = [f"point {point}"]
        if point == "call.begun":
            lines.append(f"call {what}")
        if point == "ledger.acknowledged":
            lines += [line for row in what for line in acknowledged(row)]
        os.write(self.file, "".join(f"{line}\n" for line in lines).encode())
        self.deadly(point, what)
        steered(point, what)


class Filler:
    """Fills a disk to its last byte at a point."""

    def __init__(self, death: Death) -> None:
        self.death = death
        self.left = death.hit

    def __call__(self, point: failpoints.Point, what: Any) -> None:
        if point != self.death.point:
            return
        self.left -= 1
        if self.left:
            return
        file = os.open(self.death.ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for size in (1 << 20, 4096, 1):
            with suppress(OSError):
                while True:
                    os.write(file, bytes(size))
        os.close(file)


def acknowledged(row: Write) -> list[str]:
    """A written row as a line: its table, its key, and a digest where nothing may write over it."""
    if not isinstance(row, Put) or row.table.name == "outbox":  # a change of many; the index follows by a mark
        return []
    values: dict[str, Any] = row.row
    names = [column.name for column in row.table.primary_key]
    # A sequence is given by the database: the content's id, or another key, stands for it.
    key = {name: values[name] for name in names if name in values} or {
        name: values[name] for name in ("id", "key") if name in values
    }
    if not key:
        return []
    said = ["", []] if row.over else [digest(values), sorted(values)]
    return [f"ack {json.dumps([row.table.name, key, *said])}"]


def digest(values: Mapping[str, Any]) -> str:
    """A row in short."""
    return sha256(json.dumps(dict(values), sort_keys=True).encode()).hexdigest()[:16]


def alone() -> bool:
    """Whether this process has one thread: only such a one may fork."""
    return len(os.listdir("/proc/self/task")) == 1


def born(config: SessionConfig, log: Path, death: Death, life: Callable[[SessionConfig], int]) -> int:
    """Fork a child that lives; returns its process id, which is its group's too."""
    assert alone(), "a process with threads must not fork"
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(log.with_suffix(f".{name}"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
        side = SideLog(log, death)
        failpoints.watch(side)
        known = set(sys.modules)
        status = life(config)
        loaded = "".join(f"import {name}\n" for name in sys.modules if name not in known)
        os.write(side.file, loaded.encode())
    except NoriaError as fault:
        print(f"noria: {fault}", file=sys.stderr, flush=True)
        status = fault.status
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def turned(config: SessionConfig) -> int:
    """What `noria resume` does; where that says that nothing was started, what `noria run` does."""
    try:
        config, pretended = stored(config.session)
        assert pretended, "a dry run was taken for a real one"
    except SessionError:
        must_be_new(config.session)
    try:
        play(config, lambda view: build.means(config, learner), as_json=True)
    except KeyboardInterrupt:
        return 130
    return 0
