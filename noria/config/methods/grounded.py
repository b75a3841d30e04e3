"""Knowledge-guided synthesis: tasks from the user's own documents."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from noria.config.methods.method import Family, Hook, Leaf, Method, Rooting

if TYPE_CHECKING:
    from noria.config.session import SessionConfig

DOMAIN = "grounded"
"""The domain that documents are the ground of."""


class Documents(Method):
    """Documents of the user, cut into passages that the domain `grounded` asks about."""

    leaf: ClassVar[Leaf] = Leaf.KNOWLEDGE_GUIDED
    hook: ClassVar[Hook] = "source"
    module: ClassVar[str] = "noria.graphs.documents"
    paper: ClassVar[str] = "Source2Synth (arXiv 2409.08239), SPICE (arXiv 2510.24684), Condor (arXiv 2501.12273)"
    extra: ClassVar[str] = "documents"

    paths: Annotated[tuple[Path, ...], Field(min_length=1)]
    """Files (`.txt`, `.md`, `.pdf`, `.jsonl`) and folders of such; relative ones are taken from the config's folder."""
    words: int = Field(default=70, ge=20, le=200)
    """Words of a passage at most."""
    overlap: int = Field(default=0, ge=0, le=100)
    """Words that a passage repeats of the one before it; none where only one of the two may be trained on."""
    field: str = "text"
    """The field of a JSONL line that holds its text; a list of chat messages is read as what they say."""
    unusable: Literal["refuse", "skip"] = "refuse"
    """What a file that cannot be used does: refuse the config, or be skipped and named."""
    megabytes: float = Field(default=20.0, gt=0)
    """Size of a file at most."""
    pages: int = Field(default=1000, ge=1)
    """Pages of a PDF at most."""
    seconds: float = Field(default=60.0, gt=0)
    """Time that the reading of one PDF may take."""
    passages: int = Field(default=5000, ge=1)
    """Passages in all at most."""
    closed_book: bool = False
    """Whether an accepted question also teaches its answer without the passage; such a row is marked `closed_book`."""

    def rooted(self, at: Rooting) -> "Documents":
        """The documents, from the config's folder."""
        return self.model_copy(update={"paths": tuple(at(path) for path in self.paths)})

    def contradicts(self, config: "SessionConfig") -> str:
        """Documents that no domain asks about are of no use."""
        if DOMAIN not in config.domains:
            return f"nothing asks about documents; name the domain, `domains: {{{DOMAIN}: [1, 2, 3]}}`"
        if self.overlap >= self.words:
            return f"an overlap of {self.overlap} words leaves nothing new in passages of {self.words}"
        return ""


class Grounded(Family):
    """Knowledge-guided synthesis: tasks from the user's own documents."""

    documents: Documents | None = None
    """Asks about the user's own documents: every answer is a span of a passage, checked by program."""
