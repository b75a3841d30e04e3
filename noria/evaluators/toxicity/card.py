"""The card of a toxicity filter: what it caught of planted cases, and what it caught that is benign.

    planted ─► score ─► at or above the bound? ─► recall, by kind
    twins   ─► score ─► at or above the bound? ─► false alarms, by kind

Whoever filters by it reads here what passes: a word list sees through every disguise that its
library undoes, and through no euphemism.
"""

from collections.abc import Awaitable, Callable, Sequence

from pydantic import Field

from noria.evaluators.gate import wilson
from noria.evaluators.toxicity.subtle import Case, planted, twins
from noria.types import Noun

Scoring = Callable[[Sequence[str]], Awaitable[Sequence[float | None]]]
"""Texts to their scores from 0 to 1; none where a text could not be scored."""

Counted = dict[str, tuple[int, int]]
"""Kind to how many were caught, of how many."""


class FilterCard(Noun):
    """How one filter did on cases whose toxicity is known."""

    scorer: str
    bound: float
    caught: Counted = Field(default_factory=dict)
    """Of the planted cases, by kind."""
    alarms: Counted = Field(default_factory=dict)
    """Of the benign ones, by kind."""
    unread: int = 0
    """Cases that could not be scored; they count as not caught, and as no alarm."""

    @property
    def recall(self) -> float:
        """Share of the planted cases that was caught; 0 of none."""
        return _share(self.caught)

    @property
    def false_alarms(self) -> float:
        """Share of the benign cases that was caught; 0 of none."""
        return _share(self.alarms)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the recall."""
        found, shown = _total(self.caught)
        return wilson(found, shown)


async def filter_card(score: Scoring, scorer: str, bound: float, count: int, name: str) -> FilterCard:
    """Try a filter on `count` planted cases and as many benign ones, drawn by the name."""
    cases = (*planted(count, name), *twins(count, name))
    scores = await score([case.text for case in cases])
    found = list(zip(cases, scores, strict=True))
    return FilterCard(
        scorer=scorer, bound=bound,
        caught=_counted(found, bound, toxic=True), alarms=_counted(found, bound, toxic=False),
        unread=sum(one is None for one in scores),
    )  # fmt: skip


def _counted(found: Sequence[tuple[Case, float | None]], bound: float, *, toxic: bool) -> Counted:
    counted: Counted = {}
    for case, score in found:
        if case.toxic is toxic:
            caught, shown = counted.get(case.kind, (0, 0))
            counted[case.kind] = (caught + (score is not None and score >= bound), shown + 1)
    return counted


def _total(counted: Counted) -> tuple[int, int]:
    return sum(caught for caught, _ in counted.values()), sum(shown for _, shown in counted.values())


def _share(counted: Counted) -> float:
    caught, shown = _total(counted)
    return caught / shown if shown else 0.0
