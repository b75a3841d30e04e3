"""Distillation and compression: of models, of data, of prompts."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from noria.config.methods.method import Family, Hook, Leaf, Method

if TYPE_CHECKING:
    from noria.config.session import SessionConfig


class Distil(Method):
    """A stronger policy attempts the student's tasks too, and what passes is what the student learns."""

    leaf: ClassVar[Leaf] = Leaf.MODEL_DISTILLATION
    hook: ClassVar[Hook] = "attempt"
    module: ClassVar[str] = "noria.graphs.teaching"
    paper: ClassVar[str] = "Sequence-Level Knowledge Distillation, Kim and Rush, arXiv 1606.07947"

    teacher: str = "base"
    """Who teaches: an endpoint of the config, or `base`."""
    failed: bool = True
    """Whether it attempts what the solver failed at."""
    share: float = Field(default=0.0, ge=0, le=1)
    """Share of the tasks that it attempts whatever the solver did."""
    attempts: int = Field(default=2, ge=1, le=16)
    """Answers that it gives to one task."""
    temperature: float = Field(default=0.7, ge=0, le=2)

    def contradicts(self, config: "SessionConfig") -> str:
        """The teacher must be another than the student, must be there, and must be asked something."""
        if self.teacher == "student":
            return "the teacher is the student itself; name an endpoint, or `base`"
        if self.teacher not in ("base", *config.endpoints):
            names = ", ".join(("base", *config.endpoints))
            return f"there is no endpoint {self.teacher!r} to teach; name one of {names}"
        if self.teacher == config.seat("solver"):
            return f"the teacher {self.teacher!r} holds the solver's seat, so it would teach itself; name another"
        if self.teacher == "base" and not config.needs_local():
            return "the base is not served where no seat is local; name an endpoint"
        if not self.failed and not self.share:
            return "the teacher would never be asked; set `failed: true` or a `share`"
        if not self.share and config.play.solve_rate[0] > 0:
            return "`play.solve_rate` refuses every task that the solver failed at; let it begin at 0, or set a `share`"
        return ""


class DistilTokens(Method):
    """After its fine-tuning the student is drawn towards a teacher's next-token distributions."""

    leaf: ClassVar[Leaf] = Leaf.MODEL_DISTILLATION
    hook: ClassVar[Hook] = "train"
    module: ClassVar[str] = "noria.training.distilling"
    paper: ClassVar[str] = "On-Policy Distillation of Language Models (GKD), Agarwal et al., arXiv 2306.13649"

    teacher: str = "base"
    """`base`, or a local folder of a model with the student's vocabulary."""
    rows: Literal["kept", "all"] = "kept"
    """On which rows: those replayed and the anchors (`kept`), or all that were learned."""
    beta: float = Field(default=0.5, ge=0, le=1)
    """Which divergence: 0 the forward KL, 1 the reverse KL, between them the generalised Jensen-Shannon."""
    learning_rate: float = Field(default=1e-4, gt=0)
    epochs: int = Field(default=1, ge=1)
    max_tokens: int = Field(default=8_000, ge=256)
    """Tokens it may read, prompts and epochs included."""

    def contradicts(self, config: "SessionConfig") -> str:
        """There must be a student of the session's own, and the teacher must be a model on this disk."""
        if not config.needs_local():
            return "no seat is held by a student of the session's own, so there is nobody to distil into"
        if self.teacher == "student":
            return "the teacher is the student itself; name a model's folder, or `base`"
        if self.teacher in config.endpoints:
            return f"the endpoint {self.teacher!r} shows no logits; name a model's folder, or `base`"
        folder = Path(self.teacher).expanduser()
        if self.teacher != "base" and not (folder.is_absolute() and (folder / "config.json").is_file()):
            return f"there is no model folder {self.teacher!r}; name one by its whole path, or `base`"
        return ""


class SelfDistil(Method):
    """A target that a program or another policy wrote is said again in the student's own words."""

    leaf: ClassVar[Leaf] = Leaf.DATA_DISTILLATION
    hook: ClassVar[Hook] = "enhance"
    module: ClassVar[str] = "noria.graphs.restating"
    paper: ClassVar[str] = (
        "Self-Distillation Bridges Distribution Gap, Yang et al., arXiv 2402.13669; "
        "Self-Data Distillation, Thangarasa et al., arXiv 2410.09982"
    )

    share: float = Field(default=1.0, gt=0, le=1)
    """Share of such targets that are said again."""
    attempts: int = Field(default=1, ge=1, le=8)
    temperature: float = Field(default=0.0, ge=0, le=2)


