"""A distillation job as the session writes it and the subprocess reads it; imports no torch."""

from pathlib import Path

from noria.identity import canonical_json, digest, file_digest
from noria.types import Noun


class DistilJob(Noun):
    """One drawing of an adapter towards a teacher."""

    base: str
    """Folder of the base's weights."""
    base_id: str
    teacher: str
    """Folder of the teacher's weights."""
    teacher_id: str
    adapter: str
    """Folder of the adapter that is trained on."""
    adapter_id: str
    rows: str
    """JSON lines of rows."""
    out: str
    """Where the new adapter goes; made by one rename."""
    beta: float
    learning_rate: float
    epochs: int
    batch: int
    max_tokens: int
    max_row_tokens: int
    seed: int
    threads: int
    bf16: bool = False

    def identity(self) -> str:
        """What the job is, whatever machine it runs on: the weights it begins with, its recipe and its rows."""
        places = {"base", "teacher", "adapter", "rows", "out", "threads", "bf16"}
        return digest(canonical_json(["distil", self.model_dump(exclude=places), file_digest(Path(self.rows))]))
