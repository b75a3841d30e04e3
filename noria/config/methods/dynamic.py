"""Dynamic selection: methods that ask what the current policies make of a sample.

    the base ─────┐   how likely each finds the response, with and without its instruction
    the student ──┼─► perplexity · ifd · uncertainty · vote        the deal ─► solve_rate
    its forebears ┘   how its learning would move the weights ─► gradients

A share is kept by rank and ties go by id, so that a round that is played again keeps the
same; a sample that could not be measured is kept, and counted.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from noria.config.methods.method import Family, Hook, Leaf, Method

if TYPE_CHECKING:
    from noria.config.session import SessionConfig

Who = Literal["base", "student"]
"""Whose reading counts: the base's, or that of the student who plays now."""

By = Literal["server", "weights"]
"""Who reads: the policy's server, by the logprobs of a prompt; or a subprocess, by the policy's weights."""


class Selecting(Method):
    """A method of dynamic selection."""

    leaf: ClassVar[Leaf] = Leaf.DYNAMIC_SELECTION
    hook: ClassVar[Hook] = "select"


class Asking(Selecting):
    """A method that has a policy read samples."""

    by: By = "server"
    """Who reads. A server that gives no logprobs of a chat (a cloud endpoint; vLLM on a CPU with adapters) reads
    nothing, and the method is skipped with that reason; by the weights any local policy reads."""

    def contradicts(self, config: "SessionConfig") -> str:
        """A policy of the session's own must be there to read."""
        return "" if config.needs_local() else _REMOTE


_REMOTE = "it asks the session's own base or student, and no seat is held by one; give a seat to one, or leave it out"


class Perplexity(Asking):
    """Perplexity pruning."""

    module: ClassVar[str] = "noria.training.selecting.perplexity"
    paper: ClassVar[str] = "When Less is More: perplexity pruning (Marion et al., 2023), arXiv 2309.04564"

    policy: Who = "base"
    band: tuple[float, float] = (0.05, 0.95)
    """The quantiles of perplexity between which a response stays."""
    instruction: bool = False
    """Whether the instruction must lie in the band too, read as bare text."""

    @model_validator(mode="after")
    def _ordered(self) -> "Perplexity":
        _must_rise(self.band)
        return self


class Ifd(Asking):
    """Instruction-following difficulty."""

    module: ClassVar[str] = "noria.training.selecting.ifd"
    paper: ClassVar[str] = (
        "From Quantity to Quality: instruction-following difficulty (Li et al., 2023), arXiv 2308.12032"
    )

    policy: Who = "student"
    keep: float = Field(default=0.8, gt=0, le=1)
    """Share kept of the samples below the ceiling, the hardest first."""
    ceiling: float = Field(default=1.0, gt=0)
    """From this difficulty on the instruction does not help the policy at all, and the sample leaves."""


class Uncertainty(Asking):
    """Prompt uncertainty."""

    module: ClassVar[str] = "noria.training.selecting.uncertainty"
    paper: ClassVar[str] = "Active Instruction Tuning: prompt uncertainty (Kung et al., 2023), arXiv 2311.00288"

    policy: Who = "student"
    keep: float = Field(default=0.7, gt=0, le=1)
    """Share kept, the most uncertain first."""
    wordings: int = Field(default=3, ge=1, le=20)
    """Other wordings of each instruction that are read."""
    drop: float = Field(default=0.2, gt=0, lt=1)
    """Share of an instruction's words left out, where the domain has no other phrasing of the task."""


