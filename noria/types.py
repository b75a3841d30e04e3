"""The nouns of Noria, each written down once.

    seed ─► task ─► attempts ─► sample          turn ⊂ trace ⊂ episode ⊂ round ⊂ session

A *task* is an instruction with its grounding; an *attempt* is a response with its checks;
a *sample* projects a passing attempt (or an accepted proposal) for one role. Everything
here is frozen and goes to disk or over the wire as it is; the ledger stores nothing else.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Role = Literal["generator", "critic", "adversary", "judge", "solver"]
"""What is to be done; a seat is a role held by a policy."""

ROLES: tuple[Role, ...] = ("generator", "critic", "adversary", "judge", "solver")

Ruling = Literal["accept", "revise", "reject"]
"""What the judge, or the gate above it, says of a candidate."""

Source = Literal["student", "pool", "program"]
"""Who wrote a sample's response: the lineage being trained, another policy of the pool, a program."""

WordedBy = Literal["generator", "program"]
"""Who worded an instruction."""

Bucket = Literal["train", "gate", "audit", "test"]
"""Which side of the line a task's parameters fall on; only `train` may be learned from."""

Outcome = Literal["accepted", "refused", "error"]
"""How an episode ended."""

Json = dict[str, Any]


class Reason(StrEnum):
    """Why an episode ended as it did."""

    VERIFIED = "verified"
    """Every check passed and nobody with a veto used it."""
    SILENT = "silent"
    """The generator gave an empty or cut reply."""
    MALFORMED = "malformed"
    """The generator's reply is not a proposal of this domain."""
    RESERVED = "reserved"
    """The parameters fall in a bucket that only exams may use."""
    DUPLICATE = "duplicate"
    """The same parameters or the same solution were claimed before."""
    NEAR_DUPLICATE = "near_duplicate"
    """The free text means what an earlier sample's text means."""
    UNGROUNDED = "ungrounded"
    """The program could not build the truth from the parameters."""
    UNSOLVED = "unsolved"
    """No attempt passed, and the program's truth was not allowed as a target."""
    OUT_OF_BAND = "out_of_band"
    """The solve rate lies outside the band that is worth learning from."""
    BROKEN = "broken"
    """The adversary's probe held: ambiguous, leaking, or open to a shortcut."""
    REVISIONS_SPENT = "revisions_spent"
    """A revision was asked for and none is left."""
    UNTRUSTED = "untrusted"
    """The verifier failed its own test this round, so that nothing it passes is accepted."""
    VETOED = "vetoed"
    """A judge with a veto ruled against it."""
    ENDPOINT = "endpoint"
    """An endpoint failed for longer than the deadline."""
    UNREADABLE = "unreadable"
    """A seat's reply could not be read as what its role owes."""
    VERIFIER = "verifier"
    """A verifier that is not Noria's own raised, looped or flooded; the evidence names it."""
    FAULT = "fault"
    """Noria's own code failed in this episode; the evidence says where."""


class Noun(BaseModel):
    """A frozen thing that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Message(Noun):
    """One line of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class Seed(Noun):
    """What an episode starts from."""

    id: str
    kind: Literal["domain", "topic", "row"]
    text: str
    """The domain's name, the topic, or the row's first user message."""
    messages: tuple[Message, ...] = ()
    """A row's chat, kept whole: it is also an anchor in training."""


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


class Critique(Noun):
    """What the critic finds; it names faults and never mends them."""

    policy: str
    faults: tuple[str, ...]
    advice: str
    revise: bool
    """Whether the critic asks for another draft."""


class Probe(Noun):
    """One attempt to break a candidate, and what a program made of it."""

    kind: Literal["ambiguity", "leak", "shortcut", "forgery"]
    claim: str
    response: str
    by: Literal["program", "policy"]
    held: bool
    """Whether the probe broke the candidate, by program; an opinion alone never holds."""
    evidence: str


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


