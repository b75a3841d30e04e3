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

import numpy

from noria.evaluators.domain import Domain, Parameters
from noria.identity import content_id
from noria.memory.history import History
from noria.memory.neighbours import Neighbours
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
    _passed: dict[int, asyncio.Event] = field(init=False)
    _held: dict[str, str] = field(init=False, default_factory=dict)
    _texts: dict[str, list[tuple[str, str]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Give every place of the batch its flag."""
        self._passed = {dealt.position: asyncio.Event() for dealt in self.batch}

    def let_pass(self, dealt: Dealt) -> None:
        """Say that an episode will claim nothing any more."""
        self._passed[dealt.position].set()

    def recall(self, dealt: Dealt, episode: Episode | None, domain: Domain) -> None:
        """Take an episode that ended before the session was resumed: it has passed, and its free text was said."""
        self.let_pass(dealt)
        for task in episode.drafts[:1] if episode else ():
            point = domain.point(task.parameters)
            if text := domain.free_text(point):
                self._texts.setdefault(shape(point, domain), []).append((dealt.episode, text))

    async def claim(self, dealt: Dealt, claim: Claim) -> tuple[Reason, str] | None:
        """Claim in turn; the refusal and its evidence where another was first."""
        for position, event in self._passed.items():
            if position < dealt.position and not event.is_set():
                await event.wait()
        refusal = self.weigh(dealt, claim)
        # The place is free before the row is on disk: a later run decides by deal order again.
        self.let_pass(dealt)
        if refusal is None:
            await self.history.claim(dealt, claim.keys)
        return refusal

    def weigh(self, dealt: Dealt, claim: Claim) -> tuple[Reason, str] | None:
        """Refuse a claim, or take it for the batch; nothing is written."""
        refusal = self._first(dealt, claim) or self._meant(claim, dealt)
        if refusal is None:
            self._held.update(dict.fromkeys(claim.keys, dealt.episode))
            if claim.free_text:
                self._texts.setdefault(claim.shape, []).append((dealt.episode, claim.free_text))
        return refusal

    def _first(self, dealt: Dealt, claim: Claim) -> tuple[Reason, str] | None:
        if holder := next((self._held[key] for key in claim.keys if key in self._held), None):
            return Reason.DUPLICATE, f"{holder} of the same batch asks the same"
        positions = self._passed.keys()
        for episode, number, position, outcome in self.history.claimants(claim.keys):
            same_batch = number == dealt.round and position in positions
            if same_batch and position < dealt.position:
                return Reason.DUPLICATE, f"{episode} of the same batch asks the same"
            if not same_batch and outcome == "accepted":
                return Reason.DUPLICATE, f"{episode} was accepted with the same parameters or solution"
        return None

    def _meant(self, claim: Claim, dealt: Dealt) -> tuple[Reason, str] | None:
        if not claim.free_text or not self.remembers:
            return None
        found = self.index.nearest_free_text(claim.free_text, shape=claim.shape)
        if found and found.similarity >= self.near:
            return Reason.NEAR_DUPLICATE, f"{found.sample} says {found.text!r}, similarity {found.similarity:.2f}"
        given = [(dealt.strategy, text) for text in dealt.brief.get("given", ())] if dealt.strategy else []
        if here := [*given, *self._texts.get(claim.shape, ())]:
            vectors = self.index.embedder.embed([claim.free_text, *(text for _, text in here)])
            likeness = vectors[1:] @ vectors[0]
            best = int(numpy.argmax(likeness))
            if likeness[best] >= self.near:
                episode, text = here[best]
                return Reason.NEAR_DUPLICATE, f"{episode} says {text!r}, similarity {likeness[best]:.2f}"
        return None
