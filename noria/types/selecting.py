"""What the methods did: what was chosen to be learned, what leaned on a plan, and what the bandit believes."""

from typing import Literal

from pydantic import Field

from noria.types.words import Json, Noun


class Selection(Noun):
    """What one method of selection did to the rows of a round."""

    round: int
    position: int
    """Its place among the round's selections."""
    method: str
    before: int
    """Samples that came to it."""
    kept: int
    why: dict[str, int] = Field(default_factory=dict)
    """How many it left out, by reason in a few words."""
    seconds: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    skipped: str = ""
    """Why it was not applied at all; empty where it was."""
    facts: Json = Field(default_factory=dict)
    """What else a person may want to know of it: thresholds met, clusters found, …"""


class Lean(Noun):
    """How a method leans on the next plan."""

    method: str
    domains: dict[str, float] = Field(default_factory=dict)
    """Factor on a domain's weight."""
    levels: dict[str, float] = Field(default_factory=dict)
    """Factor on the weight of a level, by `domain/level`; 0 takes it out of the deal."""
    skills: tuple[str, ...] = ()
    """Skills (`domain/skill`) to deal more often, like the weak ones."""
    weights: dict[str, float] = Field(default_factory=dict)
    """Weights of a domain's skills (`domain/skill`); windows are drawn by them where they are given."""
    windows: dict[str, tuple[Json, ...]] = Field(default_factory=dict)
    """Windows to deal again, by `domain/level`."""
    notes: tuple[str, ...] = ()
    """What the generator is told, for one round."""
    why: str = ""
    facts: Json = Field(default_factory=dict)
    """What the method goes on from in a later round."""


class Belief(Noun):
    """What the bandit believes of one arm after a round's exam, and what it saw of it there."""

    round: int
    arm: str
    """A strategy; empty for the plain window."""
    dealt: int
    """Hands of the round that it dealt."""
    accepted: int
    """Episodes of these that were accepted."""
    tokens: int
    """Prompt and completion tokens of these episodes, refused ones too."""
    rows: int
    """Samples of its own that the round's student was taught, of whatever round."""
    taught: float
    """Their share of all samples that the student was taught."""
    gain: float
    """The student's gain over its parent in the exam, as a share of items: the same for all arms of a round."""
    noise: float
    """Standard deviation of the gain, as far as the exam knows it."""
    mean: float
    """Gain believed of a student that is taught by this arm alone."""
    low: float
    high: float
    """95 % interval of it."""
    cost: float
    """Tokens of an accepted sample, over all rounds so far; 0 where none was accepted."""
    worth: float
    """The believed gain for a million tokens that the arm spends."""
    worth_low: float
    worth_high: float
    """95 % interval of it."""


class Review(Noun):
    """An accepted candidate that is uncertain, and what was ruled of it."""

    episode: str
    round: int
    batch: int
    sample: str
    """The sample for the solver's role."""
    to: str
    """Who is to rule: `person`, or an endpoint's name."""
    uncertainty: float
    """From 0 to 1."""
    why: dict[str, float]
    """What makes it uncertain: each sign and its part of the uncertainty."""
    ruling: Literal["", "approve", "refuse"] = ""
    """Empty while it is open."""
    by: str = ""
    """Who ruled: `person`, or the endpoint's name."""
    said: str = ""
    """The reason of a ruling, or why there is none yet."""