class Usage(Noun):
    """Tokens one model call was billed for."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class TurnKey(Noun):
    """The key of one model call; a resumed round finds its finished calls by it."""

    episode: str
    role: Role
    draft: int
    attempt: int

    def __str__(self) -> str:
        """The key as the ledger stores it."""
        return f"{self.episode}/{self.role}/{self.draft}/{self.attempt}"


class Turn(Noun):
    """One model call as it was paid for, readable or not."""

    key: TurnKey
    policy: str
    served_as: str
    """The name the policy was served under; a fact of the day, not of the policy."""
    template: str
    """`name@hash` of the prompt file that was rendered."""
    messages: tuple[Message, ...]
    """The prompt as sent."""
    replies: tuple[str, ...]
    """One text a choice: several where several attempts were asked for at once."""
    finish: tuple[str, ...]
    """Why each reply ended: `stop`, `length`, …"""
    logprobs: dict[str, float] = {}
    """Logprob of each choice at the first token, where a choice was asked for."""
    usage: Usage
    started: float
    """Seconds since the epoch."""
    seconds: float
    """Wall time of the call, retries included."""


class Dealt(Noun):
    """What a round commits for one episode before it plays."""

    episode: str
    round: int
    position: int
    """Place in the deal; novelty is decided in this order."""
    domain: str
    level: int
    seed: Seed
    window: Json
    """The patch of the parameter space dealt to the generator (see the domain)."""
    neighbours: tuple[str, ...]
    """Accepted instructions shown as what to stay away from."""
    weak: tuple[str, ...]
    """Skills the last exam found weak."""
    seats: dict[Role, str]
    """The policy in each seat."""
    templates: dict[str, str]
    """`name@hash` of each prompt file."""
    random: str
    """Name of the episode's random stream."""
    veto: bool = False
    """Whether the judge of this round may refuse."""
    admits: bool = True
    """Whether the domain's verifier passed its own test this round; what it passes is accepted only then."""


class Stage(StrEnum):
    """How far an episode came; the funnel counts these in order."""

    DEALT = "dealt"
    PROPOSED = "proposed"
    WELL_FORMED = "well_formed"
    NOVEL = "novel"
    GROUNDED = "grounded"
    SOLVABLE = "solvable"
    UNBROKEN = "unbroken"
    ACCEPTED = "accepted"


class Episode(Noun):
    """One seed through all seats, and how it ended."""

    id: str
    round: int
    position: int
    domain: str
    level: int
    outcome: Outcome
    reason: Reason
    stage: Stage
    """The last stage reached."""
    evidence: str
    """The failed check, the probe or the error in words."""
    drafts: tuple[Task, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    solve_rate: float | None = None
    """Share of the solver's attempts that passed; none where none was made."""
    critiques: tuple[Critique, ...] = ()
    attacks: tuple[Attack, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    checks: tuple[Check, ...] = ()
    """Checks of the proposal itself, in the order they ran."""
    sample: str | None = None
    seconds: float = 0.0


class Provenance(Noun):
    """Where a sample comes from; every field is filled."""

    episode: str
    round: int
    domain: str
    skill: str
    level: int
    source: Source
    worded_by: WordedBy
    policy: str
    """The policy that wrote the response; the verifier's name where a program did."""
    generator: str
    seed: str
    templates: dict[str, str]
    verifier: str
    task: str
    attempt: str
    signature: str
    free_text: str
    """The part of the parameters whose novelty is by meaning; empty where there is none."""
    shape: str
    """The parameters without their free text, as a hash."""
    solve_rate: float
    checks: tuple[str, ...]
    """Names of the checks that passed."""
    probes: int
    """How many attacks it survived."""
    parents: tuple[str, ...] = ()
    """Samples and seeds it was built on."""


class Sample(Noun):
    """An accepted row: a passing attempt, or an accepted proposal, projected for one role."""

    id: str
    role: Role
    messages: Annotated[tuple[Message, ...], Field(min_length=2)]
    """The chat to learn: everything before the last message is prompt."""
    provenance: Provenance


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
    training: Json = {}
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
