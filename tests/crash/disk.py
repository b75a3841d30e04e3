"""What a disk can do to a session: fill up at any point, be read-only, or be another's to write.

    python -m tests.crash.disk

Prints what each fault got, as JSON: the status and the sentence; and `wrong`, which is
empty where all held. A full disk is a small tmpfs filled to its last byte at a named point,
a read-only one is a bind mount: both need the right to mount. Root may write everywhere, so
what is to be refused is tried as nobody.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from noria.config import SessionConfig
from noria.failpoints import POINTS
from tests.crash.checks import Memory, after_a_kill, differences, story
from tests.crash.harness import Harness
from tests.crash.lives import Death, settings, turned

NOBODY = 65534
MEGABYTES = 24
"""Size of the small disk: an undisturbed session fits."""


class Disk(Harness):
    """Plays on disks that fail."""

    found: dict[str, Any]

    def faulted(self, name: str, place: Path, config: SessionConfig, memory: Memory, **how: Any) -> int:
        """A life that a fault of the disk ends: its status, which is one of a sentence."""
        death = how.pop("death", Death())
        status = self.lived(place, death, memory, config=config, **how)
        said = (place / "log.err").read_text().strip().splitlines()
        if status not in (1, 2) or not said or not said[-1].startswith("noria: ") or "Traceback" in "".join(said):
            self.wrong.append(f"{name}: status {status}, {said[-8:]}")
        else:
            self.found[name] = [status, said[-1].replace(str(self.folder), "")]
        return status

    def ended(self, name: str, place: Path, config: SessionConfig, memory: Memory) -> None:
        """The fault is over: the session has to come to its end as if there had been none."""
        if self.lived(place, Death(), memory, config=config) != 0:
            self.wrong.append(f"{name}: it cannot be resumed: {(place / 'log.err').read_text()[-600:]}")
            return
        wrong = after_a_kill(config.session, memory) + differences(story(config.session), self.expected)
        self.wrong += [f"{name}: {one}" for one in wrong[:4]]

    def full(self) -> None:
        """The disk fills up at every point in turn, in one session after another, and has room again."""
        with mounted(self.folder / "small", f"-t tmpfs -o size={MEGABYTES}m tmpfs") as disk:
            waiting = [Death(point, ballast=str(disk / "ballast")) for point in POINTS]
            sessions = 0
            while waiting and not self.wrong:
                sessions += 1
                place, memory = self.folder / f"full-{sessions}", Memory()
                place.mkdir()
                config = settings(place, session=disk / "session")
                shutil.rmtree(config.session, ignore_errors=True)
                while waiting:
                    death = waiting.pop(0)
                    status = self.lived(place, death, memory, config=config)
                    (disk / "ballast").unlink(missing_ok=True)
                    if status == 0:  # what was left to write found room in files that were there
                        self.found[f"full at {death.point}"] = [0, "it came to its end"]
                        break
                    said = (place / "log.err").read_text()
                    last = said.strip().splitlines()[-1:]
                    # At its very opening SQLite calls it an error of the disk: it cannot map its shared memory.
                    told = "full" in "".join(last) or (death.point == "ledger.empty" and "disk" in "".join(last))
                    if status not in (1, 2) or "Traceback" in said or not told:
                        self.wrong.append(f"full at {death.point}: status {status}, {said[-1500:]}")
                    self.found[f"full at {death.point}"] = [status, *last]
                    self.wrong += [f"full at {death.point}: {one}" for one in after_a_kill(config.session, memory)]
                self.ended(f"full, session {sessions}", place, config, memory)

    def read_only(self) -> None:
        """A new session and one that was begun, on a disk that is read-only."""
        place, memory = self.folder / "read-only", Memory()
        (place / "disk").mkdir(parents=True)
        config = settings(place, session=place / "disk" / "session")
        self.lived(place, Death("turn.kept", 40), memory, config=config)
        with mounted(place / "disk", f"--bind {place / 'disk'}", "-o remount,ro,bind"):
            for name, folder in (("new", "another"), ("begun", "session")):
                other = config.model_copy(update={"session": place / "disk" / folder})
                self.faulted(f"read-only, {name}", place, other, memory)
        self.ended("read-only", place, config, memory)

    def refused(self, what: str, point: str = "", make: Callable[[Path], None] = lambda path: None) -> None:
        """A file or folder of a session may not be written, tried by nobody; then it may."""
        name = f"{what} may not be written"
        place, memory = self.folder / f"refused-{what.replace(chr(47), chr(45))}", Memory()
        place.mkdir()
        os.chmod(place, 0o777)
        config = settings(place)
        if point:
            self.lived(place, Death(point), memory, config=config, life=nobody)
        target = config.session / what if what else place
        make(target)
        mode = target.stat().st_mode
        owner = target.stat().st_uid
        os.chown(target, 0, 0)
        target.chmod(0o555 if target.is_dir() else 0o444)
        before = sorted(str(path) for path in place.rglob("session/**/*"))
        self.faulted(name, place, config, memory, life=nobody)
        if not point and before != sorted(str(path) for path in place.rglob("session/**/*")):
            self.wrong.append(f"{name}: something was written all the same")
        os.chown(target, owner, owner)
        target.chmod(mode)
        self.ended(name, place, config, memory)


def nobody(config: SessionConfig) -> int:
    """A life without the rights of root."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    return turned(config)


@contextmanager
def mounted(place: Path, *steps: str) -> Iterator[Path]:
    """A mount while it is needed.

    Raises:
        subprocess.CalledProcessError: nobody may mount here.
    """
    place.mkdir(parents=True, exist_ok=True)
    done = 0
    try:
        for step in steps:
            subprocess.run(["mount", *step.split(), str(place)], check=True, capture_output=True)
            done += 1
        yield place
    finally:
        if done:
            subprocess.run(["umount", "-l", str(place)], check=True)


def main() -> int:
    """Try every fault, print what each got, and say by the status whether all held."""
    place = Path(tempfile.mkdtemp(prefix="noria-disk-"))
    place.chmod(0o755)
    disk = Disk(place, seed=0, kills=0)
    disk.found = {}
    disk.undisturbed()
    disk.refused("")
    disk.refused("ledger.db", "turn.kept")
    disk.refused("checkpoints.db", "turn.kept")
    disk.refused("chroma/chroma.sqlite3", "index.caught_up")
    disk.refused("students", "batch.settled", lambda path: path.mkdir())
    skipped = ""
    try:
        disk.read_only()
        disk.full()
    except subprocess.CalledProcessError as fault:
        skipped = f"nobody may mount a disk here: {fault.stderr.decode().strip()}"
    print(json.dumps({"found": disk.found, "skipped": skipped, "wrong": disk.wrong[:20]}, indent=2))
    if not disk.wrong:
        shutil.rmtree(place)
    return 1 if disk.wrong else 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
