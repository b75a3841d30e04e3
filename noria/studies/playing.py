"""Playing a study: each arm and seed is a session of its own, in a process of its own.

    OUT/study.json            the plan, held to when the study goes on
    OUT/without-ifd/seed-2/   noria.yaml · session/ · log.txt

A session that finished is found finished; one that was left is gone on with, as `noria resume`
does; one that fails is told as failed, and the others go on. Seeds go round by round through the
arms, so that a study that is ended early has compared all arms as often.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from noria.studies.arms import Arm, Plan
from noria.studies.sessions import finished, played

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
        return finished(self.session)


def pieces(plan: Plan, out: Path) -> Iterator[Piece]:
    """Every session of a study, in the order they are played."""
    for seed in plan.seeds:
        for arm in plan.arms:
            yield Piece(arm, seed, out / arm.name.replace(" ", "-") / f"seed-{seed}")


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
        where = piece.session.resolve()
        data, config = plan.written(piece.arm, piece.seed, where), plan.parsed(piece.arm, piece.seed, where)
        if why := played(piece.folder, data, config, dry=plan.dry):
            failed[place] = why
            say(f"{at} of {len(every)}: {place}: failed: {why}")
        else:
            took.append(time.monotonic() - started)
    return failed
