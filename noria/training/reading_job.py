"""What a reading apart is: which texts, by whose weights; as the session writes it and the subprocess reads it.

    passages ─┬► losses:    every policy reads every passage      ─► nats and tokens of each answer
              └► influence: one adapter's gradient of each answer ─► likeness to the targets' mean

Imports no torch.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field

from noria.identity import canonical_json, content_id, digest
from noria.types import Message, Noun


class Passage(Noun):
    """A prompt and an answer whose likelihood is asked for."""

    key: str
    """What the answer's score is found by."""
    prompt: tuple[Message, ...] = ()
    """What stands before the answer; empty: the answer is bare text, read without the chat's template."""
    answer: str
    group: str = ""
    """The target that it stands for, in an influence job; empty for a sample."""


class Weights(Noun):
    """A policy as a subprocess loads it."""

    policy: str
    adapter: str = ""
    """Folder of its LoRA adapter; empty for the base."""


class ReadingJob(Noun):
    """One reading."""

    kind: Literal["losses", "influence"]
    base: str
    """Folder of the base's weights."""
    base_id: str
    policies: tuple[Weights, ...]
    passages: str
    """JSON lines of passages, in the order in which the budget is spent."""
    out: str
    """Where what was found goes, as JSON, by one rename."""
    max_tokens: int
    """Tokens that may be read, by all policies together."""
    threads: int
    seed: int = 0
    dimensions: int = 0
    """Numbers that a gradient is projected to."""

    def identity(self, passages: str) -> str:
        """What the job is, whatever machine it runs on and wherever its folders lie."""
        recipe = self.model_dump(exclude={"base", "passages", "out", "threads", "policies"})
        return content_id("reading", [canonical_json(recipe), [one.policy for one in self.policies], digest(passages)])


class Readings(Noun):
    """What a subprocess found."""

    made_by: str
    losses: dict[str, dict[str, tuple[float, int]]] = Field(default_factory=dict)
    """Policy, then passage: nats and tokens of the answer."""
    influence: dict[str, float] = Field(default_factory=dict)
    """Passage: the likeness of its gradient to the nearest target's, from -1 to 1."""
    beyond: int = 0
    """Passages that did not fit the budget, or are too long."""
    tokens: int = 0
    """Tokens read, prompts included."""
    seconds: float = 0.0
    """Wall time after the weights were loaded."""


def lines(passages: Iterable[Passage]) -> str:
    """Passages as JSON lines."""
    return "".join(one.model_dump_json() + "\n" for one in passages)


def read_passages(path: Path) -> list[Passage]:
    """Passages back.

    Raises:
        ValueError: a line is no passage.
    """
    return [Passage.model_validate_json(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
