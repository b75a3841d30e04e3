"""Deduction, level 4: the generator writes the program, and a run of it is the truth.

    source, x ─► run on x and on the program's own inputs ─► y, pairs ─► the question

After Absolute Zero (arXiv 2505.03335): whatever a deterministic program gives is right, so that
nothing of the generator has to be believed but that it ran. A program to be found from examples
may have many answers that fit what is shown; held-out pairs decide, and it is learned from
only where an attempt found it.
"""

import random
import re
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from noria.evaluators import steps as small
from noria.evaluators import written
from noria.evaluators.code import SAME, SKILLS, idle, places
from noria.evaluators.deduction import SHOWN, Deduction, table
from noria.evaluators.domain import Parameters, Reading, proposal
from noria.evaluators.sandbox.job import exact
from noria.evaluators.sandbox.runner import Runner
from noria.evaluators.written import Pair, plain
from noria.identity import content_id
from noria.types import Grounding, Json

RAN = 8
"""Inputs that a program must answer."""

_FORBIDDEN = re.compile(r"\b(import|print|input|open|exec|eval|random|time)\b|```|__")
"""What has no place in a program whose output is to be worked out by reading."""


class Written(Parameters):
    """A program as a model wrote it, and what it gave when it was run."""

    filled: ClassVar[frozenset[str]] = frozenset({"ran"})

    skill: Literal["written_output", "written_input", "written_program"]
    body: tuple[str, ...] = Field(min_length=1, max_length=8)
    """Lines of `f(x)`."""
    x: int | tuple[int, ...]
    """The input that is asked about; for a program to be found, one more that it is run on."""
    ran: tuple[Pair, ...] | None = None
    """What the program gave, that of `x` first; filled in when it was run."""

    @property
    def source(self) -> str:
        """The program."""
        return written.defined("f(x)", self.body)

    @property
    def takes(self) -> small.Kind:
        """What the program takes."""
        return "int" if isinstance(self.x, int) else "list"


