"""A training job as the session writes it and the subprocess reads it; imports no torch."""

from pathlib import Path

from noria.identity import canonical_json, digest, file_digest
from noria.types import Noun


class Job(Noun):
    """One fine-tuning from a base."""

    base: str
    """Folder of the base's weights."""
    base_id: str
    """Id of the base: its weights, wherever they lie."""
    rows: str
    """JSON lines of rows."""
    out: str
    """Where the adapter goes; made by one rename."""
    rank: int
    learning_rate: float
    epochs: int
    batch: int
    max_tokens: int
    max_row_tokens: int
    seed: int
    interpolation: float = 1.0
    """Share of what was learned that is published, on top of the base."""
    threads: int
    bf16: bool = False
    """Mixed precision on a CPU that has instructions for it; a GPU always uses it."""

    def identity(self) -> str:
        """What the job is, whatever machine it runs on: its recipe and its rows."""
        recipe = self.model_dump(exclude={"base", "rows", "out", "threads", "bf16"})
        return digest(canonical_json([recipe, file_digest(Path(self.rows))]))


class Step(Noun):
    """How far a training is."""

    step: int
    steps: int
    loss: float
    tokens: int
    seconds: float
