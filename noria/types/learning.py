"""Who acts, and how a student was compared with its parent."""

from typing import Literal

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
    frozen: bool = False
    """Whether it is one of the session's frozen items, which every student is asked, and no fresh one."""
    parent_cut: bool = False
    student_cut: bool = False
    """Whether the answer was cut at its cap."""
    right_length: int = 0
    """Characters of a right answer as the program writes it; 0 where that is not known."""
    again: str = ""
    """The task that was missed in an earlier exam and that this one asks anew; it counts in no comparison."""


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


DemandName = Literal["gain", "domains", "frozen", "prose", "form"]


class Demand(Noun):
    """One thing a student must show to be promoted."""

    name: DemandName
    met: bool
    """Also true where nothing was asked: what was left out keeps nobody out, and `said` says so."""
    asked: bool = True
    said: str
    """What was found, in plain words."""


class Frozen(Noun):
    """The session's frozen items: what the student lost of what its parent knew."""

    items: int
    parent: int
    """Items the parent got right."""
    student: int
    wins: int
    losses: int
    bound: float
    """Lower one-sided bound of the difference of the shares right (Tango, 1998)."""
    margin: float
    """The loss that must be ruled out."""


class Prose(Noun):
    """How well the student still reads general text, against the base of the session."""

    base: tuple[float, ...]
    student: tuple[float, ...]
    """Nats a token of each passage; their mean is the logarithm of the perplexity."""
    ratio: float
    """The student's perplexity over the base's, by the mean over passages of the difference in nats."""
    bound: float
    """Upper one-sided bound of the ratio."""
    margin: float
    """The rise of perplexity that must be ruled out, as a share."""


class Form(Noun):
    """The form of the student's answers to fresh items, against its parent's and a right one."""

    longer: float
    """Mean length over that of the longer of the parent's answer and a right one, by the mean of logarithms."""
    bound: float
    """Upper one-sided bound of it."""
    limit: float
    """What the bound may not exceed."""
    parent_cut: int
    student_cut: int
    """Answers cut at their cap."""
    cut_p: float
    """One-sided exact p that the student's are cut more often."""


class Power(Noun):
    """What the exam could have seen."""

    gain: float
    """The gain that was sought, as a share of items."""
    chance: float
    """The chance that this exam sees that gain."""
    discordant: float
    """Share of items that only one of the two got right."""
    detectable: float
    """The gain that would have been seen with a chance of 80 %; 1 where none would."""
    items: int
    """Fresh items that the gain sought would have needed for a chance of 80 %."""


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
    demands: tuple[Demand, ...] = ()
    """What had to be shown and was or was not; empty in an exam of an older version, which asked the first two."""
    frozen: Frozen | None = None
    prose: Prose | None = None
    form: Form | None = None
    power: Power | None = None
    left_out: tuple[str, ...] = ()
    """Quarantined verifiers, whose items were not asked: what they pass proves nothing."""
    unasked: int = 0
    """Fresh items that were not asked any more, nor anything after them: no answer could have shown a gain."""
    recovered: dict[str, tuple[int, int, int]] = Field(default_factory=dict)
    """Skill (as `domain/skill`) to items missed before and asked anew, and how many parent and student got right."""


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


class Trial(Noun):
    """A promoted policy examined once more, a round later, against the policy it was promoted over."""

    round: int
    """The round that held it."""
    policy: str
    """Who stood on probation."""
    against: str
    """Whom it was promoted over, and whom a step back leads to."""
    items: int
    """Fresh items, asked in no exam before the policy was promoted."""
    wins: int
    losses: int
    p_worse: float
    """One-sided exact p that the policy is worse on the fresh items."""
    pooled_wins: int
    pooled_losses: int
    p_gain: float
    """One-sided exact p of the gain over both exams."""
    alpha: float
    """What `p_gain` must stay under: the level the policy was promoted at."""
    domains: tuple[DomainResult, ...]
    """Over both exams."""
    passed: bool
    why: str
    heir: str = ""
    """Who was promoted over it in the round of the trial; empty where nobody was."""
    heir_pairs: tuple[int, int] = (0, 0)
    """Wins and losses of the heir against `against`, on the same items."""
    heir_stays: bool = False
    """Whether the heir beats `against` on them, so that it may stay though the policy fails."""
    asked: tuple[str, ...] = ()
    """Ids of the parameters asked in the trial alone; no later exam asks them."""
    seconds: float
