"""Constraints, level 4: the generator writes the rule, functions that check it, and cases that check them.

    rule · functions · cases ─► run ─► they vote each other in ─► told back in words ─► does it entail the rule?
                                        ├ a case counts where most functions agree with its author
                                        └ a function counts where it agrees with every case that counts

After AutoIF (arXiv 2406.13542). None of it is believed by itself: what judges responses are
functions, two at least, that say the same of every case that most of them agreed on, right ones
and wrong ones among them, under two hash seeds. That they mean the rule is told by a model that
sees them alone and puts them into words, and by the judge, who says whether those words entail
the rule; where the judge is benched nobody can tell, and nothing is accepted.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import Field

from noria.evaluators import written
from noria.evaluators.constraints import CLAUSES, FRAMES, Constraints, compose, substance
from noria.evaluators.constraints import Point as Mechanical
from noria.evaluators.domain import Domain, Parameters, proposal
from noria.evaluators.executed import SEEDS
from noria.evaluators.lexicon import TOPICS
from noria.evaluators.phrasing import RESPONSE_LIMIT, pick
from noria.evaluators.sandbox.job import Call, Job, exact
from noria.evaluators.sandbox.runner import Runner
from noria.evaluators.written import LIMITS, SOURCE_LIMIT
from noria.types import Check, Grounding, Json

FEWEST = 2
"""Functions that must be left."""

BODIES: dict[str, tuple[str, ...]] = {
    "lowercase": (
        "return response == response.lower()",
        "return not any(letter.isupper() for letter in response)",
    ),
    "uppercase": (
        "return response == response.upper()",
        "return not any(letter.islower() for letter in response)",
    ),
    "short": (
        "return len(response.split()) <= {n}",
        "count = 0\nfor word in response.split():\n    count += 1\nreturn count < {n} + 1",
    ),
    "include": (
        "import re\nreturn re.search(r'\\b{word}\\b', response.lower()) is not None",
        "return '{word}' in [part.strip('.,:;!?') for part in response.lower().split()]",
    ),
    "avoid": (
        "import re\nreturn re.search(r'\\b{avoid}\\b', response.lower()) is None",
        "return '{avoid}' not in [part.strip('.,:;!?') for part in response.lower().split()]",
    ),
    "ending": (
        "return response.strip().endswith('{ending}')",
        "end = '{ending}'\nreturn response.rstrip()[-len(end):] == end",
    ),
}
"""Functions of our own for rules of our own, that stand as examples."""


class Case(Parameters):
    """A response, and whether its author says that it keeps the rule."""

    response: str = Field(max_length=400)
    holds: bool


class Written(Parameters):
    """A rule with functions and cases."""

    skill: Literal["written"]
    topic: str = Field(min_length=2, max_length=60)
    rule: str = Field(min_length=4, max_length=100)
    """A clause: how the text about the topic must be."""
    functions: tuple[tuple[str, ...], ...] = Field(min_length=1, max_length=4)
    """Lines of functions `holds(response)`."""
    cases: tuple[Case, ...] = Field(min_length=2, max_length=8)


class WrittenConstraints(Domain):
    """Texts under rules that a model thought up."""

    name: ClassVar[str] = "constraints"
    family: ClassVar[str] = "written"
    version: ClassVar[int] = 2
    about: ClassVar[str] = (
        "A short text about a topic that keeps a rule: the rule, bodies of functions holds(response) that each tell "
        "whether a text keeps it, and texts that keep it or do not."
    )
    levels: ClassVar[tuple[int, ...]] = (4,)
    parameters = Written
    answer_tokens: ClassVar[int] = 56
    proposal_tokens: ClassVar[int] = 420
    unique: ClassVar[bool] = False
    executes: ClassVar[bool] = True

    def model_written(self, grounding: Grounding) -> bool:
        """The functions are a model's."""
        return True

    def to_tell(self, grounding: Grounding) -> tuple[str, str]:
        """The functions, which must mean the rule."""
        return "\n\n".join(grounding.facts["functions"]), grounding.facts["rule"]

    def skills(self, level: int) -> tuple[str, ...]:
        """Rules are of no kind that a program knows."""
        return ("written",)

    def window(self, level: int, rng: random.Random, *, weak: tuple[str, ...] = (), topic: str = "") -> Json:
        """Topics to choose from; the session's own where it has one."""
        return {"skill": "written", "topics": [topic.lower()] if topic else list(TOPICS[rng.choice(sorted(TOPICS))])}

    def schema(self, level: int, window: Json) -> Json:
        """The topic, the rule, three functions, two texts that keep the rule and two that do not, the wording."""

        def case(keeps: bool) -> Json:
            fields = {"response": {"type": "string", "minLength": 2, "maxLength": 100}, "holds": {"const": keeps}}
            return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}

        cases = [case(True), case(False), case(True), case(False)]
        return proposal(
            {
                "skill": {"const": "written"},
                "topic": {"enum": window["topics"]},
                "rule": {"type": "string", "minLength": 8, "maxLength": 80},
                "functions": {"type": "array", "items": written.lines(4), "minItems": 3, "maxItems": 3},
                "cases": {"type": "array", "prefixItems": cases, "items": False, "minItems": 4, "maxItems": 4},
            }
        )

    def sample(self, level: int, rng: random.Random, window: Json | None = None) -> Written:
        """A rule of our own, with functions and cases of our own."""
        dealt = window or self.window(level, rng)
        kind, mechanical = rng.choice(sorted(BODIES)), Constraints()
        point = mechanical.sample(1, rng, {"skill": kind, "topics": dealt["topics"]})
        assert isinstance(point, Mechanical)
        filled = {"n": point.count, "word": point.word, "avoid": point.avoid, "ending": point.ending}
        right, wrong = ([one(point, rng) for _ in range(2)] for one in (compose, mechanical.wrong))
        return Written(
            skill="written",
            topic=point.topic,
            rule=pick([CLAUSES[kind][0]], rng, **filled),
            functions=tuple(tuple(pick([body], rng, **filled).splitlines()) for body in BODIES[kind]),
            cases=tuple(
                Case(response=text, holds=keeps)
                for pair in zip(right, wrong, strict=True)
                for text, keeps in zip(pair, (True, False), strict=True)
            ),
        )

    async def establish(self, parameters: Parameters, runner: Runner) -> Parameters:
        """Let functions and cases vote each other in."""
        assert isinstance(parameters, Written)
        texts = [case.response for case in parameters.cases]
        said = {
            body: found
            for body in dict.fromkeys(parameters.functions)
            if None not in (found := await _said(runner, _function(body), texts))
        }
        if len(said) < FEWEST:
            raise ValueError(f"{len(said)} of {len(parameters.functions)} functions run, {FEWEST} must")
        functions, cases = vote(said, [case.holds for case in parameters.cases])
        kept = [parameters.cases[at] for at in cases]
        if {case.holds for case in kept} != {True, False}:
            raise ValueError(f"{len(kept)} of {len(texts)} cases are agreed on, and not both right and wrong ones")
        if len(functions) < FEWEST:
            raise ValueError(f"{len(functions)} functions agree with the {len(kept)} cases, {FEWEST} must")
        rule = parameters.rule.strip().rstrip(".")
        return parameters.model_copy(update={"rule": rule, "functions": tuple(functions), "cases": tuple(kept)})

    def ground(self, parameters: Parameters) -> Grounding:
        """The functions that were voted in."""
        assert isinstance(parameters, Written)
        facts: Json = {
            "topic": parameters.topic,
            "rule": parameters.rule,
            "functions": [_function(body) for body in parameters.functions],
        }
        rule = " ".join(parameters.rule.lower().split())
        return Grounding(verifier=self.verifier, facts=facts, signature=f"written:{parameters.topic}:{rule}")

    def phrase(self, parameters: Parameters, rng: random.Random) -> str:
        """A frame around the rule."""
        assert isinstance(parameters, Written)
        return pick(FRAMES, rng, topic=parameters.topic, how=parameters.rule).replace(".'.", ".'")

    def says(self, parameters: Parameters, instruction: str) -> Check:
        """The topic and the rule, word by word."""
        assert isinstance(parameters, Written)
        text = " ".join(instruction.lower().split())
        for part in (parameters.topic, parameters.rule):
            if " ".join(part.lower().split()).rstrip(".'") not in text:
                return Check.of("wording", False, f"does not say {part!r}")
        return Check.of("wording", True, parameters.rule)

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        """Whether it is a text on its topic, and what each function says of it."""
        facts, text = grounding.facts, response.strip()
        if len(text) > RESPONSE_LIMIT:
            return (Check.of("substance", False, f"the response has {len(text)} characters"),)
        first = substance({"topic": facts["topic"], "rule": facts["rule"]}, text)
        level = ""
        for source in facts["functions"]:
            said, level = await _asked(runner, source, [text])
            if said != [True]:
                evidence = f"{'says no' if said == [False] else 'fails'}: {source[:240]!r}"
                return first, Check.of("functions", False, evidence, sandbox=level)
        return first, Check.of("functions", True, f"{len(facts['functions'])} functions say yes", sandbox=level)

    def truth(self, parameters: Parameters, rng: random.Random) -> str:
        """A case that keeps the rule."""
        assert isinstance(parameters, Written)
        return rng.choice([case.response for case in parameters.cases if case.holds])

    def wrong(self, parameters: Parameters, rng: random.Random) -> str:
        """A case that breaks the rule, an echo, or nothing."""
        assert isinstance(parameters, Written)
        broken = [case.response for case in parameters.cases if not case.holds]
        return rng.choice((*broken, *broken, self.phrase(parameters, rng), parameters.rule, "", "True"))

    def neighbours(self, parameters: Parameters, level: int, rng: random.Random) -> Iterator[Parameters]:
        """None: what stands beside a task of a model's making, no program knows."""
        return iter(())

    def free_text(self, parameters: Parameters) -> str:
        """The rule."""
        assert isinstance(parameters, Written)
        return parameters.rule


