"""How parent and student are compared, and what a student must show to be promoted."""

from pydantic import Field

from noria.config.parts import Part


class ExamRules(Part):
    """How parent and student are compared."""

    items: int = Field(default=40, ge=5)
    """Fresh items of each domain."""
    meanwhile: bool = False
    """Whether the parent answers while the student trains, the model servers working on for it: where training has
    cores or devices of its own."""
    curtail: bool = False
    """Whether no more is asked once no answer could show a gain any more: the verdict is the same, but the next deal
    knows less of what is weak."""
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    """Chance, over the whole session, of promoting a student that is no better."""
    gain: float = Field(default=0.05, gt=0, le=1)
    """The gain that is sought, as a share of items; an exam says how many items would show it. It decides nothing."""
    frozen: int = Field(default=10, ge=0)
    """Items of each level that every student of the session is asked, to see what it lost; 0 asks none."""
    margin: float = Field(default=0.10, gt=0, lt=1)
    """The loss on the frozen items, as a share of them, that must be ruled out."""
    prose: float = Field(default=0.25, ge=0)
    """The rise of perplexity on general text over the base, as a share, that must be ruled out; 0 reads none."""
    probation: int = Field(default=10, ge=0)
    """Fresh items of each domain on which a promoted student is examined again a round later; 0 trusts it at once."""