class WrittenDeduction(Deduction):
    """Reasoning about programs that a model thought up."""

    family: ClassVar[str] = "written"
    about: ClassVar[str] = (
        "A short Python program f(x) over whole numbers or a list of them, as the lines of its body, and an input x."
    )
    levels: ClassVar[tuple[int, ...]] = (4,)
    further: ClassVar[tuple[int, ...]] = ()
    parameters = Written  # type: ignore[assignment]
    proposal_tokens: ClassVar[int] = 220

    def model_written(self, grounding: Grounding) -> bool:
        """An output is executed; that a program can be found from its examples is only the model's idea."""
        return bool(grounding.facts["skill"] == "program")

    def skills(self, level: int) -> tuple[str, ...]:
        """The three ways."""
        return ("written_output", "written_input", "written_program")

    def window(self, level: int, rng: random.Random, *, weak: tuple[str, ...] = (), topic: str = "") -> Json:
        """A way, and what the program takes."""
        return {"skill": rng.choice(self.skills(level)), "size": rng.choice((0, 3, 4))}

    def schema(self, level: int, window: Json) -> Json:
        """The way, a source, an input, the wording."""
        fields: Json = {
            "skill": {"const": window["skill"]},
            "body": written.lines(6),
            "x": written.schema("list", window["size"]) if window["size"] else written.schema("int"),
        }
        return proposal(fields)

    def sample(self, level: int, rng: random.Random, window: Json | None = None) -> Written:
        """A program of our own of two or three steps."""
        while True:
            dealt = window or self.window(level, rng)
            length = rng.choice((2, 3))
            taken: small.Kind = "list" if dealt["size"] else "int"
            kinds = rng.choice([one for one in SKILLS[length].values() if one[0] == taken])
            steps = tuple(rng.choice(part) for part in places(*kinds, length, rng))
            drawn = tuple(rng.randint(0, 30) for _ in range(dealt["size"] or 1))
            x: Any = drawn if dealt["size"] else drawn[0]
            if not idle(steps):
                asked = [plain(x), *(one for one in written.inputs(taken) if one != plain(x))]
                ran = tuple(_pair(one, small.apply(steps, one)) for one in asked)
                body = tuple(line.strip() for line in small.source(steps).splitlines()[1:])
                point = Written(skill=dealt["skill"], body=body, x=x, ran=ran)
                if not _why_not(point):
                    return point

    async def establish(self, parameters: Parameters, runner: Runner) -> Parameters:
        """Run the program on its input and on ours, twice."""
        assert isinstance(parameters, Written)
        if found := _FORBIDDEN.search(parameters.source):
            raise ValueError(f"the program holds {found[0]!r}")
        x = plain(parameters.x)
        asked = [x, *(one for one in written.inputs(parameters.takes) if one != x)]
        ran = await written.pairs(runner, parameters.source, asked)
        if exact(ran[0][0]) != exact(x):
            raise ValueError(f"the program gives nothing for {exact(x)}")
        if len(ran) < RAN:
            raise ValueError(f"the program answers {len(ran)} of {len(asked)} inputs, {RAN} are needed")
        if written.kind(ran[0][1]) not in ("int", "list"):
            raise ValueError("the program gives no integer and no list of integers")
        return parameters.model_copy(update={"ran": tuple(_pair(one, y) for one, y in ran)})

    def ground(self, parameters: Parameters) -> Grounding:
        """What the program gave."""
        assert isinstance(parameters, Written)
        if why := _why_not(parameters):
            raise ValueError(why)
        ran = [[plain(one.x), plain(one.y)] for one in parameters.ran or ()]
        x, y = ran[0]
        skill = parameters.skill.removeprefix("written_")
        facts: Json = {"skill": skill, "source": parameters.source, "takes": parameters.takes}
        facts["gives"] = written.kind(y)
        does = content_id("behaviour", sorted(ran[1:], key=exact))
        if skill == "program":
            shown = {exact(one[1]): one for one in reversed(ran)}  # pairs that differ tell more than pairs that do not
            first = list(shown.values())[::-1][:SHOWN]
            facts |= {"cases": [*first, *(one for one in ran if one not in first)], "shown": len(first)}
            return Grounding(verifier=self.verifier, facts=facts, signature=f"program: {does}")
        facts |= {"x": x, "y": y}
        return Grounding(verifier=self.verifier, facts=facts, signature=f"{skill}: {does}: {exact(x)}")

    def wrong(self, parameters: Parameters, rng: random.Random) -> str:
        """Another value than the output, an input that gives another, or a program that only looks like one."""
        assert isinstance(parameters, Written)
        facts = self.ground(parameters).facts
        if facts["skill"] == "program":
            return rng.choice((SAME, table(facts["cases"][: facts["shown"]]), "def f(x):\n    return x", "no program"))
        ran = parameters.ran or ()
        others = [one for one in ran if exact(plain(one.y)) != exact(facts["y"])]
        chosen = rng.choice(others)
        return exact(plain(chosen.y if facts["skill"] == "output" else chosen.x))

    def neighbours(self, parameters: Parameters, level: int, rng: random.Random) -> Iterator[Parameters]:
        """None: what stands beside a task of a model's making, no program knows."""
        return iter(())

    def readings(self, parameters: Parameters, instruction: str) -> Iterator[Reading]:
        """None that a program hears."""
        return iter(())

    def leaks(self, grounding: Grounding, instruction: str) -> str:
        """The program, where it is to be found; the output, said once more."""
        facts = grounding.facts
        if facts["skill"] == "program":
            return facts["source"] if facts["source"] in instruction else ""
        said = f"f({exact(facts['x'])}) = {exact(facts['y'])}"
        return said if said in instruction else ""


def _why_not(point: Written) -> str:
    """Why a program that was run makes no question; empty where it does."""
    if point.ran is None:
        return "the program was never run"
    x, y = plain(point.ran[0].x), plain(point.ran[0].y)
    if exact(x) == exact(y):
        return "the program gives its input back"
    known = {exact(plain(one.x)): exact(plain(one.y)) for one in point.ran}
    if point.skill == "written_input" and known.get(exact(y)) == exact(y):
        return "the output, which is shown, is an input that gives it"
    if point.skill == "written_program" and len(set(known.values())) <= SHOWN:
        return "the program gives too few different values to be found from them"
    return ""


def _pair(x: Any, y: Any) -> Pair:
    return Pair(x=_tuple(x), y=_tuple(y))


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
