"""Self-iterative optimisation and the trained judge: what is learned from pairs."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from noria.config.methods.method import Family, Hook, Leaf, Method

if TYPE_CHECKING:
    from noria.config.session import SessionConfig


class Preferring(Method):
    """What both trainings by preference are given."""

    leaf: ClassVar[Leaf] = Leaf.SELF_ITERATIVE_OPTIMISATION
    hook: ClassVar[Hook] = "train"

    beta: float = Field(default=0.1, gt=0)
    """How dear it is to leave the reference: more stays nearer to it."""
    sft: float = Field(default=1.0, ge=0)
    """Weight of the better answer's own likelihood, per token, beside the preference; 0 is none."""
    learning_rate: float = Field(default=5e-5, gt=0)
    epochs: int = Field(default=1, ge=1)
    pairs: int = Field(default=64, ge=1)
    """Pairs at most."""
    least: int = Field(default=4, ge=1)
    """With fewer pairs it is left out."""
    replay: float = Field(default=0.5, ge=0)
    """Pairs of earlier rounds, as a multiple of this round's."""
    max_tokens: int = Field(default=20_000, ge=256)
    """Tokens it may read, both sides of each pair, prompts and epochs included."""

    def contradicts(self, config: "SessionConfig") -> str:
        """There must be a student of the session's own, and no fewer pairs allowed than are needed."""
        if not config.needs_local():
            return "no seat is held by a student of the session's own, so there is nobody to train"
        if self.least > self.pairs:
            return f"`least: {self.least}` is more than `pairs: {self.pairs}`, so it would never train"
        return ""


class Dpo(Preferring):
    """After its fine-tuning the student learns to prefer verified answers to refuted ones of the same task."""

    module: ClassVar[str] = "noria.training.dpo"
    paper: ClassVar[str] = (
        "Direct Preference Optimization, Rafailov et al., arXiv 2305.18290; "
        "Iterative Reasoning Preference Optimization, Pang et al., arXiv 2404.19733"
    )

    loss: Literal["sigmoid", "sigmoid_norm", "ipo", "hinge", "robust"] = "sigmoid"
    """DPO's own, or the same per token (`sigmoid_norm`), IPO (also per token), SLiC's hinge, or robust DPO."""
    of_task: int = Field(default=2, ge=1)
    """Pairs of one task at most."""


class Spin(Preferring):
    """After its fine-tuning the student learns to prefer verified answers to its predecessor's own failed ones."""

    module: ClassVar[str] = "noria.training.spin"
    paper: ClassVar[str] = "Self-Play Fine-Tuning (SPIN), Chen et al., arXiv 2401.01335"

    sft: float = Field(default=0.0, ge=0)
    """Weight of the better answer's own likelihood, per token, beside the preference; 0 is none."""


class TrainedJudge(Method):
    """A judge is trained on answers whose truth is known, and sits only if it passes the judge's exam."""

    leaf: ClassVar[Leaf] = Leaf.LLM_AS_A_JUDGE
    hook: ClassVar[Hook] = "judge"
    module: ClassVar[str] = "noria.graphs.judging"
    paper: ClassVar[str] = "Self-Taught Evaluators, Wang et al., arXiv 2408.02666"

    rows: int = Field(default=96, ge=4)
    """Rulings and preferences that it learns from, at most."""
    least: int = Field(default=16, ge=4)
    """With fewer rows none is trained."""
    epochs: int = Field(default=2, ge=1)
    prefers: float = Field(default=0.25, ge=0, le=1)
    """Share of the rows that ask which of two answers is better, each pair in both orders."""

    def contradicts(self, config: "SessionConfig") -> str:
        """The judge's seat must be one that the session may give away, and its exam must be held."""
        if (seat := config.seat("judge")) not in ("student", "base"):
            return f"`seats.judge` is the endpoint {seat!r}; set it to `base` or `student`, so that a judge can take it"
        if not config.roles.items:
            return "`roles.items: 0` holds no exam, and without one no judge may sit"
        if self.least > self.rows:
            return f"`least: {self.least}` is more than `rows: {self.rows}`, so none would ever be trained"
        return "" if config.stop.rounds > 1 else "with `stop.rounds: 1` there is no round that a new judge could sit in"


class Preference(Family):
    """Self-iterative optimisation and the trained judge: what is learned from pairs."""

    dpo: Dpo | None = None
    """The student prefers verified answers to refuted ones of the same task."""
    spin: Spin | None = None
    """The student prefers verified answers to its predecessor's own."""
    trained_judge: TrainedJudge | None = None
    """A judge is trained on answers of known truth, and must pass the judge's exam to sit."""