class Coreset(Method):
    """Of a round's answers a small set is learned that stands for the whole."""

    leaf: ClassVar[Leaf] = Leaf.DATA_DISTILLATION
    hook: ClassVar[Hook] = "select"
    module: ClassVar[str] = "noria.training.selecting.coreset"
    paper: ClassVar[str] = "Super-Samples from Kernel Herding, Chen, Welling and Smola, arXiv 1203.3472"

    size: int = Field(default=64, ge=1)
    """Samples of a round that stay."""

    def contradicts(self, config: "SessionConfig") -> str:
        """A coreset is smaller than what it is drawn from, and must be enough to train on."""
        if self.size >= config.play.episodes:
            return f"a coreset of {self.size} is no smaller than the {config.play.episodes} episodes of a round"
        if self.size < config.train.min_rows:
            return f"a coreset of {self.size} is less than the {config.train.min_rows} rows that a training needs"
        return ""


class Quantise(Method):
    """A promoted student is examined once more as it would be after quantising, and what is lost is written down."""

    leaf: ClassVar[Leaf] = Leaf.JOINT_COMPRESSION
    hook: ClassVar[Hook] = "examine"
    module: ClassVar[str] = "noria.graphs.quantising"
    paper: ClassVar[str] = (
        "LLM.int8(), Dettmers et al., arXiv 2208.07339; the scheme is plain round-to-nearest in blocks of 32 (GGUF)"
    )

    scheme: Literal["int8", "int4"] = "int8"
    """GGUF's Q8_0 (8.5 bits a weight) or Q4_1 (5 bits)."""

    def contradicts(self, config: "SessionConfig") -> str:
        """There must be a student, and items that it was asked before."""
        if not config.needs_local():
            return "no seat is held by a student of the session's own, so there is nothing to quantise"
        return "" if config.exam.frozen else "`exam.frozen: 0` leaves no item to examine the quantised student on"


class PromptCompression(Method):
    """A shorter text of a template is dealt against the one in force, and stays if acceptance does not fall by it."""

    leaf: ClassVar[Leaf] = Leaf.JOINT_COMPRESSION
    hook: ClassVar[Hook] = "lean"
    module: ClassVar[str] = "noria.graphs.leaning.prompt_compression"
    paper: ClassVar[str] = "LLMLingua, Jiang et al., arXiv 2310.05736; LLMLingua-2, Pan et al., arXiv 2403.12968"

    template: Literal[
        "generator", "reword", "explain", "critic", "adversary", "judge", "prefer", "entails", "solver"
    ] = "generator"
    """Which template."""
    keep: float = Field(default=0.7, gt=0, lt=1)
    """Share of its own words, beside its fields, that stay."""
    margin: float = Field(default=0.15, gt=0, lt=1)
    """The loss of acceptance, as a share of episodes, that must be ruled out for the shorter text to stay."""
    episodes: int = Field(default=20, ge=1)
    """Ended episodes of each text before it is decided."""

    def contradicts(self, config: "SessionConfig") -> str:
        """There must be a round before the comparison, and one for it."""
        return "" if config.stop.rounds > 1 else "with `stop.rounds: 1` there is no round to compare the two texts in"


class Distillation(Family):
    """Distillation and compression: of models, of data, of prompts."""

    distil: Distil | None = None
    """A stronger policy of the pool answers what the student fails at; what passes is learned."""
    distil_tokens: DistilTokens | None = None
    """After its fine-tuning the student is drawn towards a local teacher, token by token."""
    self_distil: SelfDistil | None = None
    """Targets that another wrote are said again by the student, where the check still passes."""
    coreset: Coreset | None = None
    """A small set of a round's answers that stands for all of them is learned."""
    quantise: Quantise | None = None
    """A promoted student is examined once more with its weights quantised."""
    prompt_compression: PromptCompression | None = None
    """A shorter text of a template is dealt against the one in force."""
