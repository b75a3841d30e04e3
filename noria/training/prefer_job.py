"""A job of training by preference as the session writes it and the subprocess reads it; imports no torch."""

from pathlib import Path

from noria.identity import canonical_json, digest, file_digest
from noria.types import Noun


class PreferJob(Noun):
    """One training of an adapter on pairs."""

    method: str
    """`dpo` or `spin`."""
    base: str
    """Folder of the base's weights."""
    base_id: str
    adapter: str
    """Folder of the adapter that is trained on."""
    adapter_id: str
    reference: str
    """Folder of the reference's adapter, or `base`'s where the reference is the base itself."""
    reference_id: str
    pairs: str
    """JSON lines of pairs."""
    out: str
    """Where the new adapter goes; made by one rename."""
    loss: str
    """TRL's name of the preference's loss."""
    beta: float
    sft: float
    """Weight of the chosen answer's likelihood per token."""
    learning_rate: float
    epochs: int
    batch: int
    max_tokens: int
    max_row_tokens: int
    seed: int
    threads: int
    bf16: bool = False

    def identity(self) -> str:
        """What the job is, whatever machine it runs on: the weights it begins with, its recipe and its pairs."""
        places = {"base", "adapter", "reference", "pairs", "out", "threads", "bf16"}
        return digest(canonical_json(["prefer", self.model_dump(exclude=places), file_digest(Path(self.pairs))]))
