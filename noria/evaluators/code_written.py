"""Code, level 4: the generator writes the task, its examples and its tests, and a program lets in what holds.

    does · body · examples · properties ─► run ─► cross-validation ─► what is left judges responses
                                                     ├ an example counts where the source agrees
                                                     ├ a property counts where it holds of the source and
                                                     │ refuses a mutant; half of them by properties alone
                                                     └ together they refuse a stub, what equals everything,
                                                       and every mutant that differs

Model-written tests are untrusted. The source is no truth either: it is the witness that the
examples and properties are heard against, and responses are judged by these alone, so that
another right program passes. The candidate and each property run in processes of their own;
what passes from one to the other is exact JSON, through us. Two examples are shown, the others
held out. What no attempt solved from the wording alone is not learned from.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from pydantic import Field

from noria.evaluators import steps as small
from noria.evaluators import written
from noria.evaluators.code import FRAMES, SAME, TAKEN, code_of, idle, places
from noria.evaluators.deduction import table
from noria.evaluators.domain import Domain, Parameters, proposal
from noria.evaluators.executed import SEEDS
from noria.evaluators.phrasing import RESPONSE_LIMIT, pick
from noria.evaluators.sandbox.job import Answer, exact, parse
from noria.evaluators.sandbox.runner import Runner
from noria.evaluators.written import Kind, Pair, Value, plain
from noria.identity import content_id
from noria.types import Check, Grounding, Json

SHOWN = 2
"""Examples that an instruction shows."""

EXAMPLES = 3
"""Examples that must be left."""

RAN = 8
"""Inputs that the source must answer."""

TELLING = 3
"""Mutants that must differ from the source, and be refused."""

STUBS = (
    "def f(x):\n    return None", "def f(x):\n    return x", "def f(x):\n    return 0", "def f(x):\n    return []",
    "def f(x):\n    return ''", "def f(x):\n    return True", "def f(x):\n    pass", SAME, "import sys\nsys.exit(0)",
)  # fmt: skip
"""Programs that do nothing: tests that accept one of them are none."""

SIGNATURES: tuple[tuple[Kind, Kind], ...] = (
    ("int", "int"), ("list", "list"), ("list", "int"), ("text", "text"), ("text", "int"), ("int", "bool"),
)  # fmt: skip

Small = tuple[str, str, Callable[[Any], Any]]

SMALL: dict[tuple[Kind, Kind], tuple[Small, ...]] = {
    ("text", "text"): (
        ("returns its words in reverse order", "' '.join(x.split()[::-1])", lambda x: " ".join(x.split()[::-1])),
        ("returns it without its first letter, backwards", "x[1:][::-1]", lambda x: x[1:][::-1]),
        ("returns its first three letters, then its last letter", "x[:3] + x[-1:]", lambda x: x[:3] + x[-1:]),
        ("returns it in small letters with each a made an o", "x.lower().replace('a', 'o')",
         lambda x: x.lower().replace("a", "o")),
    ),
    ("text", "int"): (
        ("counts its characters beyond the third", "max(len(x) - 3, 0)", lambda x: max(len(x) - 3, 0)),
        ("counts its words and adds 2", "len(x.split()) + 2", lambda x: len(x.split()) + 2),
        ("counts how often a or e is in it", "x.count('a') + x.count('e')", lambda x: x.count("a") + x.count("e")),
    ),
    ("int", "bool"): (
        ("tells whether it is even", "x % 2 == 0", lambda x: x % 2 == 0),
        ("tells whether it is divisible by 3 and above 0", "x % 3 == 0 and x > 0", lambda x: x % 3 == 0 and x > 0),
        ("tells whether it lies from 1 to 50", "1 <= x <= 50", lambda x: 1 <= x <= 50),
    ),
}  # fmt: skip
"""Small programs that stand as examples: what they do, the expression, and what it gives by our own code."""


class Written(Parameters):
    """A task as a model wrote it, and what became of it when it was run."""

    filled: ClassVar[frozenset[str]] = frozenset({"ran"})

    skill: str = Field(pattern=r"^written_(int|list|text)_(int|list|text|bool)$")
    does: str = Field(min_length=4, max_length=100)
    """A clause: what f does with x."""
    body: tuple[str, ...] = Field(min_length=1, max_length=8)
    """Lines of `f(x)`."""
    examples: tuple[Pair, ...] = Field(min_length=1, max_length=6)
    properties: tuple[tuple[str, ...], ...] = Field(min_length=1, max_length=2)
    """Lines of functions `holds(x, y)`: whether y may be the answer to x."""
    ran: tuple[Pair, ...] | None = None
    """What the source gave, filled in when it was run."""

    @property
    def source(self) -> str:
        """The function."""
        return written.defined("f(x)", self.body)

    @property
    def kinds(self) -> tuple[Kind, Kind]:
        """What f takes and gives."""
        _, taken, given = self.skill.split("_")
        return taken, given  # type: ignore[return-value]


class WrittenCode(Domain):
    """Functions that a model thought up, with its own tests."""

    name: ClassVar[str] = "code"
    family: ClassVar[str] = "written"
    about: ClassVar[str] = (
        "A Python function f(x): what it does, the lines of its body, examples of x and y, and a test holds(x, y) "
        "that tells whether y is right."
    )
    levels: ClassVar[tuple[int, ...]] = (4,)
    parameters = Written
    answer_tokens: ClassVar[int] = 120
    proposal_tokens: ClassVar[int] = 360
    unique: ClassVar[bool] = False
    executes: ClassVar[bool] = True

    def model_written(self, grounding: Grounding) -> bool:
        """The examples and properties are a model's."""
        return True

    def skills(self, level: int) -> tuple[str, ...]:
        """What f takes and gives."""
        return tuple(f"written_{taken}_{given}" for taken, given in SIGNATURES)

    def window(self, level: int, rng: random.Random, *, weak: tuple[str, ...] = (), topic: str = "") -> Json:
        """What f takes and gives, and how long a list is."""
        return {"skill": rng.choice(self.skills(level)), "size": rng.choice((2, 3, 4))}

    def schema(self, level: int, window: Json) -> Json:
        """What f does, its source, four examples, a property, the wording."""
        _, taken, given = window["skill"].split("_")
        pair = {
            "type": "object",
            "properties": {"x": written.schema(taken, window["size"]), "y": written.schema(given)},
            "required": ["x", "y"],
            "additionalProperties": False,
        }
        return proposal(
            {
                "skill": {"const": window["skill"]},
                "does": {"type": "string", "minLength": 8, "maxLength": 80},
                "body": written.lines(6),
                "examples": {"type": "array", "items": pair, "minItems": 4, "maxItems": 4},
                "properties": {"type": "array", "items": written.lines(4), "minItems": 1, "maxItems": 1},
            }
        )

    def sample(self, level: int, rng: random.Random, window: Json | None = None) -> Written:
        """A small program of our own, told as a model should tell one."""
        dealt = window or self.window(level, rng)
        _, taken, given = dealt["skill"].split("_")
        ran: list[tuple[Any, Any]]
        if (taken, given) in SMALL:
            does, expression, apply = rng.choice(SMALL[taken, given])
            body, test = [f"return {expression}"], [f"return y == ({expression})"]
            asked = written.inputs(taken)
            ran = [(x, apply(x)) for x in asked]
        else:
            steps = _steps(taken, given, rng)
            does = small.words(steps, rng)
            body = [line.strip() for line in small.source(steps).splitlines()[1:]]
            test = [*body[:-1], "return y == x"]
            asked = written.inputs(taken)
            tried = small.telling(steps, rng, 4)
            ran = [(x, small.apply(steps, x)) for x in [*tried, *(x for x in asked if x not in tried)]]
        shown = rng.sample(ran[:8], 4)
        return Written(
            skill=dealt["skill"],
            does=does,
            body=tuple(body),
            examples=tuple(_pair(x, y) for x, y in shown),
            properties=(tuple(test),),
            ran=tuple(_pair(x, y) for x, y in ran),
        )

    async def establish(self, parameters: Parameters, runner: Runner) -> Parameters:
        """Hear examples, properties and source against one another; what is left must tell the source from its like."""
        assert isinstance(parameters, Written)
        taken, given = parameters.kinds
        examples = {exact(plain(one.x)): one for one in parameters.examples}
        own = [plain(one.x) for one in examples.values()]
        if any(written.kind(x) != taken for x in own):
            raise ValueError(f"an example's x is not of the kind {taken}")
        asked = own + [x for x in written.inputs(taken) if exact(x) not in examples]
        ran = await written.pairs(runner, parameters.source, asked, given)
        if len(ran) < RAN:
            raise ValueError(f"the program answers {len(ran)} of {len(asked)} inputs, {RAN} are needed")
        known = {exact(x): exact(y) for x, y in ran}
        kept = [one for at, one in examples.items() if known.get(at) == exact(plain(one.y))]
        if len(kept) < EXAMPLES:
            raise ValueError(f"{len(kept)} of {len(examples)} examples agree with the program, {EXAMPLES} must")
        properties = [one for one in parameters.properties if await _steady(runner, _test(one), ran)]
        if not properties:
            raise ValueError("none of its properties holds of its own program")
        heard = parameters.model_copy(
            update={
                "does": parameters.does.strip().rstrip("."),
                "examples": tuple(kept),
                "properties": tuple(properties),
                "ran": tuple(_pair(x, y) for x, y in ran),
            }
        )
        return heard.model_copy(update={"properties": await self._telling(heard, runner)})

    async def _telling(self, heard: Written, runner: Runner) -> tuple[tuple[str, ...], ...]:
        """The properties that refuse a mutant by themselves; all tests together refuse each one, and every stub."""
        facts = self.ground(heard).facts
        known = [exact(plain(one.y)) for one in heard.ran or ()]
        asked = [x for x, _ in facts["examples"]] + facts["asked"]
        differing, alone, refused = 0, 0, set[tuple[str, ...]]()
        for source in (*STUBS, *await written.mutants(runner, heard.source)):
            found, level = await written.answers(runner, source, asked, twice=False)
            values = found[len(facts["examples"]) :]
            given = [one.value for one in values]
            if source not in STUBS and (given == known or not any(given)):
                continue  # it does the same, or nothing at all
            if all(check.passed for check in await _judged(facts, found, level, runner)):
                raise ValueError(f"its tests accept another program: {source[:160]!r}")
            if source in STUBS:
                continue
            differing += 1
            answered = zip(facts["asked"], values, strict=True)
            said = [(x, parse(one.value)) for x, one in answered if one.value is not None]
            against = {one for one in heard.properties if not all(await written.holds(runner, _test(one), said))}
            alone += bool(against)
            refused |= against
        if differing < TELLING:
            raise ValueError(f"{differing} mutants differ from the program, {TELLING} are needed to test its tests")
        if not refused or 2 * alone < differing:
            raise ValueError(f"its properties refuse {alone} of {differing} mutants, half of them must be")
        return tuple(one for one in heard.properties if one in refused)

    def ground(self, parameters: Parameters) -> Grounding:
        """The examples and properties that were let in."""
        assert isinstance(parameters, Written)
        if parameters.ran is None:
            raise ValueError("the program was never run")
        facts: Json = {
            "skill": parameters.skill,
            "examples": [[plain(one.x), plain(one.y)] for one in parameters.examples],
            "properties": [_test(one) for one in parameters.properties],
            "asked": [plain(one.x) for one in parameters.ran],
            "source": parameters.source,
        }
        does = [[plain(one.x), plain(one.y)] for one in sorted(parameters.ran, key=lambda one: exact(plain(one.x)))]
        return Grounding(verifier=self.verifier, facts=facts, signature=content_id("behaviour", does))

    def phrase(self, parameters: Parameters, rng: random.Random) -> str:
        """A frame around what f does, then the examples that are shown."""
        assert isinstance(parameters, Written)
        taken, _ = parameters.kinds
        return self.worded(parameters, pick(FRAMES, rng, taken=TAKEN[taken], does=parameters.does))

    def worded(self, parameters: Parameters, wording: str) -> str:
        """The wording with two examples."""
        assert isinstance(parameters, Written)
        pairs = [_shown(one) for one in parameters.examples[:SHOWN]]
        if all(pair in wording for pair in pairs):
            return wording
        shown = " and ".join(pairs)
        return f"{wording.rstrip()} For example, {shown}."

    def says(self, parameters: Parameters, instruction: str) -> Check:
        """The function's name, what it does, the examples that are shown, and not the program."""
        assert isinstance(parameters, Written)
        text = " ".join(instruction.lower().split())
        if "f(x)" not in text:
            return Check.of("wording", False, "does not name f(x)")
        if " ".join(parameters.does.lower().split()) not in text:
            return Check.of("wording", False, f"does not say that it {parameters.does}")
        if lost := [shown for one in parameters.examples[:SHOWN] if (shown := _shown(one)) not in instruction]:
            return Check.of("wording", False, f"does not show {lost[0]}")
        given_away = self.leaks(self.ground(parameters), instruction)
        return Check.of("wording", not given_away, f"gives {given_away!r} away" if given_away else parameters.does)

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        """The examples, and each property of what the function gives for every input."""
        if len(response) > RESPONSE_LIMIT:
            return (Check.of("examples", False, f"the response has {len(response)} characters"),)
        facts = grounding.facts
        asked = [x for x, _ in facts["examples"]] + facts["asked"]
        return await _judged(facts, *await written.answers(runner, code_of(response), asked), runner)

    def truth(self, parameters: Parameters, rng: random.Random) -> str:
        """The source."""
        assert isinstance(parameters, Written)
        return parameters.source

    def wrong(self, parameters: Parameters, rng: random.Random) -> str:
        """A program that does nothing, a table of what is shown, or no program."""
        assert isinstance(parameters, Written)
        known = table([[plain(one.x), plain(one.y)] for one in parameters.examples[:SHOWN]])
        other = parameters.source.replace("def f(", "def g(")
        printed = parameters.source.replace("return ", "print(", 1) + ")"
        return rng.choice((*STUBS, known, other, printed, f"The function {parameters.does}."))

    def neighbours(self, parameters: Parameters, level: int, rng: random.Random) -> Iterator[Parameters]:
        """None: what stands beside a task of a model's making, no program knows."""
        return iter(())

    def leaks(self, grounding: Grounding, instruction: str) -> str:
        """The program, or a line of it that does the work."""
        lines = [line.strip() for line in grounding.facts["source"].splitlines()]
        work = [line for line in lines if len(line) > 12 and not line.startswith(("def ", '"""', "import "))]
        return next((line for line in work if line in instruction), "")


