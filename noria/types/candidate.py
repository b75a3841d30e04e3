"""What a seed becomes: a task, attempts at it, and what each seat made of them.

seed ─► task ─► attempts          critique · attack of probes · verdict
"""

from typing import Literal

from pydantic import Field

from noria.types.words import Json, Message, Noun, Ruling, Source, WordedBy

TAUGHT, RESTATED = "taught", "restated"
AIDS = frozenset({TAUGHT, RESTATED})
"""Names of the checks that say how an attempt came about which tells nothing of what the solver can do alone."""


class Seed(Noun):
    """What an episode starts from."""

    id: str
    kind: Literal["domain", "topic", "row", "mistake", "passage"]
    text: str
    """The domain's name, the topic, the row's first user message, the instruction the student failed at, or the
    passage of a document."""
    messages: tuple[Message, ...] = ()
    """A row's chat, kept whole: it is also an anchor in training."""
    place: str = ""
    """Where a passage stands: its document, its heading, its page or line."""


class Check(Noun):
    """What a program found."""

    name: str
    passed: bool
    score: float = Field(ge=0, le=1)
    evidence: str
    """What a person needs to see to agree: expected against found, never a bare no."""
    sandbox: str = ""
    """The isolation a program ran under, such as `landlock7+seccomp`; empty where none was run."""

    @classmethod
    def of(cls, name: str, passed: bool, evidence: str, *, sandbox: str = "") -> "Check":
        """A check that is all or nothing."""
        return cls(name=name, passed=passed, score=float(passed), evidence=evidence, sandbox=sandbox)


class Grounding(Noun):
    """The truth of a task as a program built it; never shown to a seat that must not see it."""

    verifier: str
    """The name and version of the program that checks responses, e.g. `arithmetic@1`."""
    facts: Json
    """What the verifier needs: an answer, or the constraints to hold."""
    signature: str
    """What the solution is, apart from its wording: two tasks of one signature teach the same."""


class Task(Noun):
    """An instruction with its grounding."""

    id: str
    domain: str
    skill: str
    level: int
    parameters: Json
    """The canonical parameters, as the domain's proposal schema types them."""
    instruction: str
    worded_by: WordedBy
    grounding: Grounding
    draft: int = 1


class Attempt(Noun):
    """A response with its checks."""

    id: str
    task: str
    response: str
    policy: str
    source: Source
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed; an attempt nobody checked has not passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def aided(self) -> bool:
        """Whether it is no plain attempt of the solver's: a teacher's, or made with an answer in sight."""
        return any(check.name in AIDS for check in self.checks)


class Critique(Noun):
    """What the critic finds; it names faults and never mends them."""

    policy: str
    faults: tuple[str, ...]
    advice: str
    revise: bool
    """Whether the critic asks for another draft."""
    withheld: str = ""
    """Why the advice is left out here and travels nowhere; the turn alone keeps it."""


class Probe(Noun):
    """One attempt to break a candidate, and what a program made of it."""

    kind: Literal["ambiguity", "leak", "shortcut", "forgery"]
    claim: str
    response: str
    by: Literal["program", "policy"]
    held: bool
    """Whether the probe broke the candidate, by program; an opinion alone never holds."""
    evidence: str
    withheld: str = ""
    """Why something that the policy said is left out here; the turn alone keeps it."""
    beat: bool = False
    """Whether it beat the verifier itself: the same response passes on fresh tasks too, and does none of them."""


class Attack(Noun):
    """The adversary's probes on one candidate."""

    policy: str
    probes: tuple[Probe, ...]

    @property
    def held(self) -> bool:
        """Whether any probe broke the candidate."""
        return any(probe.held for probe in self.probes)


class Verdict(Noun):
    """The judge's opinion."""

    policy: str
    ruling: Ruling
    confidence: float = Field(ge=0, le=1)
    """Probability the judge's own logprobs give to its ruling; 1 where none came back."""
    veto: bool
    """Whether this judge may refuse: its calibration this round beat chance."""