class SolveRate(Selecting):
    """A band of the solve rate."""

    module: ClassVar[str] = "noria.training.selecting.solve_rate"
    paper: ClassVar[str] = "learnability p(1-p), as sampled for self-play (Foster & Foerster, 2025), arXiv 2502.12272"

    band: tuple[float, float] = (0.05, 0.95)
    """The solve rates, both included, that stay: what is never or always solved teaches little."""
    least: float = Field(default=0.5, ge=0, le=1)
    """Share that stays whatever the band says, the nearest to it first: the never solved before the always solved."""
    target: float | None = Field(default=None, ge=0, le=1)
    """Where given, those nearest to this solve rate are kept; 0.5 is where 4p(1-p) is most."""
    keep: float = Field(default=0.5, gt=0, le=1)
    """Share of the band kept around the target; without a target the whole band is."""

    @model_validator(mode="after")
    def _ordered(self) -> "SolveRate":
        _must_rise(self.band)
        return self


class Vote(Selecting):
    """A vote of several policies, with their training dynamics."""

    leaf: ClassVar[Leaf] = Leaf.AGENT_STRATEGY
    module: ClassVar[str] = "noria.training.selecting.vote"
    paper: ClassVar[str] = (
        "CLUES: selection by training dynamics (Zhao et al., 2024), arXiv 2507.03004; "
        "Dataset Cartography (Swayamdipta et al., 2020), arXiv 2009.10795"
    )
    needs: ClassVar[tuple[str, ...]] = ("torch", "transformers", "peft")
    extra: ClassVar[str] = "train"

    policies: int = Field(default=4, ge=2, le=16)
    """Voters at most: the base and the youngest students that stand on disk."""
    band: tuple[float, float] = (0.1, 0.9)
    """A voter is for a sample whose loss lies between these quantiles of its own losses: neither known nor hopeless."""
    max_tokens: int = Field(default=40_000, ge=256)
    """Tokens that the voters may read together in a round; what is not read is kept."""

    @model_validator(mode="after")
    def _ordered(self) -> "Vote":
        _must_rise(self.band)
        return self

    def contradicts(self, config: "SessionConfig") -> str:
        """A lineage must be there to vote."""
        return "" if config.needs_local() else _REMOTE


class Gradients(Selecting):
    """Gradient similarity to a target."""

    module: ClassVar[str] = "noria.training.selecting.gradients"
    paper: ClassVar[str] = "LESS: influence by low-rank gradient similarity (Xia et al., 2024), arXiv 2402.04333"
    needs: ClassVar[tuple[str, ...]] = ("torch", "transformers", "peft")
    extra: ClassVar[str] = "train"

    keep: float = Field(default=0.7, gt=0, le=1)
    """Share kept of the scored samples, the most influential first."""
    targets: int = Field(default=16, ge=1, le=256)
    """Fresh tasks with a program's answer that the samples are held against: of the skills the last exam found weak."""
    dimensions: int = Field(default=8192, ge=64)
    """Numbers that a gradient is projected to."""
    max_tokens: int = Field(default=12_000, ge=256)
    """Tokens whose gradients are taken in a round, the target's included; samples beyond it are kept."""

    def contradicts(self, config: "SessionConfig") -> str:
        """A student must be there whose weights learn."""
        return "" if config.needs_local() else _REMOTE


def _must_rise(band: tuple[float, float]) -> None:
    if not 0 <= band[0] < band[1] <= 1:
        raise ValueError(f"`band` runs from a lower to a higher share between 0 and 1, and {list(band)} does not")


class Dynamic(Family):
    """Dynamic selection: methods that ask what the current policies make of a sample."""

    perplexity: Perplexity | None = None
    """Leaves out the responses that a policy finds most and least likely."""
    ifd: Ifd | None = None
    """Keeps the samples whose instruction helps a policy to the response, but not too much."""
    uncertainty: Uncertainty | None = None
    """Keeps the samples whose response becomes most unlike by another wording of the instruction."""
    solve_rate: SolveRate | None = None
    """Keeps the samples that the solver got right now and then."""
    vote: Vote | None = None
    """Has the base and earlier students vote on each sample, by how its loss moved along the lineage."""
    gradients: Gradients | None = None
    """Keeps the samples that would move the student's weights like right answers to what it is weak at."""
