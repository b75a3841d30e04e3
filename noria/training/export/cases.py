"""Accepted episodes with what each taught, read one after another and never held whole.

episodes (deal order) ─► accepted ─► their samples, some hundred at once ─► Case
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from noria.memory.history import History
from noria.types import Episode, Sample

PAGE = 400
"""Episodes whose samples are looked up at once."""


@dataclass(frozen=True, slots=True)
class Case:
    """One accepted episode."""

    episode: Episode
    answer: Sample | None
    """The solver's sample; none where it is withdrawn or left out."""
    proposal: Sample | None
    """The generator's."""

    def sample(self, role: str) -> Sample | None:
        """The sample of a role."""
        return self.answer if role == "solver" else self.proposal


def cases(history: History, *, without: Collection[str] = (), rounds: Collection[int] = ()) -> Iterator[Case]:
    """Every accepted episode whose samples stand, in the order they were dealt.

    `without` are verifiers: what rests on one of them alone is left out. `rounds` are those read; all without.
    """
    numbers: list[int | None] = [*sorted(rounds)] or [None]
    for number in numbers:
        accepted = (one for one in history.episodes(number) if one.outcome == "accepted")
        while page := list(islice(accepted, PAGE)):
            found: dict[tuple[str, str], Sample] = {}
            for sample in history.of_episodes([one.id for one in page], without=without):
                found.setdefault((sample.provenance.episode, sample.role), sample)
            for episode in page:
                answer, proposal = (found.get((episode.id, role)) for role in ("solver", "generator"))
                if answer or proposal:
                    yield Case(episode, answer, proposal)
