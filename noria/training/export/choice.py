"""What of a session leaves it: which roles, and which of the accepted episodes."""

from typing import Literal

from pydantic import Field

from noria.types import Episode, Noun, Role, Ruling, Sample, Source, Warrant

Format = Literal["sft", "prompt-completion", "preference", "kto", "chatml"]
"""What a row is: a chat, a prompt with its completion, a pair, a labelled answer, a rendered text."""

FORMATS: tuple[Format, ...] = ("sft", "prompt-completion", "preference", "kto", "chatml")

Roles = Literal["solver", "generator", "all"]


class Choice(Noun):
    """Which accepted episodes are written; an empty field lets everything pass."""

    role: Roles = "solver"
    rounds: tuple[int, ...] = ()
    domains: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    sources: tuple[Source, ...] = ()
    policies: tuple[str, ...] = ()
    """Names of the policies that wrote the accepted response."""
    verdicts: tuple[Ruling, ...] = ()
    """What the judge ruled last."""
    min_solve_rate: float = Field(default=0.0, ge=0, le=1)
    max_solve_rate: float = Field(default=1.0, ge=0, le=1)
    warrant: Warrant | Literal["all"] = "verified"
    """What the samples rest on: a program that checked them, a judge's opinion alone, or either."""
    quarantined: bool = False
    """Whether samples that rest on a beaten verifier alone are written too, marked."""
    dedup: bool = False
    """Whether a row that says what an earlier one said, but for case, spaces and punctuation, is left out."""

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles whose samples are written."""
        return ("solver", "generator") if self.role == "all" else (self.role,)

    def takes(self, sample: Sample, episode: Episode, policy: str) -> bool:
        """Whether a sample passes every filter; `policy` is the name of who wrote it."""
        one = sample.provenance
        asked = (
            (self.rounds, one.round), (self.domains, one.domain), (self.levels, one.level),
            (self.sources, one.source), (self.policies, policy), (self.verdicts, ruling(episode)),
        )  # fmt: skip
        within = self.min_solve_rate <= one.solve_rate <= self.max_solve_rate
        return within and all(not wanted or found in wanted for wanted, found in asked)


def ruling(episode: Episode) -> str:
    """What the judge ruled last on an episode; empty where it was not asked."""
    return episode.verdicts[-1].ruling if episode.verdicts else ""
