"""Does a coreset keep the exam score? Two students, trained at equal steps, on the same exam.

coreset ─► the same number of rows ─► student ┐
whole   ─► the same number of rows ─► student ┴► exam apart ─► the difference, with its interval
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from noria.config import SessionConfig
from noria.config.methods import Methods
from noria.errors import ConfigError
from noria.evaluators.sandbox.runner import Runner
from noria.graphs.apart import Compared, compared, examined
from noria.graphs.opening import Means
from noria.prompts import Templates
from noria.training.curate import Curated
from noria.training.examine import Items
from noria.training.export.coreset import shown
from noria.types import Policy, Sample

COUNTERPARTS = ("on-coreset", "on-whole")
"""Names of the two students."""


def equal(config: SessionConfig, rows: int, folder: Path) -> SessionConfig:
    """The config of both trainings: one pass over `rows` rows, none left out for the budget, and no method besides."""
    train = config.train.model_copy(update={"epochs": 1, "max_tokens": max(256, rows * config.train.max_row_tokens)})
    return config.model_copy(update={"session": folder, "train": train, "methods": Methods()})


async def weigh(
    coreset: Sequence[Sample], whole: Sequence[Sample], rows: int, asked: Items,
    *, means: Means, templates: Templates, runner: Runner, folder: Path, name: str,
    on_step: Callable[[str, Any], None] = lambda name, step: None,
) -> Compared:  # fmt: skip
    """Train on both, `rows` rows each, and examine both; `means` are made of the config that `equal` gives.

    Raises:
        ConfigError: the session has no student of its own.
        RunError: a training failed.
        EndpointError: a student cannot be served.
    """
    if means.base is None:
        raise ConfigError("The session has no student of its own to train.", mend="Leave --examine out.")
    students: list[Policy] = []
    for own, samples in zip(COUNTERPARTS, (coreset, whole), strict=True):
        given = Curated(shown(samples, rows, f"{name}/{own}"), {"new": rows}, (), {}, {})
        trained = await means.trainer(own, 0, means.base, given, lambda step, own=own: on_step(own, step))  # type: ignore[misc]
        students.append(trained)
    first, second = await examined(
        students, asked, means=means, templates=templates, runner=runner, folder=folder / "exam"
    )
    return compared(second, first)
