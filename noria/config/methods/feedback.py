"""What evaluation feeds back: the adviser, growing exams, routing to people or to a stronger policy.

play ─► active (uncertain candidates ─► a person, or a stronger policy)
exam ─► skill_plan, growing_exam, reframings ─┐
accepted, refused, exam ─► adviser ───────────┴─► the next deal, the next exam
"""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from noria.config.methods.method import Family, Hook, Leaf, Method

if TYPE_CHECKING:
    from noria.config.session import SessionConfig

PERSON = "person"
"""Who rules on routed candidates where no endpoint is named."""


class Active(Method):
    """Uncertain accepted candidates wait for a ruling; a budget bounds how many."""

    leaf: ClassVar[Leaf] = Leaf.LABELLING_EFFICIENCY
    hook: ClassVar[Hook] = "route"
    module: ClassVar[str] = "noria.graphs.routing.active"
    paper: ClassVar[str] = "LLMaAA (arXiv 2310.19596); CoAnnotating (arXiv 2310.15638)"

    to: str = PERSON
    """Who rules: `person` (see `noria review`), or the name of an endpoint whose policy is stronger."""
    bound: float = Field(default=0.35, ge=0, le=1)
    """Uncertainty, from 0 to 1, under which nothing is routed."""
    share: float = Field(default=0.2, gt=0, le=1)
    """The most uncertain part of what was accepted so far that may be routed; the bound rises to its quantile."""
    budget: int = Field(default=20, ge=1)
    """Candidates routed a round."""
    wait: bool = False
    """Whether the next batch waits until a person has ruled; else the samples stay unlearned until then."""
    calibration: int = Field(default=24, ge=2)
    """Planted right and wrong answers that a stronger policy rules on each round before its rulings count."""

    def contradicts(self, config: "SessionConfig") -> str:
        """Who rules must be there."""
        if self.to != PERSON and self.to not in config.endpoints:
            known = ", ".join(config.endpoints) or "none"
            return f"to names {self.to!r}, which is neither `person` nor an endpoint ({known})"
        if self.to != PERSON and self.wait:
            return f"wait is for a person's rulings, and {self.to!r} rules at once; leave one of the two out"
        return ""


class Adviser(Method):
    """A policy reads what was accepted and refused, and says what is missing."""

    leaf: ClassVar[Leaf] = Leaf.AGENT_STRATEGY
    hook: ClassVar[Hook] = "lean"
    module: ClassVar[str] = "noria.graphs.leaning.adviser"
    paper: ClassVar[str] = "Data Advisor (arXiv 2410.05269)"

    policy: str = "critic"
    """Who advises: whoever holds the critic's seat, or the name of an endpoint."""
    factor: float = Field(default=2.0, gt=1, le=10)
    """How much heavier a domain and a level are dealt that it names."""
    areas: int = Field(default=3, ge=1, le=8)
    """Areas (domain, skill, level) that it may name."""

    def contradicts(self, config: "SessionConfig") -> str:
        """Who advises must be there."""
        if self.policy == "critic" or self.policy in config.endpoints:
            return ""
        known = ", ".join(config.endpoints) or "none"
        return f"policy names {self.policy!r}, which is neither `critic` nor an endpoint ({known})"


class GrowingExam(Method):
    """Levels are opened once the one below is mastered, and retired once they are always solved."""

    leaf: ClassVar[Leaf] = Leaf.DYNAMIC_EVALUATION_FEEDBACK
    hook: ClassVar[Hook] = "lean"
    module: ClassVar[str] = "noria.graphs.leaning.growing"
    paper: ClassVar[str] = "Benchmark Self-Evolving (arXiv 2402.11443)"

    promote: float = Field(default=0.7, gt=0, le=1)
    """Share right at the highest open level from which the next one is opened."""
    retire: float = Field(default=0.95, gt=0, le=1)
    """Share right from which a level counts as always solved."""
    times: int = Field(default=2, ge=1)
    """Rounds in a row that a level must be always solved before it is retired from the deal."""
    least: int = Field(default=4, ge=1)
    """Answers at a level that a share is taken of; with fewer nothing is decided."""
    kept: float = Field(default=0.2, ge=0, lt=1)
    """Part of a domain's exam that still asks retired levels, so that what was learned stays examined."""

    def contradicts(self, config: "SessionConfig") -> str:
        """A level cannot be retired before it is good enough to open the next."""
        if self.retire < self.promote:
            return (
                f"retire ({self.retire}) is under promote ({self.promote}); a level is retired after it opened the next"
            )
        return ""


class Reframings(Method):
    """What was missed in an exam is asked again in later ones, in other words and with neighbouring parameters."""

    leaf: ClassVar[Leaf] = Leaf.DYNAMIC_EVALUATION_FEEDBACK
    hook: ClassVar[Hook] = "examine"
    module: ClassVar[str] = "noria.graphs.reframing"
    paper: ClassVar[str] = "Benchmark Self-Evolving (arXiv 2402.11443)"

    share: float = Field(default=0.25, gt=0, le=1)
    """Reframed items of each domain, as a share of its fresh ones; they are reported, and promote nobody."""


class SkillPlan(Method):
    """The plan follows what exams found of each skill, with the doubt that few items leave."""

    leaf: ClassVar[Leaf] = Leaf.DYNAMIC_EVALUATION_FEEDBACK
    hook: ClassVar[Hook] = "lean"
    module: ClassVar[str] = "noria.graphs.leaning.skills"
    paper: ClassVar[str] = "Noria's own, with Wilson's interval (1927)"

    exams: int = Field(default=2, ge=1)
    """The last exams that results are pooled over."""
    floor: float = Field(default=0.15, gt=0, le=1)
    """Least weight of a skill: what is mastered is still dealt now and then."""


class Feedback(Family):
    """What evaluation feeds back: the adviser, growing exams, routing to people or to a stronger policy."""

    active: Active | None = None
    """Candidates that passed and are uncertain wait for a person (`noria review`) or a stronger policy."""
    adviser: Adviser | None = None
    """A policy reads what was accepted and refused, names what is missing, and the next plan leans there."""
    growing_exam: GrowingExam | None = None
    """Levels are dealt and examined once the one below is mastered, and retired once they are always solved."""
    reframings: Reframings | None = None
    """Missed exam items are asked again later in other words with neighbouring parameters."""
    skill_plan: SkillPlan | None = None
    """Skills are dealt by the lower bound of what exams found of them, not by a switch."""