Body = TypeVar("Body")


def vote(said: dict[Body, list[bool | None]], labels: Sequence[bool]) -> tuple[list[Body], list[int]]:
    """Functions and cases (by number) that let each other in; pure.

    A case is in where more than half of the functions agree with its label; then a function is
    in where it agrees with every case that is.
    """
    cases = [
        at for at, label in enumerate(labels) if 2 * sum(one[at] is label for one in said.values()) > len(said)
    ]  # fmt: skip
    return [body for body, one in said.items() if all(one[at] is labels[at] for at in cases)], cases


def _function(body: tuple[str, ...]) -> str:
    return written.defined("holds(response)", body)


async def _said(runner: Runner, source: str, texts: list[str]) -> list[bool | None]:
    if len(source) > SOURCE_LIMIT:
        return [None] * len(texts)
    found, _ = await _asked(runner, source, texts)
    return found


async def _asked(runner: Runner, source: str, texts: list[str]) -> tuple[list[bool | None], str]:
    """What a function says of texts: true, false, or none where it fails or differs from run to run."""
    calls = tuple(Call("holds", (text,)) for text in texts)
    runs: list[list[Any]] = []
    level = ""
    for seed in SEEDS:
        ran = await runner.run(Job(source, calls, seed=seed, limits=LIMITS))
        level = ran.level
        runs.append([one.value if ran.status == "finished" else None for one in ran.answers])
    words = {exact(True): True, exact(False): False}
    return [words.get(one) if one == other else None for one, other in zip(*runs, strict=True)], level
