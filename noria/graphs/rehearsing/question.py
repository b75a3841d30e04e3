"""One question to a seat, as it was asked and may be asked again."""

from dataclasses import dataclass

from noria.agents.base import Ask
from noria.evaluators.domain import Domain
from noria.prompts.fields import SEATS
from noria.types import Attempt, Dealt, Role, Task


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a seat, and what is needed to weigh a reply."""

    dealt: Dealt
    domain: Domain
    ask: Ask
    task: Task | None = None
    attempt: Attempt | None = None

    @property
    def role(self) -> Role:
        """The role that is asked."""
        return SEATS[self.ask.template]

    @property
    def seed(self) -> str:
        """What it is about, in a few words."""
        topic = f", {self.dealt.seed.text}" if self.dealt.seed.kind == "topic" else ""
        return (
            self.task.instruction
            if self.task
            else f"{self.dealt.domain} level {self.dealt.level}: {self.dealt.window.get('skill', '')}{topic}"
        )
