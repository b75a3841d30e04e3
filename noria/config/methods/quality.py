"""Quality enhancement: rewriting, paraphrases, mistakes as seeds, toxicity.

accepted candidate ─► rewrite ─► cleanse ─► paraphrase ─► screen          failures in play ─► mistakes ─► deal
accepted samples   ─► toxicity (score, bound) ─► what is learned
"""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from noria.config.methods.method import Family, Hook, Leaf, Method, Rooting

if TYPE_CHECKING:
    from noria.config.session import SessionConfig

DETOXIFY = "unitary/toxic-bert"
"""A classifier of the kind that `scorer: detoxify` reads, with its weights as safetensors."""


class Rewrite(Method):
    """An accepted candidate is revised by the critic's advice, instruction and response, with its meaning kept."""

    leaf: ClassVar[Leaf] = Leaf.SEMANTIC_REWRITING
    hook: ClassVar[Hook] = "enhance"
    module: ClassVar[str] = "noria.graphs.enhancing.rewriting"
    paper: ClassVar[str] = "CoachLM (arXiv 2311.13246), Self-Refine (arXiv 2303.17651)"

    share: float = Field(default=0.5, gt=0, le=1)
    """Share of the accepted candidates that are revised, drawn by the episode's own stream."""
    advice: Literal["fresh", "last"] = "fresh"
    """Whose advice is followed: the critic's, asked for anew of instruction and response, or its last review's."""
    parts: tuple[Literal["instruction", "response"], ...] = Field(default=("instruction", "response"), min_length=1)
    """What is revised."""
    meaning: float = Field(default=0.85, gt=0, le=1)
    """Cosine similarity that a new wording keeps to the old, where no program can tell what it says."""
    preferred: bool = False
    """Whether the judge must prefer a revised response to the old one, in both orders."""


class Cleanse(Method):
    """A candidate that scores as toxic is worded and answered again in clean words; what stays toxic is refused."""

    leaf: ClassVar[Leaf] = Leaf.TOXICITY_CONTROL
    hook: ClassVar[Hook] = "enhance"
    module: ClassVar[str] = "noria.graphs.enhancing.cleansing"
    paper: ClassVar[str] = "Noria's own, after ToxiCraft (arXiv 2409.14740)"

    def contradicts(self, config: "SessionConfig") -> str:
        """It needs the scorer and the bound of `toxicity`."""
        if config.methods.toxicity is None:
            return "it words again what `toxicity` scores, which is off; set `methods.toxicity: on` too"
        return ""


class Paraphrase(Method):
    """An accepted instruction is learned in further wordings that mean the same, each with the same response."""

    leaf: ClassVar[Leaf] = Leaf.SEMANTIC_REWRITING
    hook: ClassVar[Hook] = "enhance"
    module: ClassVar[str] = "noria.graphs.enhancing.paraphrasing"
    paper: ClassVar[str] = "AugGPT (arXiv 2302.13007)"

    variants: int = Field(default=2, ge=1, le=8)
    """Variants of an accepted instruction, at most."""
    by: tuple[Literal["generator", "program"], ...] = Field(default=("generator", "program"), min_length=1)
    """Who words them: the generator is asked for all of them at once, the program makes up what lacks."""
    meaning: float = Field(default=0.85, gt=0, le=1)
    """Cosine similarity that a variant keeps, where no program can tell what it says."""


class Mistakes(Method):
    """What the student failed at in play becomes a seed: another task of the same kind is asked for."""

    leaf: ClassVar[Leaf] = Leaf.SEMANTIC_REWRITING
    hook: ClassVar[Hook] = "deal"
    module: ClassVar[str] = "noria.graphs.strategies.mistakes"
    paper: ClassVar[str] = "LLM2LLM (arXiv 2403.15042)"

    share: float = Field(default=0.25, gt=0, le=1)
    """Share of the hands that are dealt around a mistake."""
    rounds: int = Field(default=2, ge=1)
    """Last rounds whose mistakes are taken up."""
    depth: int = Field(default=1, ge=1, le=4)
    """Mistakes in a row that a task may grow from: with 1, only from failures at tasks that were no mistake's."""


class Toxicity(Method):
    """Accepted samples are scored for toxicity, and left out from a bound on; planted cases test the filter."""

    leaf: ClassVar[Leaf] = Leaf.TOXICITY_CONTROL
    hook: ClassVar[Hook] = "select"
    module: ClassVar[str] = "noria.training.selecting.toxicity"
    paper: ClassVar[str] = "ToxiGen (arXiv 2203.09509), ToxiCraft (arXiv 2409.14740)"

    scorer: Literal["lexicon", "detoxify", "policy"] = "lexicon"
    """Who scores: a word list that sees through disguise, a classifier of the detoxify kind, or the judge's policy."""
    bound: float = Field(default=0.5, gt=0, le=1)
    """Score, from 0 to 1, from which a text is toxic."""
    weights: Path | None = None
    """The folder of the classifier for `scorer: detoxify`: `config.json`, tokenizer and safetensors."""
    cases: int = Field(default=120, ge=0, le=2000)
    """Planted cases, with as many benign twins, that the filter is tried on each round."""
    written: int = Field(default=0, ge=0, le=64)
    """Subtle cases a round that the adversary is asked to write, to be scored and never learned."""

    def rooted(self, at: Rooting) -> "Toxicity":
        """The weights, from the config's folder."""
        return self.model_copy(update={"weights": at(self.weights)}) if self.weights else self

    def contradicts(self, config: "SessionConfig") -> str:
        """Weights belong to the classifier."""
        if self.scorer == "detoxify" and self.weights is None:
            return (
                "`scorer: detoxify` needs `weights`, the folder of a classifier; "
                f"`hf download {DETOXIFY} --local-dir toxic-bert` brings one"
            )
        if self.scorer != "detoxify" and self.weights is not None:
            return f"`weights` is for `scorer: detoxify`, and the scorer is {self.scorer!r}; leave one of them out"
        return ""

    def lacks(self) -> tuple[str, str]:
        """The packages or the weights of a classifier."""
        if self.scorer != "detoxify" or self.weights is None:
            return "", ""
        if absent := self.absent("torch", "transformers"):
            return f"{', '.join(absent)}, which is not installed", "`pip install 'noria[train]'` brings it"
        if not (self.weights / "config.json").is_file() or not [*self.weights.glob("*.safetensors")]:
            return (
                f"a classifier with `config.json` and safetensors in {str(self.weights)!r}, where there is none",
                f"`hf download {DETOXIFY} --local-dir {self.weights}` brings one",
            )
        return "", ""


class Quality(Family):
    """Quality enhancement: rewriting, paraphrases, mistakes as seeds, toxicity."""

    rewrite: Rewrite | None = None
    """An accepted candidate is revised by the critic's advice, instruction and response; what fails a check is not."""
    cleanse: Cleanse | None = None
    """What `toxicity` would leave out is worded and answered again in clean words before it is accepted."""
    paraphrase: Paraphrase | None = None
    """An accepted instruction is learned in further wordings that mean the same."""
    mistakes: Mistakes | None = None
    """What the student failed at in play becomes the seed of another task of the same kind."""
    toxicity: Toxicity | None = None
    """Samples are scored for toxicity and left out from a bound on; subtle cases test the filter each round."""
