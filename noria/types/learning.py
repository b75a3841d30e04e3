"""Who acts, and how a student was compared with its parent."""

from pydantic import Field

from noria.types.candidate import Task
from noria.types.words import Json, Noun, Role


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


class RoleExam(Noun):
    """The holder of a seat against the promoted student on the same items of its role."""

    round: int
    """The round that promoted the student; a seat that it takes is its own from the next deal on."""
    role: Role
    holder: str
    student: str
    items: int
    holder_right: int
    student_right: int
    wins: int
    """Items on which the student did better: it alone was right, or its proposal passed more checks."""
    losses: int
    """Items on which the holder did."""
    p_value: float
    """One-sided exact McNemar: chance of as many wins if the student were no better."""
    alpha: float
    """What the p-value had to stay under: the seat's part of what this exam of the session may spend."""
    holder_marks: dict[str, tuple[int, int]]
    student_marks: dict[str, tuple[int, int]]
    """What the role's exam counts besides, such as `false alarms`: how many, of how many."""
    seated: bool
    why: str
    left_out: tuple[str, ...] = ()
    """Quarantined verifiers, of whose domains nothing was asked."""
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    """What the exam's model calls cost, of both sides."""
    seconds: float = 0.0
    """Wall time of the life of the session that ended the exam."""


class RoleItem(Noun):
    """One item of a role's exam and how holder and student did on it."""

    item: str
    """What was asked, in words; the turns hold the prompts and replies."""
    holder_right: bool
    student_right: bool
    won: int
    """1 where the student did better on it, -1 where the holder did, 0 where neither."""
