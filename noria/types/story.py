"""What happened: the deal, the model calls, how an episode ended, and what was accepted.

turn ⊂ trace ⊂ episode ⊂ round ⊂ session          sample and its provenance
"""

from typing import Annotated

from pydantic import Field

from noria.types.candidate import Attack, Attempt, Check, Critique, Seed, Task, Verdict
from noria.types.words import Json, Message, Noun, Outcome, Reason, Role, Source, Stage, Warrant, WordedBy

PARAPHRASE = "paraphrase"
"""The strategy of a sample that is another's task in other words; its first parent is that sample."""


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
    question: str = ""
    """Hash of who was asked what, where the same place was taken by another question; empty for the first."""

    def __str__(self) -> str:
        """The key as the ledger stores it."""
        place = f"{self.episode}/{self.role}/{self.draft}/{self.attempt}"
        return f"{place}/{self.question}" if self.question else place


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
    logprobs: dict[str, float] = Field(default_factory=dict)
    """Logprob of each choice at the first token, where a choice was asked for; `nats` and `tokens` of a text read."""
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
    shown: tuple[str, ...] = ()
    """The samples that these instructions are of, in the same order; a deal of an older Noria does not tell."""
    weak: tuple[str, ...]
    """Skills the last exam found weak."""
    seats: dict[Role, str]
    """The policy in each seat."""
    templates: dict[str, str]
    """`name@hash` of each prompt file."""
    random: str
    """Name of the episode's random stream."""
    temperature: float | None = None
    """What generator and solver play at; none in a deal of before it stood here, which plays at the config's."""
    veto: bool = False
    """Whether the judge of this round may refuse."""
    admits: bool = True
    """Whether the domain's verifier passed its own test this round; what it passes is accepted only then."""
    strategy: str = ""
    """The method that deals and asks for it its own way; empty where the generator proposes in its window."""
    parents: tuple[str, ...] = ()
    """Samples and seeds that the strategy builds on."""
    brief: Json = Field(default_factory=dict)
    """What the strategy tells the generator: an operator and what to work on, a passage, …"""


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
    """Where a sample comes from; a field with a default was not told by an older Noria."""

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
    critic: str = ""
    """The policies that had a say in it and wrote nothing of it: this one reviewed the drafts,"""
    adversary: str = ""
    """this one attacked it,"""
    judge: str = ""
    """and this one ruled on it, and chose between two answers that passed."""
    neighbours: tuple[str, ...] = ()
    """Samples whose instructions the generator was shown, to stay away from them."""
    sandbox: str = ""
    """The isolation its checks ran under, such as `landlock7+seccomp`; empty where no program was run."""
    warrant: Warrant = "verified"
    """What it rests on; what is `judged` is never counted or exported as verified."""
    strategy: str = ""
    """The method by which it was dealt and asked for; empty where the generator proposed in its window."""

    @property
    def variant_of(self) -> str:
        """The sample whose task it says in other words; empty where it is no variant."""
        return self.parents[0] if self.strategy == PARAPHRASE else ""

    @property
    def verifiers(self) -> tuple[str, ...]:
        """Every verifier that vouches for it independently; today there is one."""
        return (self.verifier,)


class Sample(Noun):
    """An accepted row: a passing attempt, or an accepted proposal, projected for one role."""

    id: str
    role: Role
    messages: Annotated[tuple[Message, ...], Field(min_length=2)]
    """The chat to learn: everything before the last message is prompt."""
    provenance: Provenance
