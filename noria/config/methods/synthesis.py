"""Instruction-driven and adversarial synthesis: other ways to deal a hand, and to find what to deal.

    self_instruct · evolve · magpie · hardened     take a share of the hands and deal them their own way
    blind_spots                                    leans on the next plan

A hand that a strategy has nothing to build on is dealt plainly, and so is what is left of the shares.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from noria.config.methods.method import Family, Hook, Leaf, Method

if TYPE_CHECKING:
    from noria.config.session import SessionConfig

Operator = Literal["deepen", "widen", "constrain"]
"""What is done to an accepted task: made harder, exchanged for another skill's, or bound more tightly."""


class Strategy(Method):
    """A method that deals a share of the hands its own way."""

    hook: ClassVar[Hook] = "deal"

    share: float = Field(default=0.2, ge=0, le=1)
    """Share of the round's hands that it is given."""

    def contradicts(self, config: "SessionConfig") -> str:
        """The shares of all strategies are parts of one deal."""
        whole = sum(getattr(rules, "share", 0.0) for rules in config.methods.on("deal").values())
        return f"the strategies' shares are {whole:.2f} together; give them 1 at most" if whole > 1 + 1e-9 else ""


class SelfInstruct(Strategy):
    """Self-Instruct: examples are shown, and a task that is none of them is asked for."""

    leaf: ClassVar[Leaf] = Leaf.INSTRUCTION_DRIVEN
    module: ClassVar[str] = "noria.graphs.strategies.self_instruct"
    paper: ClassVar[str] = "Self-Instruct, arXiv 2212.10560"

    examples: int = Field(default=4, ge=1, le=12)
    """Instructions that are shown: accepted ones of the domain, and in `open` the user's own rows."""
    rows: int = Field(default=1, ge=0, le=12)
    """How many of them are the user's own rows, where there are any."""


class Evolve(Strategy):
    """Evol-Instruct: an accepted task is deepened, widened or constrained."""

    leaf: ClassVar[Leaf] = Leaf.INSTRUCTION_DRIVEN
    module: ClassVar[str] = "noria.graphs.strategies.evolve"
    paper: ClassVar[str] = "Evol-Instruct (WizardLM), arXiv 2304.12244"

    operators: tuple[Operator, ...] = Field(default=("deepen", "widen", "constrain"), min_length=1)
    """What may be done to a parent; one of them is drawn."""


class Magpie(Strategy):
    """Magpie: an aligned policy is shown its chat template up to the user's words, and says what a user would."""

    leaf: ClassVar[Leaf] = Leaf.INSTRUCTION_DRIVEN
    module: ClassVar[str] = "noria.graphs.strategies.magpie"
    paper: ClassVar[str] = "Magpie, arXiv 2406.08464"

    temperature: float = Field(default=1.0, ge=0, le=2)
    """What it is sampled at; the prompt is the same every time, so chance alone makes one unlike another."""

    def contradicts(self, config: "SessionConfig") -> str:
        """What it gives is an instruction without parameters, which only `open` can take."""
        if "open" not in config.domains:
            return "what it gives is a free-form instruction; name the domain `open` in `domains`"
        return super().contradicts(config)


class Hardened(Strategy):
    """The adversary's attacks turned into harder candidates."""

    leaf: ClassVar[Leaf] = Leaf.ADVERSARIAL
    module: ClassVar[str] = "noria.graphs.strategies.hardened"
    paper: ClassVar[str] = "Noria's own, after adversarial data collection (ANLI, arXiv 1910.14599)"

    rounds: int = Field(default=2, ge=1)
    """How many rounds back attacks are looked for."""
    near: bool = True
    """Whether claims that a program refuted count too: wrong answers that somebody held to be right."""


class BlindSpots(Method):
    """What the student fails at in play, dealt again."""

    leaf: ClassVar[Leaf] = Leaf.ADVERSARIAL
    hook: ClassVar[Hook] = "lean"
    module: ClassVar[str] = "noria.graphs.leaning.blind_spots"
    paper: ClassVar[str] = "Noria's own, after error slice discovery (Domino, arXiv 2203.14960)"

    rounds: int = Field(default=2, ge=1)
    """How many rounds back failures are looked for."""
    attempts: int = Field(default=8, ge=1)
    """Attempts that a place must have seen before it is called one."""
    below: float = Field(default=1.0, gt=0, le=1)
    """What the upper bound of a blind spot's solve rate stays under, as a share of its level's own rate."""
    most: int = Field(default=6, ge=1)
    """Blind spots that are leaned on, the darkest first."""
    factor: float = Field(default=1.5, ge=1)
    """Factor on the weight of a level that has one."""


class Synthesis(Family):
    """Instruction-driven and adversarial synthesis: other ways to deal a hand."""

    self_instruct: SelfInstruct | None = None
    """Shows accepted instructions and the user's rows as examples, and asks for a task that is none of them."""
    evolve: Evolve | None = None
    """Takes an accepted task as parent and has it deepened, widened or constrained."""
    magpie: Magpie | None = None
    """Lets the generator speak in the user's place, from its chat template alone (domain `open` only)."""
    hardened: Hardened | None = None
    """Turns attacks that held, or came near, into candidates that close the hole, one level up."""
    blind_spots: BlindSpots | None = None
    """Finds skills, levels and windows that the student fails at in play, and deals them again."""
