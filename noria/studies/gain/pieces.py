"""The pieces of a study of gain: each is a training, a session or a test, finished or not, and may be gone on with.

    OUT/gain-plan.json · test.json
    OUT/raw/test/
    OUT/seed-1/warm/      policy.json                        ─► test/
    OUT/seed-1/verified/  noria.yaml · session/ · log.txt    ─► test/
    OUT/seed-1/ceiling/   policy.json                        ─► test/

A seed is played through before the next, so that a study that is ended early knows all arms of it. No piece takes
two hours on two cores, and each is found finished by what it leaves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from noria.graphs.folder import begun
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.studies.gain.plan import CEILING, RAW, VERIFIED, WARM, GainPlan
from noria.studies.sessions import finished
from noria.types import Policy

Kind = Literal["warm", "loop", "ceiling", "test"]

PLAN, POLICY, OUTCOME = "gain-plan.json", "policy.json", "outcome.json"

START = 40.0
"""Seconds until a server answers, on two cores."""

RATES = {"episode": 0.6, "row": 0.7, "item": 0.05, "try": 0.04}
"""Seconds of an episode with eight tries, of a row in four passes, of a test item and of a sampled try: the default
student on two cores, roughly, from the stages of the recipes' sessions. No more than a first guess: once a piece of a
kind is finished, what is left is told by what it took."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a study."""

    kind: Kind
    arm: str
    seed: int
    folder: Path

    @property
    def name(self) -> str:
        """What people read."""
        of = self.arm if self.arm == RAW else f"{self.arm}, seed {self.seed}"
        return f"test of {of}" if self.kind == "test" else of

    @property
    def session(self) -> Path:
        """Where a loop's session is."""
        return (self.folder / "session").resolve()

    @property
    def done(self) -> bool:
        """Whether it is finished."""
        if self.kind == "loop":
            return finished(self.session)
        return (self.folder / (OUTCOME if self.kind == "test" else POLICY)).is_file()


def place(out: Path, arm: str, seed: int) -> Path:
    """The folder of an arm."""
    return out / RAW if arm == RAW else out / f"seed-{seed}" / arm


def pieces(plan: GainPlan, out: Path) -> Iterator[Piece]:
    """Every piece, in the order they are played."""
    yield Piece("test", RAW, 0, place(out, RAW, 0) / "test")
    for seed in plan.seeds:
        made: list[tuple[Kind, str]] = [("warm", WARM), *(("loop", name) for name in plan.loops), ("ceiling", CEILING)]
        for kind, arm in made:
            yield Piece(kind, arm, seed, place(out, arm, seed))
        for _, arm in made:
            yield Piece("test", arm, seed, place(out, arm, seed) / "test")


def estimate(plan: GainPlan, piece: Piece) -> float:
    """Seconds that a piece is thought to take on two cores."""
    scale, domains = plan.scale, len(plan.learned)
    rows = 0.6 * scale.episodes
    if piece.kind == "warm":
        return 25 + scale.warm * domains * RATES["row"]
    if piece.kind == "ceiling":
        return 25 + rows * scale.rounds * RATES["row"]
    if piece.kind == "test":
        asked = (scale.items + scale.levels) * domains + scale.unseen
        return START + asked * RATES["item"] + scale.sampled * scale.tries * RATES["try"]
    learned = sum(rows * number for number in range(1, scale.rounds + 1))
    tries = 0.4 + 0.6 * scale.attempts / 8
    return (
        START * (1 + scale.rounds) + scale.rounds * scale.episodes * RATES["episode"] * tries + learned * RATES["row"]
    )


def policy_of(plan: GainPlan, out: Path, arm: str, seed: int) -> Policy | None:
    """The policy that an arm ended with: the last student it trained; none where it trained none or is not finished.

    Of `gated` it is the one that plays at the end.
    """
    folder = place(out, arm, seed)
    if arm in (WARM, CEILING):
        path = folder / POLICY
        return Policy.model_validate_json(path.read_text(encoding="utf-8")) if path.is_file() else None
    session = (folder / "session").resolve()
    if not begun(session):
        return None
    ledger = Ledger(session)
    try:
        history = History(ledger)
        student, base = history.pointer("student"), history.pointer("base")
        return student if student is not None and base is not None and student.id != base.id else None
    finally:
        ledger.close()


def found_rows(out: Path, seed: int) -> tuple[int, ...]:
    """New answers that `verified` learned in each round."""
    ledger = Ledger((place(out, VERIFIED, seed) / "session").resolve())
    try:
        return tuple(int(facts.get("curated", {}).get("new", 0)) for _, _, facts in History(ledger).rounds())
    finally:
        ledger.close()
