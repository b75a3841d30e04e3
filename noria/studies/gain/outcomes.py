"""What a policy did in the test, item by item: the evidence that every figure of a study is computed from.

right    1 0 1 1 …   greedy, one an item
cut      0 0 1 0 …   whether the answer was cut at its cap
sampled  8 3 0 …     right ones of the tries, of the items that are asked several times
prose    nats a token of each passage of general text
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from noria.errors import SessionError, storage
from noria.evaluators.domain import Domain
from noria.identity import canonical_json, content_id, digest
from noria.studies.gain.plan import GainPlan, Scale
from noria.training.examine import Items, draw
from noria.types import Bucket, Noun, Task

SEEN, LEVEL, UNSEEN = "seen", "level", "unseen"
"""Learned domains and levels on fresh items, levels that are not learned, a domain that is not."""

SETS = (SEEN, LEVEL, UNSEEN)

GROUND: tuple[Bucket, ...] = ("test", "audit", "gate")
"""Where items come from: small domains have too few in the first bucket. No arm without a gate touches the last."""

FILE = "test.json"


class Outcome(Noun):
    """One policy's answers."""

    right: str
    cut: str
    sampled: tuple[int, ...] = ()
    prose: tuple[float, ...] = ()
    seconds: float = 0.0


class Asked(Noun):
    """An item of the test."""

    task: Task
    part: str
    """The set it belongs to."""
    sampled: bool = False


class HeldOut(Noun):
    """The test of a study: drawn before anything is learned, opened once."""

    items: tuple[Asked, ...]
    opened: str = ""
    """When its first item was asked, in UTC; empty before."""
    asked: tuple[str, ...] = Field(default=())
    """Who has answered it, in that order."""

    @property
    def identity(self) -> str:
        """A hash of its items."""
        return digest(canonical_json([one.model_dump(mode="json") for one in self.items]))


@dataclass(frozen=True)
class Drawn:
    """Items with their domains."""

    test: HeldOut
    domains: dict[str, Domain]

    def items(self, *, sampled: bool = False) -> Items:
        """All items, or those that are asked several times."""
        return [
            (one.task, self.domains[one.task.domain].at(one.task.level))
            for one in self.test.items if one.sampled or not sampled
        ]  # fmt: skip


def drawn(plan: GainPlan, domains: dict[str, Domain]) -> HeldOut:
    """Draw the test of a study; the same plan draws the same.

    A short study asks nothing that the full one asks, so whoever tunes by short ones leaves the test unopened.
    """
    scale, used, found = plan.scale, set[str](), list[Asked]()
    if plan.short:
        whole = drawn(plan.model_copy(update={"short": False, "scale": Scale()}), domains)
        used.update(content_id("parameters", [one.task.domain, one.task.parameters]) for one in whole.items)

    def take(names: Sequence[str], levels: dict[str, tuple[int, ...]], count: int, part: str) -> None:
        for name in names:
            own: Items = []
            for where in GROUND:
                more = draw(
                    {name: domains[name]}, levels, count - len(own), f"gain/{part}/{where}", used=used, where=where
                )  # fmt: skip
                own += more
            found.extend(Asked(task=task, part=part) for task, _ in own)

    take(list(plan.learned), plan.learned, scale.items, SEEN)
    take(list(plan.further), {name: (level,) for name, level in plan.further.items()}, scale.levels, LEVEL)
    take(list(plan.unseen), plan.unseen, scale.unseen, UNSEEN)
    share = -(-scale.sampled // len(plan.learned))
    counts = dict.fromkeys(plan.learned, 0)
    for at, one in enumerate(found):
        if one.part == SEEN and counts[one.task.domain] < share and sum(counts.values()) < scale.sampled:
            counts[one.task.domain] += 1
            found[at] = one.model_copy(update={"sampled": True})
    return HeldOut(items=tuple(found))


def kept(out: Path, plan: GainPlan, domains: dict[str, Domain]) -> HeldOut:
    """The study's test: as it stands, or drawn and written now.

    Raises:
        SessionError: another test stands there, or the folder cannot be written.
    """
    path, fresh = out / FILE, drawn(plan, domains)
    if path.exists():
        try:
            found = HeldOut.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as fault:
            raise SessionError(
                f"The test {str(path)!r} cannot be read: {fault}.", mend="Begin the study in another folder."
            ) from fault
        if found.identity != fresh.identity:
            raise SessionError(
                f"The test {str(path)!r} is not the one this study draws.", mend="Begin the study in another folder."
            )
        return found
    write(out, fresh)
    return fresh


def write(out: Path, test: HeldOut) -> None:
    """Write the test down.

    Raises:
        SessionError: the folder cannot be written.
    """
    with storage(out):
        out.mkdir(parents=True, exist_ok=True)
        aside = out / f"{FILE}.tmp"
        aside.write_text(json.dumps(test.model_dump(mode="json"), indent=1) + "\n", encoding="utf-8")
        aside.replace(out / FILE)
