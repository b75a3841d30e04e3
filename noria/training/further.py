"""What follows a fine-tuning: the trainings that are on, one after another, each from where the last one ended.

    base ─► rows (SFT) ─► adapter ─► distil_tokens ─► adapter ─► dpo ─► adapter ─► spin ─► adapter ─► [merge]

The order is fixed, and so the config's order of lines means nothing: first what a teacher
knows, then what tells right from wrong, then what tells the student from its predecessor. Each is a method of hook
`train`, whose module has `further`: it begins with the adapter so far and leaves a new one in a folder of its own,
in a subprocess like the first, found by its job where it finished before a crash. A method that
finds nothing to learn says so, and the adapter goes on as it was.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from noria.config import Train
from noria.config.methods import Method
from noria.training.curate import Curated
from noria.training.launch import Trained
from noria.types import Json, Policy

ORDER = ("distil_tokens", "dpo", "spin")
"""The methods of hook `train`, in the order they are applied."""


@dataclass(frozen=True)
class Start:
    """Where a further training begins."""

    name: str
    """The student's."""
    base: Policy
    adapter: Path
    """The adapter so far."""
    place: Path
    """The student's folder."""
    chosen: Curated
    own: Train
    """How it was fine-tuned."""
    bf16: bool
    """Train in mixed precision."""
    on_step: Callable[[Any], None] = lambda step: None
    """Told of each step."""


@runtime_checkable
class Module(Protocol):
    """A method's module."""

    async def further(self, start: Start, rules: Any) -> Trained | None:
        """Train on, unless that was done; none where there is nothing to learn.

        Raises:
            RunError: the training failed; its last words are in the sentence.
        """
        ...


async def further(start: Start, methods: Mapping[str, Method]) -> tuple[Path, dict[str, Json]]:
    """Apply the methods that are on; returns the last adapter, and each method's report.

    Raises:
        RunError: a training failed.
    """
    adapter, reports = start.adapter, dict[str, Json]()
    for name in (name for name in ORDER if name in methods):
        began = time.monotonic()
        module = import_module(methods[name].module)
        assert isinstance(module, Module)
        done = await module.further(replace(start, adapter=adapter), methods[name])
        if done is None:
            reports[name] = {"skipped": "there is nothing for it to learn"}
            continue
        adapter = done.folder
        reports[name] = {**done.report, "wall_seconds": round(time.monotonic() - began, 1)}
    return adapter, reports
