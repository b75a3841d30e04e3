"""Meta-selection: which of the methods pay, by what exams gained from their samples."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from noria.config.methods.method import Family, Hook, Leaf, Method

if TYPE_CHECKING:
    from noria.config.session import SessionConfig


class Bandit(Method):
    """How the strategies' shares of the next deal follow from what their samples were worth."""

    leaf: ClassVar[Leaf] = Leaf.DYNAMIC_EVALUATION_FEEDBACK
    hook: ClassVar[Hook] = "meta"
    module: ClassVar[str] = "noria.graphs.meta.bandit"
    paper: ClassVar[str] = "Thompson sampling with linear payoffs (Agrawal & Goyal, arXiv 1209.3352)"

    floor: float = Field(default=0.1, ge=0, lt=1)
    """Share of the deal that every arm keeps; an arm that is never dealt can never be found better."""
    draws: int = Field(default=4, ge=1, le=1000)
    """Draws among which the rest of the deal is divided: fewer let the shares of rounds differ more."""
    prior: float = Field(default=0.2, gt=0)
    """Standard deviation of an arm's gain before anything is known, as a share of exam items."""
    noise: float = Field(default=0.03, ge=0)
    """Standard deviation of a training's gain that no exam shows: another order of rows, another seed."""

    def contradicts(self, config: "SessionConfig") -> str:
        """It needs arms, and each of them its floor."""
        arms = 1 + len(config.methods.on("deal"))
        if arms == 1:
            return "there is nothing to choose among; turn on a method that deals, or leave this one out"
        if arms * self.floor > 1:
            return f"a floor of {self.floor} for each of {arms} arms is more than all; set `floor` to 1/{arms} or less"
        return ""


class Meta(Family):
    """Meta-selection: which of the methods pay, by what exams gained from their samples."""

    bandit: Bandit | None = None
    """Deals more to the strategies whose samples gained most in exams for their tokens."""
