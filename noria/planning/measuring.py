"""A session's profile, recounted from its ledger: of all of it, of some rounds, or of some episodes.

Of part of a round the counts and tokens are known and the seconds are not: its episodes ran beside the others.
"""

import json
import math
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

from noria.errors import SessionError
from noria.memory.history import History
from noria.memory.ledger import FILE
from noria.memory.spent import Spent, spent
from noria.planning.profile import SEATS, Aside, Bytes, Mean, Profile, Seat, Taught
from noria.training.trainer import PRETENDED
from noria.types import Reason, Stage

DEFAULT = 134_515_008
"""Parameters of the default student, for sessions whose base is not on this machine."""

WORK = ("play", "curate", "train")
"""Stages that grow with what was dealt; the others cost a round the same however large it is."""

SEATS_EXAM = "seat"
"""The stage that only some rounds have."""

PROJECTIONS = (FILE, f"{FILE}-wal", "catalogue.db", "checkpoints.db", "chroma")

FROM_NOVELTY = tuple(Stage)[tuple(Stage).index(Stage.WELL_FORMED) :]


def over(story: History) -> list[Spent]:
    """The ended episodes of rounds that were played to their end; of the first while it is played."""
    ended = spent(story)
    played = {number for number, _, facts in story.rounds() if "play" in facts.get("stages", {})}
    return [one for one in ended if one.round in played] if played else ended


def measure(
    story: History, folder: Path, chosen: Callable[[Spent], bool] = lambda one: True, *, settled: bool = True
) -> Profile:
    """The profile of a session's rounds, or with `chosen` of some of its episodes.

    Lengths are taken of the rounds after the first, where there are any, or with `settled` false of all.

    Raises:
        SessionError: no such episode has ended.
    """
    ended = over(story)
    some = [one for one in ended if chosen(one)]
    if not some:
        raise SessionError(
            f"No episode of {str(folder)!r} has ended yet, so there is nothing to plan from.", mend="Play it first."
        )
    numbers = {one.round for one in some}
    later = [one for one in some if settled and one.round > min(numbers)] or some
    whole = len(some) == sum(one.round in numbers for one in ended)
    accepted = sum(one.outcome == "accepted" for one in some)
    facts = {number: said for number, _, said in story.rounds() if number in numbers}
    stages = [said.get("stages", {}) for said in facts.values()]
    base = story.pointer("base")
    config: dict[str, Any] = json.loads(story.ledger.fact("config") or "{}")
    attempts = config.get("play", {}).get("attempts", 1)
    return Profile(
        session=folder.resolve().name, played=_day(story), pretended=base is not None and base.id == PRETENDED,
        parameters=_parameters(Path(base.folder)) if base and base.folder else DEFAULT,
        rounds=len(numbers), dealt=len(some), accepted=accepted,
        compared=sum(one.stage in FROM_NOVELTY for one in some),
        duplicates=sum(one.reason is Reason.DUPLICATE for one in some),
        told=len(later), answers=attempts * fmean(one.seats.get("solver", (0, 0, 0))[0] for one in later),
        seats=_seats(later),
        play_tokens=sum(prompt + reply for one in some for _, prompt, reply in one.seats.values()),
        play_seconds=sum(one.get("play", {}).get("seconds", 0.0) for one in stages) if whole else 0.0,
        exams=_each(stages, lambda name: name not in (*WORK, SEATS_EXAM), len(stages)),
        seating=_each(stages, lambda name: name == SEATS_EXAM, sum(SEATS_EXAM in one for one in stages)),
        seated=sum(SEATS_EXAM in one for one in stages),
        curate=_each(stages, lambda name: name == "curate", accepted) if whole else Aside(),
        taught=_taught(story, facts, some, config.get("train", {}).get("replay", 0.0)) if whole else Taught(),
        disk=Bytes(episode=_size(folder, PROJECTIONS) / len(ended), adapter=_adapter(folder)),
    )  # fmt: skip


def _day(story: History) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(float(story.ledger.fact("started") or 0.0)))


def _seats(some: Sequence[Spent]) -> dict[str, Seat]:
    found = {}
    for stage in dict.fromkeys(SEATS.values()):
        each = [
            [sum(one.seats.get(role, (0, 0, 0))[at] for role, of in SEATS.items() if of == stage) for at in range(3)]
            for one in some
        ]
        calls, prompt, completion = zip(*each, strict=True)
        found[stage] = Seat(calls=fmean(calls), prompt=_mean(prompt), completion=_mean(completion))
    return found


def _mean(values: Iterable[float]) -> Mean:
    values = list(values)
    return Mean(mean=round(fmean(values), 3), sd=round(pstdev(values), 3))


def _each(stages: Sequence[dict[str, Any]], wanted: Callable[[str], bool], among: int) -> Aside:
    """The sum of some stages, for each of so many."""
    some = [spent for one in stages for name, spent in one.items() if wanted(name)]
    totals = (sum(one[name] for one in some) for name in ("prompt_tokens", "completion_tokens", "seconds"))
    prompt, completion, seconds = (round(total / max(1, among), 3) for total in totals)
    return Aside(prompt=prompt, completion=completion, seconds=seconds)


def _taught(story: History, facts: dict[int, dict[str, Any]], some: Sequence[Spent], replay: float) -> Taught:
    trained = [one for one in story.policies() if one.student and one.training and one.round in facts]
    rounds = {one.round for one in trained}
    return Taught(
        rounds=len(rounds),
        tokens=sum(float(one.training.get("tokens", 0)) for one in trained),
        rows=sum(int(one.training.get("rows", 0)) for one in trained),
        replayed=sum(facts[one].get("curated", {}).get("replay", 0) for one in rounds),
        fresh=sum(facts[one].get("curated", {}).get("new", 0) for one in rounds),
        replay=replay,
        accepted=sum(one.outcome == "accepted" for one in some if one.round in rounds),
        seconds=round(sum(facts[one].get("stages", {}).get("train", {}).get("seconds", 0.0) for one in rounds), 3),
    )


def _parameters(base: Path) -> float:
    """Parameters by the headers of a model's weights (safetensors: eight bytes of length, then JSON)."""
    count = 0
    try:
        for path in base.glob("*.safetensors"):
            with path.open("rb") as file:
                (length,) = struct.unpack("<Q", file.read(8))
                told = json.loads(file.read(length))
            count += sum(math.prod(one["shape"]) for name, one in told.items() if name != "__metadata__")
    except (OSError, ValueError, KeyError, struct.error):
        count = 0
    return float(count or DEFAULT)


def _size(folder: Path, names: Iterable[str]) -> int:
    found = 0
    for name in names:
        place = folder / name
        files = place.rglob("*") if place.is_dir() else [place]
        found += sum(one.stat().st_size for one in files if one.is_file())
    return found


def _adapter(folder: Path) -> float:
    sizes = [_size(one, ["."]) for one in (folder / "students").glob("*/adapter")]
    return fmean(sizes) if sizes else 0.0
