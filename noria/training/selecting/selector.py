"""What a method of selection is: samples in, a reason out for each that is left out.

    samples, rules, tools ─► select ─► Selected (left out and why, scores, facts)

A selector decides for all samples that came to it at once, and never changes one. Ties are
broken by id and draws come from the round's own stream, so that a round that is played again
chooses the same.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy
from numpy.typing import NDArray

from noria.agents.base import Desk
from noria.evaluators.domain import Domain
from noria.memory.history import History
from noria.types import Json, Sample

Embed = Callable[[Sequence[str]], NDArray[numpy.float32]]
"""Texts to unit vectors, a row each."""


@dataclass(frozen=True)
class Tools:
    """What a selector may use besides the samples."""

    history: History
    desk: Desk
    domains: dict[str, Domain]
    embed: Embed
    number: int
    """The round."""
    name: str
    """Names the round's random streams."""
    folder: Path
    """The session's folder."""
    base: str
    """Id of the base; empty where no seat is held by a student of the session's own."""
    student: str
    """Id of the policy that plays as the student now; empty likewise."""
    quiet: Callable[[], AbstractAsyncContextManager[None]]
    """Closes the model server's limiter while a subprocess has the cores."""
    bring_up: Callable[[str], Awaitable[None]]
    """Serves a policy by its id, unless it is up."""
    pretends: bool = False
    """Whether this is a dry run, whose policies have no weights."""


@dataclass(frozen=True, slots=True)
class Selected:
    """What a selector found."""

    left: dict[str, str]
    """Samples left out: id to why, in a few words that many share."""
    scores: dict[str, float] = field(default_factory=dict)
    """What was measured, by sample, as far as it was."""
    facts: Json = field(default_factory=dict)
    skipped: str = ""
    """Why it could not be applied; nothing is left out then."""


class Selector(Protocol):
    """The function `select` of a method's module."""

    async def __call__(self, samples: Sequence[Sample], rules: Any, tools: Tools) -> Selected:
        """Choose among samples.

        Raises:
            EndpointError: a policy cannot be asked.
        """
        ...
