"""Novelty, decided in deal order.

    proposals come in any order ─► each waits for those dealt before it ─► claims, or is refused

Episodes run side by side, yet which of two equal proposals is the new one must not depend
on who was faster: a resumed round has to decide as the broken one did. So a candidate waits
until every earlier one has claimed or ended. A claim of the same batch blocks whatever
becomes of it; a claim of an earlier batch blocks only if its episode was accepted, and while
that still plays, whoever asks the same waits for its end. Executed domains compare parameters
and solution signatures exactly; free text is compared by meaning, with what its strategy gave
to work on too.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from noria.evaluators.domain import Domain
from noria.graphs.claims import Claim, shape
from noria.graphs.line import Line
from noria.graphs.sayings import Sayings
from noria.memory.history import History
from noria.memory.neighbours import Neighbours
from noria.types import Dealt, Episode, Reason


@dataclass
class Clerk:
    """Takes the claims of one batch, in deal order."""

    history: History
    index: Neighbours
    near: float
    """Cosine similarity from which two free texts mean the same."""
    batch: list[Dealt]
    remembers: bool = True
    """Whether texts are compared by meaning at all; a study may put that aside."""
    before: tuple["Clerk", ...] = ()
    """The clerks of the earlier batches of which hands still play."""
    stirred: Callable[[], None] = lambda: None
    """Called when somebody comes to claim, and when a place has passed."""
    line: Line = field(init=False)
    _ends: dict[str, asyncio.Event] = field(init=False)
    """By episode; set when it has ended."""
    _unended: int = field(init=False)
    """How many have not."""
    _held: dict[str, str] = field(init=False, default_factory=dict)
    _sayings: Sayings = field(init=False)
    _follows: bool = field(init=False, default=False)
    """Whether the accepted texts of all that ended before this batch are known."""

    def __post_init__(self) -> None:
        """Give every place of the batch its turn."""
        self.line = Line((one.position for one in self.batch), (one.line for one in self.before))
        self._ends = {one.episode: asyncio.Event() for one in self.batch}
        self._unended = len(self._ends)
        self._sayings = Sayings(lambda texts: self.index.embedder.embed(texts), self.near)

    @property
    def over(self) -> bool:
        """Whether every hand of the batch has ended."""
        return self._unended == 0

    def let_pass(self, dealt: Dealt) -> None:
        """Say that an episode will claim nothing any more."""
        self.line.let_pass(dealt.position)
        self.stirred()

    def end(self, dealt: Dealt) -> None:
        """Say that an episode has ended, and that the ledger knows how."""
        self.let_pass(dealt)
        if not self._ends[dealt.episode].is_set():
            self._ends[dealt.episode].set()
            self._unended -= 1
        if self.over:
            self.before = ()

    def recall(self, dealt: Dealt, episode: Episode | None, domain: Domain) -> None:
        """Take an episode that ended before the session was resumed: it has passed, and its free text was said."""
        self.end(dealt)
        for task in episode.drafts[:1] if episode else ():
            point = domain.point(task.parameters)
            if text := domain.free_text(point):
                self._sayings.keep(shape(point, domain), dealt.episode, text)

    async def claim(self, dealt: Dealt, claim: Claim) -> tuple[Reason, str] | None:
        """Claim in turn; the refusal and its evidence where another was first."""
        if claim.free_text and self.remembers:
            self._sayings.expect(claim.free_text)  # whoever's turn comes first embeds the texts of all that wait
        self.line.come(dealt.position)
        self.stirred()
        await self.line.turn(dealt.position)
        refusal = await self.weigh(dealt, claim)
        # The place is free before the row is on disk: a later run decides by deal order again.
        self.let_pass(dealt)
        if refusal is None:
            await self.history.claim(dealt, claim.keys)
        return refusal

    async def weigh(self, dealt: Dealt, claim: Claim) -> tuple[Reason, str] | None:
        """Refuse a claim, or take it for the batch; nothing is written."""
        refusal = await self._first(dealt, claim) or await self._meant(claim, dealt)
        if refusal is None:
            self._held.update(dict.fromkeys(claim.keys, dealt.episode))
            if claim.free_text:
                self._sayings.keep(claim.shape, dealt.episode, claim.free_text)
        return refusal

    async def _first(self, dealt: Dealt, claim: Claim) -> tuple[Reason, str] | None:
        asked = self.history.claimants(claim.keys)
        holders = [self._held[key] for key in claim.keys if key in self._held]
        if holders := holders or [it[0] for it in asked if self._mine(it, dealt) and it[2] < dealt.position]:
            return Reason.DUPLICATE, f"{holders[0]} of the same batch asks the same"
        playing = [one._held[key] for one in self.before for key in claim.keys if key in one._held]
        if await self._ended([*playing, *(it[0] for it in asked if it[3] is None)]):
            asked = self.history.claimants(claim.keys)
        if holders := [it[0] for it in asked if it[3] == "accepted" and not self._mine(it, dealt)]:
            return Reason.DUPLICATE, f"{holders[0]} was accepted with the same parameters or solution"
        return None

    def _mine(self, claimant: tuple[str, int, int, str | None], dealt: Dealt) -> bool:
        """Whether a claim of the ledger was made in this batch."""
        return claimant[1] == dealt.round and claimant[2] in self.line

    async def _ended(self, episodes: Iterable[str]) -> bool:
        """Wait for the end of those that were dealt in an earlier batch and still play; whether any did."""
        ends = [one._ends[key] for key in episodes for one in self.before if key in one._ends]
        waits = [one for one in ends if not one.is_set()]
        for one in waits:
            await one.wait()
        return bool(waits)

    async def _meant(self, claim: Claim, dealt: Dealt) -> tuple[Reason, str] | None:
        if not claim.free_text or not self.remembers:
            return None
        # What the batch itself said comes first: after a resume the index knows some of that too.
        given = [(dealt.strategy, text) for text in dealt.brief.get("given", ())] if dealt.strategy else []
        if here := self._sayings.nearest(claim.free_text, claim.shape, given):
            who, text, likeness = here
            return Reason.NEAR_DUPLICATE, f"{who} says {text!r}, similarity {likeness:.2f}"
        own = self._sayings.vector(claim.free_text)
        alike = [who for one in self.before for who in one._sayings.alike(own, claim.shape)]
        await self._ended(alike)
        if alike or not self._follows:
            await self.index.said.follow(self.history, self.near, self.history.latest())
            self._follows = True
        if found := self.index.said.nearest(self.history, own, claim.shape):
            return Reason.NEAR_DUPLICATE, f"{found.sample} says {found.text!r}, similarity {found.similarity:.2f}"
        return None
