"""Novelty, decided in deal order.

    proposals come in any order ─► each waits for those dealt before it ─► claims, or is refused

Episodes of a batch run side by side, yet which of two equal proposals is the new one must
not depend on who was faster: a resumed round has to decide as the broken one did. So a
candidate waits until every earlier one of its batch has claimed or ended. A claim of the
same batch blocks whatever becomes of it; a claim of an earlier batch blocks only if its
episode was accepted. Executed domains compare parameters and solution signatures exactly;
free text is compared by meaning, with what its strategy gave to work on too.
"""

import asyncio
from dataclasses import dataclass, field

from noria.evaluators.domain import Domain, Parameters
from noria.graphs.sayings import Sayings
from noria.identity import content_id
from noria.memory.history import History
from noria.memory.neighbours import FOLLOWER, Neighbours
from noria.types import Dealt, Episode, Reason


def shape(point: Parameters, domain: Domain) -> str:
    """The parameters without their free text, as a hash; where the text is all that is asked, the domain alone."""
    if domain.warrant == "judged":
        return content_id("shape", [domain.name])
    text = domain.free_text(point)
    rest = {key: None if text and value == text else value for key, value in point.model_dump(mode="json").items()}
    return content_id("shape", [domain.name, rest])


@dataclass(frozen=True, slots=True)
class Claim:
    """What a candidate says is new."""

    keys: tuple[str, ...]
    """Exact keys: the canonical parameters, the solution's signature."""
    free_text: str
    shape: str
    """The rest of the parameters, as a hash: free texts are compared within one shape."""


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
    _turns: dict[int, asyncio.Event] = field(init=False)
    """By position; set when everyone dealt before has passed."""
    _order: list[int] = field(init=False)
    _passed: set[int] = field(init=False, default_factory=set)
    _front: int = field(init=False, default=0)
    """How many have passed in order, nobody before them left."""
    _held: dict[str, str] = field(init=False, default_factory=dict)
    _sayings: Sayings = field(init=False)
    _follows: bool = field(init=False, default=False)
    """Whether the index knows what was said before this batch."""

    def __post_init__(self) -> None:
        """Give every place of the batch its turn."""
        self._order = sorted(dealt.position for dealt in self.batch)
        self._turns = {position: asyncio.Event() for position in self._order}
        self._sayings = Sayings(lambda texts: self.index.embedder.embed(texts), self.near)
        self._go_on()

    def let_pass(self, dealt: Dealt) -> None:
        """Say that an episode will claim nothing any more."""
        self._passed.add(dealt.position)
        self._go_on()

    def _go_on(self) -> None:
        """Wake the one whose turn it is."""
        for position in self._order[self._front :]:
            self._turns[position].set()
            if position not in self._passed:
                break
            self._front += 1

    def recall(self, dealt: Dealt, episode: Episode | None, domain: Domain) -> None:
        """Take an episode that ended before the session was resumed: it has passed, and its free text was said."""
        self.let_pass(dealt)
        for task in episode.drafts[:1] if episode else ():
            point = domain.point(task.parameters)
            if text := domain.free_text(point):
                self._sayings.keep(shape(point, domain), dealt.episode, text)

    async def claim(self, dealt: Dealt, claim: Claim) -> tuple[Reason, str] | None:
        """Claim in turn; the refusal and its evidence where another was first."""
        if claim.free_text and self.remembers:
            self._sayings.expect(claim.free_text)  # whoever's turn comes first embeds the texts of all that wait
        await self._turns[dealt.position].wait()
        refusal = await self.weigh(dealt, claim)
        # The place is free before the row is on disk: a later run decides by deal order again.
        self.let_pass(dealt)
        if refusal is None:
            await self.history.claim(dealt, claim.keys)
        return refusal

    async def weigh(self, dealt: Dealt, claim: Claim) -> tuple[Reason, str] | None:
        """Refuse a claim, or take it for the batch; nothing is written."""
        refusal = self._first(dealt, claim) or await self._meant(claim, dealt)
        if refusal is None:
            self._held.update(dict.fromkeys(claim.keys, dealt.episode))
            if claim.free_text:
                self._sayings.keep(claim.shape, dealt.episode, claim.free_text)
        return refusal

    def _first(self, dealt: Dealt, claim: Claim) -> tuple[Reason, str] | None:
        if holder := next((self._held[key] for key in claim.keys if key in self._held), None):
            return Reason.DUPLICATE, f"{holder} of the same batch asks the same"
        for episode, number, position, outcome in self.history.claimants(claim.keys):
            same_batch = number == dealt.round and position in self._turns
            if same_batch and position < dealt.position:
                return Reason.DUPLICATE, f"{episode} of the same batch asks the same"
            if not same_batch and outcome == "accepted":
                return Reason.DUPLICATE, f"{episode} was accepted with the same parameters or solution"
        return None

    async def _meant(self, claim: Claim, dealt: Dealt) -> tuple[Reason, str] | None:
        if not claim.free_text or not self.remembers:
            return None
        if not self._follows:
            await self.index.said.follow(self.history, self.near, self.history.mark(FOLLOWER)[0])
            self._follows = True
        own = self._sayings.vector(claim.free_text)
        if found := self.index.said.nearest(self.history, own, claim.shape):
            return Reason.NEAR_DUPLICATE, f"{found.sample} says {found.text!r}, similarity {found.similarity:.2f}"
        given = [(dealt.strategy, text) for text in dealt.brief.get("given", ())] if dealt.strategy else []
        if here := self._sayings.nearest(claim.free_text, claim.shape, given):
            who, text, likeness = here
            return Reason.NEAR_DUPLICATE, f"{who} says {text!r}, similarity {likeness:.2f}"
        return None
