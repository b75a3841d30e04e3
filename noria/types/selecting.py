"""What the methods did: what was chosen to be learned, and what leaned on a plan."""

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
    windows: dict[str, tuple[Json, ...]] = Field(default_factory=dict)
    """Windows to deal again, by `domain/level`."""
    notes: tuple[str, ...] = ()
    """What the generator is told."""
    why: str = ""
