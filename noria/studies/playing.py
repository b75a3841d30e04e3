"""Playing a study: each arm and seed is a session of its own, in a process of its own.

    OUT/study.json            the plan, held to when the study goes on
    OUT/without-ifd/seed-2/   noria.yaml · session/ · log.txt

A session that finished is found finished; one that was left is gone on with, as `noria resume`
does; one that fails is told as failed, and the others go on. Seeds go round by round through the
arms, so that a study that is ended early has compared all arms as often.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from noria.errors import SessionError, storage
from noria.graphs.folder import begun
from noria.memory.ledger import told
from noria.studies.arms import Arm, Plan

PLAN = "study.json"


@dataclass(frozen=True, slots=True)
class Piece:
    """One session of a study."""

    arm: Arm
    seed: int
    folder: Path

    @property
    def session(self) -> Path:
        """Where its session is."""
        return self.folder / "session"

    @property
    def finished(self) -> bool:
        """Whether its session came to its end."""
        return begun(self.session) and bool(told(self.session, "finished"))


def pieces(plan: Plan, out: Path) -> Iterator[Piece]:
    """Every session of a study, in the order they are played."""
    for seed in plan.seeds:
        for arm in plan.arms:
            yield Piece(arm, seed, out / arm.name.replace(" ", "-") / f"seed-{seed}")


def keep(plan: Plan, out: Path) -> None:
    """Write a study's plan down, or find the same written.

    Raises:
        SessionError: another study lies there, or the folder cannot be written.
    """
    path = out / PLAN
    if path.exists():
        if read(out).identity != plan.identity:
            raise SessionError(
                f"{str(out)!r} holds another study.", mend="Name another folder with --out, or ask as it was asked."
            )
        return
    with storage(out):
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(plan.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read(out: Path) -> Plan:
    """The plan of a study.

    Raises:
        SessionError: the folder holds none.
    """
    try:
        return Plan.model_validate_json((out / PLAN).read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise SessionError(f"{str(out)!r} holds no study.", mend="`noria study ablation` begins one.") from fault


def play(plan: Plan, out: Path, say: Callable[[str], None]) -> dict[str, str]:
    """Play what is left of a study; returns why each session failed that did, by its place.

    Raises:
        KeyboardInterrupt: it was told to stop; it can be gone on with.
        SessionError: a folder cannot be written.
    """
    every = list(pieces(plan, out))
    failed: dict[str, str] = {}
    took: list[float] = []
    for at, piece in enumerate(every, 1):
        place = f"{piece.arm.name}, seed {piece.seed}"
        if piece.finished:
            say(f"{at} of {len(every)}: {place}: finished before")
            continue
        left = f"; about {sum(took) / len(took) * (len(every) - at + 1) / 60:.0f} min left" if took else ""
        say(f"{at} of {len(every)}: {place}{left}")
        started = time.monotonic()
        if why := _played(plan, piece):
            failed[place] = why
            say(f"{at} of {len(every)}: {place}: failed: {why}")
        else:
            took.append(time.monotonic() - started)
    return failed


def _played(plan: Plan, piece: Piece) -> str:
    """Play one session; why it failed, empty where it came to its end."""
    with storage(piece.folder):
        piece.folder.mkdir(parents=True, exist_ok=True)
        data = plan.written(piece.arm, piece.seed, piece.session.resolve())
        # The file stands elsewhere than the recipe: what the recipe names beside itself is named in full.
        config = plan.parsed(piece.arm, piece.seed, piece.session.resolve())
        written = _absolute(data, config.model_dump(mode="json"))
        (piece.folder / "noria.yaml").write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
    if begun(piece.session):
        command = ["resume", str(piece.session)]
    else:
        command = ["run", "-c", str(piece.folder / "noria.yaml"), *(["--dry-run"] if plan.dry else [])]
    with (piece.folder / "log.txt").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "noria", *command, "--json"], stdout=subprocess.DEVNULL, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            status = child.wait()
        except KeyboardInterrupt:
            os.killpg(child.pid, signal.SIGINT)  # it saves, and can be gone on with
            child.wait()
            raise
    if status == 0 and piece.finished:
        return ""
    said = (piece.folder / "log.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " ".join((said[-1] if said else "it said nothing").split())[:300] + f" (status {status})"


def _absolute(data: dict[str, object], config: dict[str, object]) -> dict[str, object]:
    """A config as it is written, with its paths as they were resolved."""
    found: dict[str, object] = {}
    for name, value in data.items():
        known = config.get(name)
        if isinstance(value, dict) and isinstance(known, dict):
            found[name] = _absolute(value, known)
        else:
            relative = isinstance(value, str | list) and isinstance(known, type(value)) and known != value
            found[name] = known if relative else value
    return found
