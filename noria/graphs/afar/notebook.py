"""A player's history: the finished turns of the hands it plays, and what the session's process told it.

    turn of a hand ─► here; else none           keep_turn, settle ─► asked of the session's process ─► committed

What an episode asks of a session's history is answered from here without asking anybody; what
it writes is on disk when it returns, as in the session's own process. There is no ledger behind
it, so whatever else is asked of it fails.
"""

from collections.abc import Iterable

from noria.graphs.afar.house import Standing
from noria.graphs.afar.line import Line
from noria.memory.history import History
from noria.types import Episode, Exam, ExamItem, Policy, Quarantine, Sample, Turn, TurnKey


class Notebook(History):
    """Stands in for the history of a session."""

    def __init__(self, line: Line) -> None:
        """Begin with nothing, and write over a line."""
        self.standing = Standing({}, {}, frozenset(), (), {}, {})
        self._line = line
        self._turns: dict[str, dict[str, Turn]] = {}
        self._over: dict[str, Episode] = {}
        self._exams: list[tuple[Exam, list[ExamItem]]] = []

    def turn(self, key: TurnKey) -> Turn | None:
        """A finished call of a hand that plays here."""
        return self._turns.get(key.episode, {}).get(str(key))

    async def keep_turn(self, turn: Turn) -> None:
        """Have a finished call recorded."""
        await self._line.ask("turn", turn)
        self._turns.setdefault(turn.key.episode, {})[str(turn.key)] = turn

    async def settle(self, episode: Episode, samples: Iterable[Sample] = ()) -> None:
        """Have an episode ended, with what it had accepted."""
        await self._line.ask("settle", episode, tuple(samples))

    def quarantined(self) -> dict[str, Quarantine]:
        """The quarantined verifiers, as far as is known here."""
        return self.standing.beaten

    def policy(self, key: str) -> Policy | None:
        """A policy by id or by name, without how it was trained."""
        return next((one for one in self.standing.policies if key in (one.id, one.name)), None)

    def pointer(self, name: str) -> Policy | None:
        """The policy a pointer points at."""
        return self.policy(self.standing.pointers.get(name, ""))

    def held(self, exams: Iterable[tuple[Exam, list[ExamItem]]]) -> None:
        """Know further exams with their items."""
        self._exams.extend(exams)

    def exams(self) -> list[Exam]:
        """Every exam, oldest first."""
        return [exam for exam, _ in self._exams]

    def exam_items(self, number: int) -> list[ExamItem]:
        """The items of a round's exam."""
        return next((items for exam, items in self._exams if exam.round == number), [])
