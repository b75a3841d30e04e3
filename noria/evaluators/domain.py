"""A domain: a family of tasks whose truth is a program; or, where its `warrant` says so, a judge's opinion (`open`).

    window ─► schema ─► (generator's reply) ─► read ─► establish ─► ground ─► phrase / says ─► check
                                                                      │           ▲
    sample (exam items, planted answers) ─────────────────────────────┘           └─ the wording still says
                                                                                     the parameters

A domain is pure: it knows no model, no ledger and no session. It deals a *window*, a patch
of its parameter space, so that a tiny generator that always likes the same numbers still
covers the space; it types what the generator may propose; a program grounds the truth,
words the task in many phrasings, tells whether another's wording still says what the
parameters say, and checks responses. What a model wrote and must be run is run by a
runner that is handed in (see `sandbox/`). Levels order difficulty from 1 up; where a level is
a family of its own, such as tasks whose truth a model writes, `at` leads to it.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer

from noria.errors import ReplyError
from noria.evaluators.sandbox.runner import Runner
from noria.identity import bucket
from noria.types import Bucket, Check, Grounding, Json, Warrant

NEIGHBOURS = 8
"""Points drawn to exchange a field with."""

WORDING_LIMIT = 200
"""Longest instruction, in characters, that a generator may word."""


class Parameters(BaseModel):
    """Base of a domain's typed parameters: a point of its parameter space."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    filled: ClassVar[frozenset[str]] = frozenset()
    """Fields that no generator writes: a run fills them in."""

    def proposed(self) -> Json:
        """The point as a generator writes it."""
        return self.model_dump(mode="json", exclude=set(self.filled))

    @model_serializer(mode="wrap")
    def _without_gaps(self, write: SerializerFunctionWrapHandler) -> Json:
        """A parameter a skill does not have is left out, so that one point has one canonical form."""
        return {name: value for name, value in write(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Reading:
    """Something else that a wording may be heard to ask."""

    says: str
    """The other thing, in words."""
    answer: str
    """What would be right then."""


class Domain(ABC):
    """A family of tasks: how to propose, ground, word, check and examine."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    about: ClassVar[str]
    """One sentence for the generator: what a task of this domain asks."""
    levels: ClassVar[tuple[int, ...]]
    further: ClassVar[tuple[int, ...]] = ()
    """Levels that are families of their own, to which `at` leads."""
    parameters: ClassVar[type[Parameters]]
    """Its field `skill` is a Literal; further fields are the domain's own."""
    answer_tokens: ClassVar[int]
    """Tokens a right answer needs at most; the solver's cap."""
    proposal_tokens: ClassVar[int] = 140
    """Tokens a generator's proposal needs at most."""
    warrant: ClassVar[Warrant] = "verified"
    """What its accepted samples rest on: the program that checks them, or a judge's opinion alone."""
    examined: ClassVar[bool] = True
    """Whether exams ask its tasks: a program must know what is right. Where none does no ground is reserved for
    exams either, and the plan weighs the domain as it weighs the others on the average."""
    family: ClassVar[str] = ""
    """What sets the verifier of some levels apart from that of the others."""
    executes: ClassVar[bool] = False
    """Whether it runs programs that models wrote, and so needs a sandbox."""
    reads: ClassVar[bool] = False
    """Whether its tasks are about passages of documents, which it is given when a session is opened."""
    longest: ClassVar[int] = 600
    """Longest instruction, in characters."""
    free_wording: ClassVar[bool] = False
    """Whether a wording may ask what no program can read: then a generator's is accepted only where an attempt, which
    sees the wording alone, gives the answer that is expected."""
    unique: ClassVar[bool]
    """Whether one answer alone is right (up to form); else another passing answer is no ambiguity."""

    @property
    def verifier(self) -> str:
        """Name and version of the program that checks responses."""
        return f"{self.name}{'.' * bool(self.family)}{self.family}@{self.version}"

    @property
    def offered(self) -> tuple[int, ...]:
        """Every level that may be dealt."""
        return (*self.levels, *self.further)

    def at(self, level: int) -> "Domain":
        """The family of tasks of a level: this one, but where a level has one of its own."""
        return self

    @abstractmethod
    def skills(self, level: int) -> tuple[str, ...]:
        """The skills of a level."""

    @abstractmethod
    def window(self, level: int, rng: random.Random, *, weak: tuple[str, ...] = (), topic: str = "") -> Json:
        """Deal a patch of the parameter space: which skills, which ranges, which subject.

        `weak` skills are dealt more often. Windows come from a small set of ranges, so
        that a server compiles few grammars.
        """

    @abstractmethod
    def schema(self, level: int, window: Json) -> Json:
        """JSON schema of a proposal inside the window: the parameters, then `instruction` last.

        Every string is bounded in length and every list in items, so that a reply ends. A text
        that the schema does not list is the generator's own and must hold nothing foreign (see `foreign.py`).
        """

    @abstractmethod
    def sample(self, level: int, rng: random.Random, window: Json | None = None) -> Parameters:
        """Draw a point of the parameter space by program; it is established already."""

    @abstractmethod
    def ground(self, parameters: Parameters) -> Grounding:
        """Build the truth.

        Raises:
            ValueError: these parameters have no truth (the sentence says why).
        """

    @abstractmethod
    def phrase(self, parameters: Parameters, rng: random.Random) -> str:
        """Word the task by program, in one of many phrasings; `says` holds for each."""

    @abstractmethod
    def says(self, parameters: Parameters, instruction: str) -> Check:
        """Whether a wording still says what the parameters say, and nothing that contradicts them."""

    async def establish(self, parameters: Parameters, runner: Runner) -> Parameters:
        """A generator's parameters with what only a run can tell; as they are where nothing has to be run.

        Raises:
            ValueError: the run shows that there is no truth (the sentence says why).
            SandboxError: nothing can be run, or not isolated enough.
        """
        return parameters

    def bucket(self, parameters: Parameters) -> Bucket:
        """The side of the line between training and exams that a point falls on, for ever."""
        return bucket(self.name, parameters.model_dump(mode="json"))

    def worded(self, parameters: Parameters, wording: str) -> str:
        """The instruction made of a generator's wording: itself, but where a program adds what every one must show."""
        return wording

    def wording(self, parameters: Parameters, instruction: str) -> str:
        """What of an instruction a generator words: all of it, but where `worded` adds something."""
        return instruction

    def aside(self, parameters: Parameters, instruction: str) -> str:
        """Another instruction that the same answer is right of, to be learned beside this one; empty where none is."""
        return ""

    @abstractmethod
    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        """Check a response; never raises for a response, however odd. Programs are run by the runner alone.

        Raises:
            SandboxError: a program would have to be run and cannot be.
        """

    def formed(self, grounding: Grounding, response: str) -> bool:
        """Whether a response has the form of an answer to this task, right or wrong.

        That it says something, where no more can be told.
        """
        return bool(response.strip())

    @abstractmethod
    def truth(self, parameters: Parameters, rng: random.Random) -> str:
        """A right response, written by program as a good student would write it."""

    @abstractmethod
    def wrong(self, parameters: Parameters, rng: random.Random) -> str:
        """A plausible wrong response, written by program; `check` refuses it."""

    def decoy(self, parameters: Parameters, rng: random.Random) -> str:
        """A wrong response to plant before a judge: `wrong`, but where `check` could not refuse what a judge must."""
        return self.wrong(parameters, rng)

    def free_text(self, parameters: Parameters) -> str:
        """The part of the parameters that is free text, whose novelty is by meaning; empty where there is none."""
        return ""

    def single(self, grounding: Grounding) -> bool:
        """Whether one answer alone is right for this task."""
        return self.unique

    def model_written(self, grounding: Grounding) -> bool:
        """Whether a model wrote what counts as right here; then only an answer from the wording alone is learned."""
        return False

    def to_tell(self, grounding: Grounding) -> tuple[str, str] | None:
        """A program that a model must put into words, and what these must entail; none where nothing rests on it."""
        return None

    def leaks(self, grounding: Grounding, instruction: str) -> str:
        """What of the answer can be read off the instruction; empty where nothing can."""
        return ""

    def neighbours(self, parameters: Parameters, level: int, rng: random.Random) -> Iterator[Parameters]:
        """Points beside this one: one field exchanged for that of a drawn point, where that gives a task."""
        here = parameters.model_dump(mode="json")
        for _ in range(NEIGHBOURS):
            drawn = self.sample(level, rng).model_dump(mode="json")
            for name, value in drawn.items():
                point = None if here.get(name) == value else self._grounded({**here, name: value})
                if point is not None:
                    yield point

    def _grounded(self, data: Json) -> Parameters | None:
        """The point of a parameters' JSON, where there is one and it has a truth."""
        try:
            point = self.point(data)
            self.ground(point)
        except Exception:  # a domain of one's own may raise anything at a point that nobody would draw
            return None
        return point

    def readings(self, parameters: Parameters, instruction: str) -> Iterator[Reading]:
        """What else a wording may be heard to ask, where only the domain can hear it."""
        return iter(())

    def shortcuts(self, instruction: str) -> dict[str, str]:
        """Responses that could only pass a verifier with a hole, by what they do instead of the task."""
        return {}

    def read(self, reply: str) -> tuple[Parameters, str]:
        """Read a generator's reply: the parameters and its wording.

        Raises:
            ReplyError: the reply is not a proposal of this domain.
        """
        try:
            data = _Proposal.model_validate_json(reply).model_extra or {}
            wording = data.pop("instruction", None)
            if not isinstance(wording, str):
                raise ReplyError("the proposal has no `instruction`")
            # JSON text, because strict mode reads tuples and literals from JSON only.
            return self.point(data), " ".join(wording.split())[:WORDING_LIMIT]
        except ValidationError as fault:
            first = fault.errors(include_url=False)[0]
            where = ".".join(str(step) for step in first["loc"]) or "the reply"
            raise ReplyError(f"{where}: {first['msg']}") from fault

    def point(self, data: dict[str, Any]) -> Parameters:
        """Parameters from their JSON form.

        Raises:
            ValidationError: they are not of this domain.
        """
        try:
            text = orjson.dumps(data)
        except TypeError:  # a whole number above 64 bits, or a value that only Python knows
            text = _Proposal.model_validate(data).model_dump_json().encode()
        return self.parameters.model_validate_json(text)


P = TypeVar("P", bound=Parameters)


def drawn(domain: Domain, draw: Callable[[], P]) -> P:
    """A point that has a truth: drawn again while it has none."""
    while True:
        point = draw()
        try:
            domain.ground(point)
        except ValueError:
            continue
        return point


class _Proposal(BaseModel):
    """A JSON object of any keys."""

    model_config = ConfigDict(extra="allow")


def choose(domain: Domain, level: int, rng: random.Random, weak: tuple[str, ...]) -> str:
    """One skill of a level; a weak one twice as often."""
    skills = domain.skills(level)
    weights = [2 if f"{domain.name}/{skill}" in weak or skill in weak else 1 for skill in skills]
    return rng.choices(skills, weights=weights)[0]


def proposal(properties: Json) -> Json:
    """The schema of a proposal: its parameters, then the wording."""
    fields = {**properties, "instruction": {"type": "string", "minLength": 10, "maxLength": 120}}
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
