"""An exam apart from any session's rounds: some policies, one after another, on the same items.

    session (read) ─► items of a bucket that no round touches ┐
    policies ─► served one at a time, in a scratch folder     ┴► answered greedily ─► right or wrong, item by item

It is held for what a command weighs: a student of a coreset against one of the whole, a model before and
after it was quantised. The session itself is neither played nor written to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from noria.agents.base import Desk
from noria.agents.student import Solver
from noria.config import SessionConfig
from noria.evaluators.comparing import Count, Difference, paired
from noria.evaluators.domain import Domain
from noria.evaluators.sandbox.runner import Runner
from noria.graphs.opening import Means
from noria.inference.fleet import Fleet
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.prompts import Templates
from noria.training.examine import Items, draw
from noria.types import Policy


@dataclass(frozen=True)
class Compared:
    """Two policies on the same items."""

    items: int
    a: Count
    """What the first got right."""
    b: Count
    gap: Difference | None
    """b less a, paired, with its 95 % interval."""

    def said(self, first: str, second: str) -> str:
        """The outcome in words."""
        if self.gap is None:
            return "no item was asked, so nothing is known"
        (low, high), (worst, best) = self.a.interval, self.b.interval
        verdict = "beyond noise" if self.gap.beyond else "no difference beyond noise"
        return (
            f"{first}: {self.a.part} of {self.items} right ({low:.0%} to {high:.0%}); {second}: {self.b.part} "
            f"({worst:.0%} to {best:.0%}); {100 * self.gap.value:+.1f} points, 95 % {100 * self.gap.low:+.1f} to "
            f"{100 * self.gap.high:+.1f}: {verdict}"
        )


def items(history: History, config: SessionConfig, domains: dict[str, Domain], count: int, name: str) -> Items:
    """Up to `count` items of each domain that no training may see and no exam of the session asks."""
    beaten = history.quarantined()
    trusted = {key: one for key, one in domains.items() if one.verifier not in beaten}
    return draw(trusted, dict(config.domains), count, name, used=set(), where="test", taught=history.taught)


def frozen(history: History, domains: dict[str, Domain]) -> Items:
    """The session's frozen items, as its first exam asked them; none where none was held."""
    beaten = history.quarantined()
    for exam in history.exams():
        asked = [item.task for item in history.exam_items(exam.round) if item.frozen]
        if asked:
            return [
                (task, domains[task.domain].at(task.level))
                for task in asked
                if task.domain in domains and domains[task.domain].verifier not in beaten
            ]
    return []


async def examined(
    policies: Sequence[Policy], asked: Items, *, means: Means, templates: Templates, runner: Runner, folder: Path,
) -> list[list[bool]]:  # fmt: skip
    """Which items each policy gets right; `folder` is where the exam keeps what it writes.

    Raises:
        EndpointError: a policy cannot be served or asked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(folder, write=True)
    fleet = Fleet(means.launcher, means.limiter)
    try:
        history = History(ledger)
        desk = Desk(fleet.pool, history, templates, fleet.served_as, runner)
        hosted = means.base is not None and any(one.adapter and not one.folder for one in policies)
        if hosted and means.base is not None:
            await fleet.bring_up(means.base)
        found = []
        for number, policy in enumerate(policies, 1):
            await fleet.bring_up(policy)
            answers = await Solver(desk, policy.id).examine("exam-apart", number, asked)
            found.append([attempt.passed for attempt, _ in answers])
            await fleet.retire(policy.id)
        return found
    finally:
        await fleet.close()
        ledger.close()


def compared(a: Sequence[bool], b: Sequence[bool]) -> Compared:
    """Two policies' answers to the same items."""
    wins = sum(two and not one for one, two in zip(a, b, strict=True))
    losses = sum(one and not two for one, two in zip(a, b, strict=True))
    return Compared(len(a), Count(sum(a), len(a)), Count(sum(b), len(b)), paired(wins, losses, len(a)))
