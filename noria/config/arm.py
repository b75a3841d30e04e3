"""The arm of a study that a session plays: what of the loop is put aside or replaced, to learn what that part does.

    verified (as every session is)   well_formed (any answer that has the form of one)   random (any answer)

A session of one's own leaves this alone. A control takes the student's answers without asking whether they are
right: it goes straight from the attempts to the screening, nothing in it is reviewed, attacked or ruled
on, and its samples carry the warrant `unverified`, which no export writes.
"""

from typing import Literal

from noria.config.parts import Part

Acceptance = Literal["verified", "well_formed", "random"]
"""What is asked of an answer before it may be learned: proof, the form of an answer, or nothing."""

Aside = Literal["critic", "adversary", "memory", "curriculum", "gate"]
"""A part of the loop that can be put aside."""


class Arm(Part):
    """How a session of a study differs from the loop as it is."""

    accept: Acceptance = "verified"
    without: tuple[Aside, ...] = ()
    """Parts put aside. `critic`, `adversary`: the seat says nothing, and no program in its place; `memory`: no
    neighbours are shown and nothing is refused for its meaning; `curriculum`: domains and levels are dealt evenly;
    `gate`: every student is promoted, unexamined."""
    rows: tuple[int, ...] = ()
    """The most answers of each round that may be learned, drawn, so that arms learn from as many; empty: no bound."""
