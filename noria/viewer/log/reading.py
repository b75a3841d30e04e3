"""What the catalogue lacks of one episode, read from the ledger: its deal, its turns as sent, its drafts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from noria.errors import SessionError
from noria.memory.history import History
from noria.memory.ledger import Ledger
from noria.types import Dealt, Episode, Quarantine, Turn


@contextmanager
def reading(session: Path) -> Iterator[History]:
    """A session's history, closed afterwards.

    Raises:
        SessionError: there is none, or it cannot be read.
    """
    ledger = Ledger(session)
    try:
        yield History(ledger)
    finally:
        ledger.close()


@dataclass(frozen=True, slots=True)
class Told:
    """All that the ledger holds of one episode."""

    id: str
    episode: Episode | None
    """None while it plays, and of a calibration or an exam, which are no episodes and have turns alone."""
    dealt: Dealt | None
    turns: tuple[Turn, ...]
    names: dict[str, str]
    """Policies' names by id."""
    beaten: dict[str, Quarantine]
    """The quarantined verifiers that its drafts rest on."""

    @property
    def known(self) -> bool:
        """Whether the ledger has anything of it."""
        return self.episode is not None or self.dealt is not None or bool(self.turns)

    def name(self, policy: str) -> str:
        """What a policy, or the verifier that wrote an answer, is called."""
        return self.names.get(policy, policy)


def told(history: History, key: str) -> Told:
    """An episode by its id; see `known`, where the ledger may have nothing of it.

    Raises:
        SessionError: what the ledger holds of it cannot be read.
    """
    try:
        episode, dealt, turns = history.episode(key), history.hand(key), history.trace(key)
    except ValidationError as fault:
        raise SessionError(
            f"What the ledger holds of {key!r} cannot be read: {fault.errors()[0]['msg']}.",
            mend="It was edited, or written by another Noria; `noria accepted verify` tells whether the log was.",
        ) from fault
    rests = {task.grounding.verifier for task in episode.drafts} if episode else set[str]()
    beaten = {name: proof for name, proof in history.quarantined().items() if name in rests}
    names = {policy.id: policy.name for policy in history.policies()}
    return Told(key, episode, dealt, tuple(turns), names, beaten)
