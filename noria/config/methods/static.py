"""Static filtering and the spread of what is kept: methods that look at the samples alone."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from noria.config.methods.method import Family, Hook, Leaf, Method

if TYPE_CHECKING:
    from noria.config.session import SessionConfig


class Form(Method):
    """What an accepted chat must look like to be learned."""

    leaf: ClassVar[Leaf] = Leaf.STATIC_FILTERING
    hook: ClassVar[Hook] = "select"
    module: ClassVar[str] = "noria.training.selecting.form"
    paper: ClassVar[str] = "Quality rules of Gopher (Rae et al., arXiv 2112.11446), fitted to chats"

    instruction: tuple[int, int] = (8, 4000)
    """Characters of an instruction, least and most."""
    response: tuple[int, int] = (1, 8000)
    """Characters of a response, least and most."""
    words: int = Field(default=1200, ge=1)
    """Words of a response at most."""
    repeated: float = Field(default=0.5, gt=0, le=1)
    """Share of a text's runs of three words that stood in it before, from which it repeats itself."""
    echoed: float = Field(default=0.9, gt=0, le=1)
    """Share of the instruction's runs of five words that stand in the response, from which it is a copy."""
    openings: bool = True
    """Whether a response that begins as a refusal or as a model's boilerplate is left out."""
    cut: bool = True
    """Whether a response that ends in the middle (an open bracket or fence, a comma) is left out."""

    @model_validator(mode="after")
    def _bounds(self) -> "Form":
        for name in ("instruction", "response"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise ValueError(f"{name} must be two counts of characters, least then most, not {(low, high)}")
        return self


class NearDuplicates(Method):
    """How much alike two samples may be."""

    leaf: ClassVar[Leaf] = Leaf.STATIC_FILTERING
    hook: ClassVar[Hook] = "select"
    module: ClassVar[str] = "noria.training.selecting.near_duplicates"
    paper: ClassVar[str] = "Deduplicating training data (Lee et al., arXiv 2107.06499)"
    needs: ClassVar[tuple[str, ...]] = ("datasketch",)
    extra: ClassVar[str] = "select"

    threshold: float = Field(default=0.8, gt=0, le=1)
    """Jaccard similarity of the runs of words of two samples, from which the later is left out."""
    run: int = Field(default=3, ge=1, le=9)
    """Words in a run."""
    permutations: int = Field(default=64, ge=16, le=256)
    """Length of a MinHash signature: more miss fewer pairs and cost more."""
    earlier: int = Field(default=20_000, ge=0)
    """Samples selected in earlier rounds that are compared with as well, the latest first."""


class Tags(Method):
    """Which samples cover most kinds of tasks."""

    leaf: ClassVar[Leaf] = Leaf.STATIC_FILTERING
    hook: ClassVar[Hook] = "select"
    module: ClassVar[str] = "noria.training.selecting.tags"
    paper: ClassVar[str] = "#InsTag (Lu et al., arXiv 2308.07074)"

    by: Literal["program", "policy"] = "program"
    """Who names the tags: a program (domain, skill, level, words of a lexicon), or the policy in the critic's seat."""
    keep: float = Field(default=0.7, gt=0, le=1)
    """Share of the samples that is kept."""
    asked: int = Field(default=512, ge=1)
    """Samples that a policy is asked about at most; the others have the program's tags."""


class LabelNoise(Method):
    """How far a sample's answer may be contradicted by what else is known of its task."""

    leaf: ClassVar[Leaf] = Leaf.DISTRIBUTION_STABILISATION
    hook: ClassVar[Hook] = "select"
    module: ClassVar[str] = "noria.training.selecting.label_noise"
    paper: ClassVar[str] = "After RobustFT (Luo et al., arXiv 2412.14922)"

    bound: float = Field(default=0.6, gt=0, le=1)
    """Share of the other attempts that disagree with the accepted answer, above which it is left out."""
    counted: Literal["agreeing", "any"] = "agreeing"
    """Which disagreement counts: attempts that agree with each other on one other answer, or any other answer."""
    attempts: int = Field(default=3, ge=1)
    """Fewer attempts than this say nothing."""
    split: float = Field(default=0.5, gt=0, le=1)
    """Share of verdicts against a judged sample, from which it is left out."""


class KCentre(Method):
    """How many samples stand for all."""

    leaf: ClassVar[Leaf] = Leaf.DYNAMIC_SELECTION
    hook: ClassVar[Hook] = "select"
    module: ClassVar[str] = "noria.training.selecting.k_centre"
    paper: ClassVar[str] = "Core-set selection by greedy k-centre (Sener & Savarese, arXiv 1708.00489)"

    keep: float = Field(default=0.7, gt=0)
    """Samples that are kept: a share up to 1, a count above."""
    exact: int = Field(default=512, ge=1)
    """Centres found with every distance known; beyond them a centre counts only in the cell it lies in."""
    earlier: int = Field(default=256, ge=0)
    """Samples selected in earlier rounds that stand as centres already, the latest first."""

    @model_validator(mode="after")
    def _count(self) -> "KCentre":
        if self.keep > 1 and self.keep != int(self.keep):
            raise ValueError(f"keep must be a share up to 1 or a whole count, not {self.keep}")
        return self


class Quotas(Method):
    """How much of what is learned one cluster or one domain may hold."""

    leaf: ClassVar[Leaf] = Leaf.DISTRIBUTION_STABILISATION
    hook: ClassVar[Hook] = "select"
    module: ClassVar[str] = "noria.training.selecting.quotas"
    paper: ClassVar[str] = "After the flat mixtures of k-means clusters (Vo et al., arXiv 2405.15613)"
    needs: ClassVar[tuple[str, ...]] = ("sklearn",)
    extra: ClassVar[str] = "select"

    clusters: int = Field(default=0, ge=0, le=1000)
    """Clusters; 0 takes the root of half the samples, 64 at most."""
    cluster: float = Field(default=0.2, gt=0, le=1)
    """Share of what is kept that one cluster may hold; one and a half times its even part in any case."""
    domain: float = Field(default=0.6, gt=0, le=1)
    """Share of what is kept that one domain may hold; one and a half times its even part in any case."""
    least: float = Field(default=0.6, gt=0, le=1)
    """Share of the samples that each of the two quotas keeps at least, though the share be not met then."""
    excess: Literal["nearest", "farthest", "draw"] = "nearest"
    """Who leaves first: what lies nearest to the centre (the rare stays), farthest from it, or who is drawn."""


class RealMix(Method):
    """What part of a training the user's own rows are."""

    leaf: ClassVar[Leaf] = Leaf.DISTRIBUTION_STABILISATION
    hook: ClassVar[Hook] = "curate"
    module: ClassVar[str] = "noria.training.mixing"
    paper: ClassVar[str] = "Model collapse and accumulation (Gerstgrasser et al., arXiv 2404.01413)"

    floor: float = Field(default=0.1, ge=0, lt=1)
    """Share of a training's rows that are real, at least."""
    ceiling: float = Field(default=0.5, gt=0, le=1)
    """Share of a training's rows that are real, at most."""
    repeats: int = Field(default=4, ge=1, le=16)
    """How often one real row may stand in a training, where there are too few (Muennighoff et al., 2305.16264)."""

    @model_validator(mode="after")
    def _order(self) -> "RealMix":
        if self.floor > self.ceiling:
            raise ValueError(f"floor ({self.floor}) lies above ceiling ({self.ceiling})")
        return self

    def contradicts(self, config: "SessionConfig") -> str:
        """Without rows of the user there is nothing real to mix in."""
        if config.seeds.rows is None:
            return "there are no rows of your own to mix in; name a file of them as `seeds.rows`"
        return ""


class ThinRegions(Method):
    """When a kind of task counts as thin, and how hard the plan leans on it."""

    leaf: ClassVar[Leaf] = Leaf.DISTRIBUTION_STABILISATION
    hook: ClassVar[Hook] = "lean"
    module: ClassVar[str] = "noria.graphs.leaning.thin_regions"
    paper: ClassVar[str] = "Noria's own; in the spirit of self-supervised curation (Vo et al., arXiv 2405.15613)"
    needs: ClassVar[tuple[str, ...]] = ("sklearn",)
    extra: ClassVar[str] = "select"

    thin: float = Field(default=0.5, gt=0, le=1)
    """Share of its even part below which a skill, a level or a cluster is thin."""
    most: float = Field(default=3.0, ge=1)
    """Factor on the weight of a thin level or domain at most."""
    looked: int = Field(default=5000, ge=1)
    """Accepted samples that are looked at, the latest first."""
    clusters: int = Field(default=8, ge=0, le=256)
    """Clusters of what is asked; 0 looks at skills and levels alone."""


class Static(Family):
    """Static filtering and the spread of what is kept: methods that look at the samples alone."""

    form: Form | None = None
    """Leaves out what is too short or long, repeats itself, refuses, copies its instruction or was cut."""
    near_duplicates: NearDuplicates | None = None
    """Leaves out what is worded nearly as a sample before it (MinHash over runs of words)."""
    tags: Tags | None = None
    """Keeps the samples with most tags that bring tags the others do not have."""
    label_noise: LabelNoise | None = None
    """Leaves out answers that other attempts, the same instruction elsewhere or split verdicts speak against."""
    k_centre: KCentre | None = None
    """Keeps the samples that stand for all others: none is far from a kept one."""
    quotas: Quotas | None = None
    """Leaves out the excess of a cluster or a domain that holds more than its share."""
    real_mix: RealMix | None = None
    """Holds the share of the user's own rows in a training between a floor and a ceiling."""
    thin_regions: ThinRegions | None = None
    """Leans the next plan on skills, levels and clusters of which little was accepted."""
