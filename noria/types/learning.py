"""Who acts, and how a student was compared with its parent."""

from pydantic import Field

from noria.types.candidate import Task
from noria.types.words import Json, Noun


class Policy(Noun):
    """A model version that can act: its weights, where they come from, how they were trained."""

    id: str
    """By hash of the weights (of the endpoint and name, where the weights are elsewhere)."""
    name: str
    """What people read: `base`, `student-r0001`."""
    parents: tuple[str, ...] = ()
    round: int = 0
    folder: str = ""
    """Where the weights to serve are; empty for a remote policy."""
    adapter: str = ""
    """Where the LoRA adapter is, for a trained policy."""
    student: bool = False
    """Whether it belongs to the lineage being trained."""
    training: Json = Field(default_factory=dict)
    """Rows by source, tokens, loss, seconds, recipe."""


class ExamItem(Noun):
    """One task of an exam and how parent and student did on it."""

    task: Task
    parent: str
    student: str
    parent_passed: bool
    student_passed: bool


class DomainResult(Noun):
    """One domain's part of an exam."""

    domain: str
    items: int
    parent: int
    student: int
    worse_p: float
    """One-sided exact p that the student is worse here."""
    significantly_worse: bool
    """After Holm's correction over the domains."""


class Exam(Noun):
    """Parent against student on the same fresh items."""

    id: str
    round: int
    parent: str
    student: str
    items: int
    parent_right: int
    student_right: int
    wins: int
    """Items only the student got right."""
    losses: int
    """Items only the parent got right."""
    p_value: float
    """One-sided exact McNemar: chance of as many wins if the student were no better."""
    alpha: float
    """What the p-value had to stay under this round."""
    parent_interval: tuple[float, float]
    student_interval: tuple[float, float]
    """Wilson 95 % intervals of the share right."""
    domains: tuple[DomainResult, ...]
    skills: dict[str, tuple[int, int]]
    """Skill (as `domain/skill`) to items and how many the better of the two got right."""
    promoted: bool
    why: str
    seconds: float
    left_out: tuple[str, ...] = ()
    """Quarantined verifiers, whose items were not asked: what they pass proves nothing."""
