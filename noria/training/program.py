"""What every training subprocess does around its training: read its job, end with a status, say what was learned.

    JOB.json ─► obey ─► run(job) ─► 0, or 1 with a sentence on standard error

Imports no torch; what trains is handed in.
"""

import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, TypeVar

from noria.errors import NoriaError
from noria.training.ranks import rank, ranks
from noria.training.tether import tether
from noria.types import Noun

J = TypeVar("J", bound=Noun)


class Told(Protocol):
    """Who was told of each step."""

    started: float
    losses: list[float]


def obey(path: str, kind: type[J], run: Callable[[J], None]) -> int:
    """Run a job file; 0 when the adapter stands, 1 with a sentence on standard error."""
    tether()
    try:
        run(kind.model_validate_json(Path(path).read_text(encoding="utf-8")))
    except (FloatingPointError, ValueError, OSError, RuntimeError, NoriaError) as fault:
        whose = f"process {rank() + 1} of {ranks()}: " if ranks() > 1 else ""
        print(f"noria-training: {whose}{fault}", file=sys.stderr, flush=True)
        return 1
    return 0


def learned(teller: Told) -> dict[str, Any]:
    """The losses, seconds and versions of a training, for its report."""
    return {
        "loss_first": teller.losses[0],
        "loss_last": teller.losses[-1],
        "losses": [round(loss, 4) for loss in teller.losses],
        "seconds": round(time.monotonic() - teller.started, 1),
        "versions": {name: version(name) for name in ("torch", "transformers", "trl", "peft")},
    }
