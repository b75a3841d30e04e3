"""When things happened, as far as the ledger tells: by its turns, which alone have a time of day.

    round's episodes ─► first call … last call ended          exam, calibration ─► the same

Rounds and stages have durations and no clock; whoever draws them in time hangs them on the
calls that were made in them.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from noria.identity import content_id
from noria.memory import tables
from noria.memory.history import History
from noria.tracing import whole

Moments = tuple[float, float]
"""When something began and ended, in seconds since the epoch."""


class Timeline:
    """The calls of one session in time."""

    def __init__(self, history: History) -> None:
        """Read the times of a session."""
        self.history = history
        self.began = float(history.ledger.fact("started") or 0.0)
        self.session = content_id("session", str(history.ledger.fact("started") or ""))
        """What the session is called in traces: by the moment it was started, wherever its folder is moved to."""

    def played(self, number: int) -> Moments | None:
        """From the first call of a round's episodes to the end of the last."""
        dealt = select(tables.deals.c.episode).where(tables.deals.c.round == number)
        return self._hull(tables.turns.c.episode.in_(dealt))

    def sat(self, sitting: str) -> Moments | None:
        """From the first question of a sitting to the end of the last answer."""
        return self._hull(_under(sitting))

    def sittings(self, kinds: Sequence[str], number: int) -> list[str]:
        """The exams and calibrations of these kinds that were held in a round."""
        found = set[str]()
        for kind in kinds:
            query = select(tables.turns.c.episode).where(_under(f"{kind}-r{number:04}")).distinct()
            found |= {whole(row.episode) for row in self.history.ledger.rows(query)}
        return sorted(found)

    def places(self) -> list[str]:
        """Everything that calls were made for and no round dealt: exams, calibrations and what else was asked."""
        dealt = select(tables.deals.c.episode)
        query = select(tables.turns.c.episode).where(tables.turns.c.episode.not_in(dealt)).distinct()
        return sorted({whole(row.episode) for row in self.history.ledger.rows(query)})

    def keys(self, sitting: str) -> list[str]:
        """The places whose turns make up a sitting."""
        query = select(tables.turns.c.episode).where(_under(sitting)).distinct().order_by(tables.turns.c.episode)
        return [row.episode for row in self.history.ledger.rows(query)]

    def _hull(self, where: ColumnElement[bool]) -> Moments | None:
        turns = tables.turns.c
        ended: Any = turns.started + turns.seconds
        query = select(func.min(turns.started).label("first"), func.max(ended).label("last")).where(where)
        (row,) = self.history.ledger.rows(query)
        return None if row.first is None else (float(row.first), float(row.last))


def _under(place: str) -> ColumnElement[bool]:
    """A place and what stands below it (`exam-r0001`, `exam-r0001/…`), read from the index."""
    episode = tables.turns.c.episode
    return (episode == place) | ((episode >= f"{place}/") & (episode < f"{place}0"))  # "0" follows "/"
