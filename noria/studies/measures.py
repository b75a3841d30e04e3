"""What a finished session of a study amounts to, recounted from its ledger and proved anew.

    yield            accepted tasks of those dealt
    labels           accepted answers that are proved again, of a drawn slice, by a runner that has run nothing
    diversity        distinct bigrams, and Vendi score, of accepted tasks with their answers (at most 256, thinned)
    exam             items that the base and the last student both answered: right before, right after
    cost             prompt and completion tokens of the whole session, an accepted task

Diversity moves with the size of a set, so sets are thinned to the same size by whoever compares
(`compared_at`). What a judge alone admitted is counted as accepted and left out of the labels.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from noria.evaluators import diversity
from noria.evaluators.audit import audit
from noria.evaluators.measures import Accepted, accepted
from noria.evaluators.registry import domains
from noria.evaluators.sandbox.runner import Chosen, Runner
from noria.graphs.folder import stored
from noria.identity import stream
from noria.memory.embed import Embedder
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.types import Noun


class Measures(Noun):
    """The figures of one session."""

    arm: str
    seed: int
    episodes: int
    accepted: int
    proved: int
    """Accepted answers of the slice that were proved right or wrong,"""
    right: int
    """and those proved right."""
    items: int
    """Exam items that the base and the last student both answered; 0 where no student was examined,"""
    base_right: int
    student_right: int
    promoted: int
    """Students that were promoted."""
    tokens: int
    seconds: float
    """Of all stages."""
    texts: tuple[str, ...]
    """Accepted tasks with their answers, thinned."""

    @property
    def gain(self) -> float | None:
        """Share of the items that the last student has right beyond the base's; none where none was examined."""
        return (self.student_right - self.base_right) / self.items if self.items else None

    @property
    def cost(self) -> float | None:
        """Tokens an accepted task; none where nothing was accepted."""
        return self.tokens / self.accepted if self.accepted else None


def measure(arm: str, seed: int, session: Path) -> Measures:
    """Measure a finished session.

    Raises:
        SessionError: the session cannot be read.
    """
    config, _ = stored(session)
    ledger = Ledger(session)
    try:
        history = History(ledger)
        known, _ = domains(dict(config.domains), config.domain_files)
        rows = [
            row for number, _, _ in history.rounds()
            for row in accepted(
                history.samples(number=number, role="solver"), history.episodes(number), history.deal(number), known
            )
        ]  # fmt: skip
        verified = [row for row in rows if row.sample.provenance.warrant == "verified"]
        proved, wrong = asyncio.run(_proved(verified, config.sandbox.minimum, f"study/{seed}"))
        before, after = _exams(history)
        stages = [spent for _, _, facts in history.rounds() for spent in facts.get("stages", {}).values()]
        texts = sorted({f"{row.task.instruction}\n{row.response}" for row in rows})
        return Measures(
            arm=arm, seed=seed, episodes=history.funnel()["dealt"], accepted=history.funnel()["accepted"],
            proved=proved, right=proved - wrong, items=len(before),
            base_right=sum(before), student_right=sum(after),
            promoted=sum("promoted" in facts for _, _, facts in history.rounds()),
            tokens=sum(history.tokens()), seconds=round(sum(spent["seconds"] for spent in stages), 1),
            texts=_thinned(texts, diversity.MOST, seed),
        )  # fmt: skip
    finally:
        ledger.close()


async def _proved(rows: list[Accepted], minimum: str, name: str) -> tuple[int, int]:
    with ExitStack() as stack:

        def fresh() -> Runner:
            runner = Chosen(minimum)  # type: ignore[arg-type]  # the config's own literal
            stack.callback(runner.close)
            return runner

        found = await audit(rows, fresh, name)
    return found.proved, len(found.wrong)


def _exams(history: History) -> tuple[list[bool], list[bool]]:
    """What the base and the last student got right, on the items that both answered."""
    base, exams = history.pointer("base"), history.exams()
    if base is None or not exams:
        return [], []
    had = {
        item.task.id: item.parent_passed
        for exam in exams if exam.parent == base.id for item in history.exam_items(exam.round)
    }  # fmt: skip
    last = [item for item in history.exam_items(exams[-1].round) if item.task.id in had]
    return [had[item.task.id] for item in last], [item.student_passed for item in last]


def _thinned(texts: Sequence[str], most: int, seed: int) -> tuple[str, ...]:
    return tuple(stream("study", "thin", seed).sample(list(texts), min(len(texts), most)))


def spread(texts: Sequence[str], size: int, embedder: Embedder) -> tuple[float, float]:
    """Distinct bigrams and Vendi score of the first `size` of some texts."""
    some = list(texts[:size])
    return diversity.distinct(some, 2), diversity.vendi(embedder.embed(some)) if some else 0.0
