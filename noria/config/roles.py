"""How a student earns a seat besides the solver's.

    promoted ─► solver, at once
             └► sits the exam of each seat that `seats:` lets it earn ─► better than its holder? ─► holds it

`seats: {judge: student}` means that the student's lineage may earn the judge's seat; until
one of it has, the base holds it. By default the generator's and the judge's seats can be
earned. A student is trained on answers and on accepted proposals, so it may have become a
better generator, and who can solve a task may judge its answers; nothing in its rows
teaches it to name faults or to attack, an exam in those costs as much as the generator's,
and so critic and adversary stay with the base unless the config says otherwise.
"""

from pydantic import Field, model_validator

from noria.config.parts import Part

SEATS = 4
"""Seats that a student may earn at most."""

FIRST = 0.6079
"""Share of alpha that the first exams of a session may spend (see `evaluators/gate.py`)."""


class RoleRules(Part):
    """The exams for the seats of generator, critic, adversary and judge."""

    items: int = Field(default=32, ge=0)
    """Items of one seat's exam, asked of the student and of the seat's holder; 0 holds no exam, and the base stays."""
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    """Chance that a student takes any seat it is no better at, over the whole session."""

    @model_validator(mode="after")
    def _enough(self) -> "RoleRules":
        fewest = next(count for count in range(1, 1000) if 0.5**count < self.alpha * FIRST / SEATS)
        if 0 < self.items < fewest:
            raise ValueError(
                f"items must be 0 or at least {fewest}: fewer cannot show a gain at alpha {self.alpha:g}, "
                "not even where every item is won"
            )
        return self
