"""A method of the survey: a part of the wheel that one line of the config turns on.

Methods:
      ifd: on                      a method as it comes
      evolve: {share: 0.3}         a method with rules of its own
      k_centre: off                as if it were not there

The survey (arXiv 2510.25817) orders the methods of data-efficient post-training in five families
and sixteen leaves. A method's class says where it stands in it, which paper it follows, which
module does it and what that needs; the module is imported only where the method is on, so what
is off costs nothing.
"""

from collections.abc import Callable
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import model_validator

from noria.config.parts import Part

if TYPE_CHECKING:
    from noria.config.session import SessionConfig


class Leaf(StrEnum):
    """The survey's sixteen leaves."""

    STATIC_FILTERING = "static filtering"
    DYNAMIC_SELECTION = "dynamic selection"
    AGENT_STRATEGY = "agent strategy"
    LABELLING_EFFICIENCY = "labelling efficiency"
    SEMANTIC_REWRITING = "semantic rewriting"
    TOXICITY_CONTROL = "toxicity control"
    DISTRIBUTION_STABILISATION = "distribution stabilisation"
    INSTRUCTION_DRIVEN = "instruction-driven"
    KNOWLEDGE_GUIDED = "knowledge-guided"
    ADVERSARIAL = "adversarial"
    MODEL_DISTILLATION = "model distillation"
    DATA_DISTILLATION = "data distillation"
    JOINT_COMPRESSION = "joint compression"
    SELF_ITERATIVE_OPTIMISATION = "self-iterative optimisation"
    DYNAMIC_EVALUATION_FEEDBACK = "dynamic evaluation feedback"
    LLM_AS_A_JUDGE = "LLM-as-a-judge"

    @property
    def family(self) -> str:
        """The family that the leaf belongs to."""
        return FAMILIES[tuple(Leaf).index(self)]


FAMILIES = (
    *("selection",) * 4, *("quality enhancement",) * 3, *("synthesis",) * 3,
    *("distillation and compression",) * 3, *("self-evolution",) * 3,
)  # fmt: skip

Hook = Literal[
    "select", "deal", "lean", "attempt", "route", "enhance", "curate", "train", "judge", "examine", "meta", "source"
]
"""Where a method joins the wheel: it chooses rows, deals hands its own way, leans on the next plan, attempts a task
beside the solver, routes or enhances an accepted candidate, changes what is curated, trained, judged or examined,
weighs the other methods, or brings what a domain asks about."""


Rooting = Callable[[Path], Path]
"""A path as it is written to the same from the config's folder."""


class Method(Part):
    """What one method is given; its class says where it stands."""

    leaf: ClassVar[Leaf]
    hook: ClassVar[Hook]
    module: ClassVar[str]
    """The module that does it, imported only where it is on."""
    paper: ClassVar[str]
    """The paper it follows, with its arXiv number; what is Noria's own says so."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Importable packages beyond the base install."""
    extra: ClassVar[str] = ""
    """The extra of Noria's that brings them."""

    missing: Literal["refuse", "skip"] = "refuse"
    """What a package it needs and cannot find does: refuse the config, or skip the method and say so in the funnel."""

    def rooted(self, at: Rooting) -> "Self":
        """The same with the paths it names taken from the config's folder by `at`."""
        return self

    def contradicts(self, config: "SessionConfig") -> str:
        """What in the rest of the config cannot go with it, as a sentence with the mend; empty where nothing does."""
        return ""

    def lacks(self) -> tuple[str, str]:
        """What it needs and this machine does not have, and the mend; empty where nothing lacks."""
        if not (absent := self.absent(*self.needs)):
            return "", ""
        line = f"`pip install 'noria[{self.extra}]'`" if self.extra else f"`pip install {' '.join(absent)}`"
        return f"{', '.join(absent)}, which is not installed", f"{line} brings it"

    @staticmethod
    def absent(*packages: str) -> list[str]:
        """Those of some packages that are not installed."""
        return [one for one in packages if find_spec(one) is None]


class Family(Part):
    """Some methods of the config, each off unless it is named."""

    @model_validator(mode="before")
    @classmethod
    def _switches(cls, given: Any) -> Any:
        """`on` is a method as it comes, `off` is none."""
        if not isinstance(given, dict):
            return given
        return {name: {} if rules is True else None if rules is False else rules for name, rules in given.items()}
