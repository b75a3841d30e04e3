"""Steering: what people said to a session, what followed of itself, and what each batch was played under.

step     one thing that was said or followed, never changed afterwards
batch    what was in force while its episodes played: templates, the arms of each trial, notes
"""

from typing import Literal

from noria.types.words import Json, Noun

StepKind = Literal["template", "broken_template", "note", "expired", "trial", "pause", "go_on", "approve", "refuse"]
"""What a step is: a template taken or refused, a note given or gone, a trial begun or ended, a pause, a ruling."""

Arm = Literal["a", "b"]
"""One of the two templates that a trial compares."""

DealtBy = Literal["episode", "round"]
"""What a trial draws an arm for."""


class Step(Noun):
    """One step of steering."""

    key: str
    """What makes it itself: a step of a key that is there is not taken again."""
    round: int
    batch: int
    """The batch, from 1, that was the last to begin when it was said; of a template, the first that plays by it."""
    kind: StepKind
    name: str
    """What it is about: a template's name; the id of a note, a trial, a sample, a policy; empty for a pause."""
    said: str
    """In words, for people."""
    body: Json
    """The same for programs."""
    at: float
    """Seconds since the epoch."""


class Arms(Noun):
    """A trial of two templates, as one batch was dealt them."""

    trial: str
    name: str
    """The template's name."""
    a: str
    """`name@hash` of the first."""
    b: str
    by: DealtBy
    dealt: dict[str, Arm]
    """Episode to the arm it plays."""


class Batch(Noun):
    """What one batch of a round is played under; committed before its first episode, and for ever."""

    round: int
    batch: int
    """From 1."""
    episodes: tuple[str, ...]
    """In the order they were dealt."""
    templates: dict[str, str]
    """`name@hash` of each template in force."""
    trials: tuple[Arms, ...] = ()
    notes: tuple[str, ...] = ()
    """Ids of the notes in force, oldest first."""

    def versions(self, episode: str) -> dict[str, str]:
        """The templates that one of its episodes plays by."""
        return self.templates | {one.name: getattr(one, one.dealt[episode]) for one in self.trials}