async def _judged(facts: Json, found: Sequence[Answer], level: str, runner: Runner) -> tuple[Check, ...]:
    """What the answers of a program are worth: those to the examples first, then those to every input."""
    for (x, y), one in zip(facts["examples"], found, strict=False):
        if one.value != exact(y):
            evidence = f"f({exact(x)}): expected {exact(y)}, found {(one.value or one.fault)[:200]}"
            return (Check.of("examples", False, evidence, sandbox=level),)
    first = Check.of("examples", True, f"{len(facts['examples'])} examples", sandbox=level)
    given = facts["skill"].split("_")[2]
    asked = [x for x, _ in facts["examples"]] + facts["asked"]
    values = []
    for x, one in zip(asked, found, strict=True):
        value = None if one.value is None else parse(one.value)
        if written.kind(value) != given:
            evidence = f"f({exact(x)}): {(one.value or one.fault)[:200]} is not of the kind {given}"
            return first, Check.of("properties", False, evidence, sandbox=level)
        values.append((x, value))
    for text in facts["properties"]:
        said = await written.holds(runner, text, values)
        if not all(said):
            x, y = values[said.index(False)]
            evidence = f"{exact(y)[:120]} for {exact(x)} does not have the property {text[:200]!r}"
            return first, Check.of("properties", False, evidence, sandbox=level)
    count = len(facts["properties"])
    return first, Check.of("properties", True, f"{count} of {len(values)} answers each", sandbox=level)


async def _steady(runner: Runner, source: str, ran: list[tuple[Any, Any]]) -> bool:
    """Whether a property says true of every pair, under each hash seed."""
    for seed in SEEDS:
        if not all(await written.holds(runner, source, ran, seed)):
            return False
    return True


def _steps(taken: str, given: str, rng: random.Random) -> tuple[str, ...]:
    """A program of one or two steps that does something."""
    while True:
        steps = tuple(rng.choice(part) for part in places(taken, given, rng.choice((1, 2)), rng))  # type: ignore[arg-type]
        if not idle(steps):
            return steps


def _test(body: tuple[str, ...]) -> str:
    """A property as the function `holds`."""
    return written.defined("holds(x, y)", body)


def _pair(x: Any, y: Any) -> Pair:
    return Pair(x=_value(x), y=_value(y))


def _value(value: Any) -> Value:
    return tuple(value) if isinstance(value, list) else value


def _shown(one: Pair) -> str:
    return f"f({exact(plain(one.x))}) = {exact(plain(one.y))}"
