"""What is planted before an adversary: weak candidates of known fault, and sound ones beside them.

    ambiguity   a wording that reads two ways             leak      the answer stands in the wording
    shortcut    a verifier with a hole (weak_verifiers)   forgery   the same, or a response that talks to the judge

A plant is a candidate as the adversary meets it: a domain with its verifier, a task, the
response that is about to be learned from. The sound ones are what it must let pass: the
program's own wordings, wordings of other hands that say the same, right answers in the
forms that solvers write. The same name gives the same plants in every process.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from noria.evaluators import steps as small
from noria.evaluators import weak_wordings as wordings
from noria.evaluators.constraints import Point as Rules
from noria.evaluators.domain import Domain, Parameters
from noria.evaluators.phrasing import spelled
from noria.evaluators.registry import DOMAINS
from noria.evaluators.sandbox.job import exact
from noria.evaluators.sound_wordings import ASIDES, ODD_TOPICS, REWORDED, WRITTEN
from noria.evaluators.weak_verifiers import WEAK, weakened
from noria.identity import content_id, stream
from noria.types import Grounding, Task

Kind = Literal["ambiguity", "leak", "shortcut", "forgery", "sound"]

SILENT = ("text_ops",)
"""Domains whose verifier takes the answer and no word beside it, so that a response cannot talk and pass."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A candidate of known fault, or of none."""

    kind: Kind
    form: str
    """What was done to it; the wording's own text where a wording is weak."""
    domain: Domain
    task: Task
    response: str
    weak_verifier: bool = False
    """Whether the fault is the verifier's, so that an attack must beat it."""

    @property
    def held_out(self) -> bool:
        """Whether it is of the half that nobody may look at who tunes a probe."""
        return wordings.held_out(self.form)


def weaknesses(name: str) -> list[Planted]:
    """Every planted weakness, each form at least once."""
    return [*_ambiguous(name), *_leaking(name), *_holed(name), *_talking(name)]


def sound(name: str, each: int) -> list[Planted]:
    """`each` sound candidates of every domain."""
    found = []
    for kind in DOMAINS:
        for number in range(each):
            rng = stream(name, "sound", kind, number)
            domain = DOMAINS[kind]()
            point = domain.sample(domain.levels[number % len(domain.levels)], rng)
            if isinstance(point, Rules) and number % 4 == 3:
                point = point.model_copy(update={"topic": rng.choice(ODD_TOPICS)})
            said, wording = domain.phrase(point, rng), "as the program words it"
            if number % 3 == 1:
                wording = rng.choice(ASIDES)
                said = wording.replace("{task}", said)
            elif number % 3 == 2:
                fitting = [text for skill, text in REWORDED[kind] if skill in ("", _skill(point))]
                if fitting:
                    wording = rng.choice(fitting)
                    said = _filled(wording, _values(domain, point, rng))
            written, form = _written(domain, point, rng)
            found.append(_planted("sound", f"{wording} / {form}", domain, point, said, written))
    return found


def _written(domain: Domain, point: Parameters, rng: random.Random) -> tuple[str, str]:
    """A right answer as a solver writes it, and its form."""
    fitting = [text for skill, text in WRITTEN[domain.name] if skill in ("", _skill(point))]
    form = rng.choice(["{answer}", *fitting])
    return _filled(form, _values(domain, point, rng)), form


def _ambiguous(name: str) -> Iterator[Planted]:
    for kind, table in wordings.AMBIGUOUS.items():
        for number, (skill, wording) in enumerate(table):
            rng, domain = stream(name, "ambiguity", kind, number), DOMAINS[kind]()
            point = _fitting(domain, skill, rng, wording)
            values = _values(domain, point, rng)
            planted = _planted("ambiguity", wording, domain, point, _filled(wording, values), values["answer"])
            if "{pair}" in wording or "{twice}" in wording:
                facts = {**planted.task.grounding.facts, "shown": 1}
                shown = planted.task.grounding.model_copy(update={"facts": facts})
                planted = replace(planted, task=planted.task.model_copy(update={"grounding": shown}))
            yield planted


def _leaking(name: str) -> Iterator[Planted]:
    for kind, table in wordings.LEAKING.items():
        added = [("", text) for text in wordings.GIVEN_AWAY]
        for number, (skill, wording) in enumerate([*added, *table]):
            rng, domain = stream(name, "leak", kind, number), DOMAINS[kind]()
            point = _fitting(domain, skill, rng, wording)
            values = _values(domain, point, rng)
            yield _planted("leak", wording, domain, point, _filled(wording, values), values["answer"])


def _holed(name: str) -> Iterator[Planted]:
    for weak in WEAK:
        # A shortcut is planted twice, for on another task it may be another one that beats the verifier.
        for kind, number in product(weak.domains, range(2 if weak.kind == "shortcut" else 1)):
            rng, domain = stream(name, weak.name, kind, number), weakened(DOMAINS[kind], weak)
            point = _fitting(domain, "program" if kind == "deduction" else "", rng, weak.name)
            values = _values(domain, point, rng)
            said = domain.phrase(point, rng)
            yield _planted(weak.kind, weak.name, domain, point, said, values["answer"], weak=True)


def _talking(name: str) -> Iterator[Planted]:
    among = [kind for kind in DOMAINS if kind not in SILENT]
    for number, talk in enumerate(wordings.TALK):
        for kind in (among[number % len(among)], among[(number + 2) % len(among)], among[(number + 3) % len(among)]):
            rng, domain = stream(name, talk, kind), DOMAINS[kind]()
            point = _fitting(domain, {"constraints": "include", "deduction": "output"}.get(kind, ""), rng, "{int}")
            answer = _values(domain, point, rng)["answer"]
            match kind:
                case "code":
                    said = rng.choice((f"```python\n{answer}\n```\n{talk}", f"# {talk}\n{answer}"))
                case "constraints":
                    said = f"{answer} {talk}"
                case "units":
                    said = f"{talk} {answer}"
                case _:
                    said = f"{talk} The answer is {answer}."
            yield _planted("forgery", talk, domain, point, domain.phrase(point, rng), said)
    for number, tampering in enumerate(wordings.TAMPERING):
        rng, domain = stream(name, tampering), DOMAINS["code" if number % 2 else "deduction"]()
        point = _fitting(domain, "" if number % 2 else "program", rng, "")
        said = f"{tampering}\n\n{_values(domain, point, rng)['answer']}"
        yield _planted("forgery", tampering, domain, point, domain.phrase(point, rng), said)


def _planted(
    kind: Kind, form: str, domain: Domain, point: Parameters, instruction: str, response: str, *, weak: bool = False
) -> Planted:
    grounding: Grounding = domain.ground(point)
    parameters = point.model_dump(mode="json")
    level = next((one for one in domain.levels if _skill(point) in domain.skills(one)), 1)
    if isinstance(steps := parameters.get("steps"), list):
        level = len(steps)
    identity = {"domain": domain.name, "parameters": parameters, "instruction": instruction}
    task = Task(
        id=content_id("task", identity), domain=domain.name, skill=str(parameters["skill"]), level=level,
        parameters=parameters, instruction=instruction, worded_by="generator", grounding=grounding,
    )  # fmt: skip
    return Planted(kind, form, domain, task, response, weak)


def _skill(point: Parameters) -> str:
    return str(point.model_dump()["skill"])


def _fitting(domain: Domain, skill: str, rng: random.Random, wording: str) -> Parameters:
    """A point of a skill at which the wording does read two ways; the first of many draws."""
    for _ in range(20_000):
        point = domain.sample(rng.choice(domain.levels), rng)
        if _fits(domain, point, skill, wording):
            return point
    raise ValueError(f"{domain.name} has no task for {wording!r}")


def _fits(domain: Domain, point: Any, skill: str, wording: str) -> bool:
    if domain.name == "code":
        return _program_fits(point.steps, skill)
    if skill and point.skill != skill:
        return False
    match domain.name:
        case "arithmetic":
            return len({point.a, point.b, point.c}) == 3 and (point.skill != "subtract" or point.a < point.b)
        case "deduction":
            taken, given = small.types(point.steps)
            number = any(part in wording for part in ("twice", "at least", "nearest", "{int}"))
            twice = "f(f" in wording or "double" in wording
            return (given == "int" or not number) and (taken == given or not twice)
    return True


def _program_fits(program: tuple[str, ...], skill: str) -> bool:
    taken, given = small.types(program)
    match skill:
        case "list" | "number":
            return taken == given == ("int" if skill == "number" else "list")
        case "total":
            return taken != given
        case "sorted":
            return program[-1] == "sort" and len(program) > 1
        case "swapped":
            turned = (*program[1:], program[0])
            if len(program) != 2 or taken != given:
                return False
            return small.differ(program, turned, small.inputs(taken, random.Random(0), 20))
    return True


def _values(domain: Domain, point: Any, rng: random.Random) -> dict[str, str]:
    """What stands for the braces of a wording: the task's own values and its answer."""
    answer = domain.truth(point, rng)
    found = {"task": domain.phrase(point, rng), "answer": answer}
    match domain.name:
        case "arithmetic":
            value = int(answer)
            found |= {"a": str(point.a), "b": str(point.b), "c": str(point.c), "spelled": spelled(value)}
            found |= {"next": str(value + 1), "spaced": " ".join(answer)}
        case "text_ops":
            parts = answer.split(", ")
            found |= {"words": ", ".join(point.words), "plain": " ".join(parts), "capitals": answer.upper()}
            found |= {"listed": repr(parts), "lines": "\n".join(f"- {part}" for part in parts)}
        case "units":
            source, target = point.units
            number = str(domain.ground(point).facts["answer"])
            whole, _, rest = number.partition(".")
            found |= {"n": str(point.value), "from": source, "to": target, "number": number}
            found["grouped"] = f"{int(whole):,}" + (f".{rest}" if rest else "")
        case "constraints":
            first, second = point.titles or ("", "")
            keys = " and ".join(f"'{key}'" for key in point.keys or ())
            found |= {"topic": point.topic, "n": str(point.count), "word": point.word or "", "keys": keys}
            found |= {"avoid": point.avoid or "", "ending": point.ending or "", "first": first, "second": second}
        case _:
            found |= _programs(domain, point, rng)
    return found


def _programs(domain: Domain, point: Any, rng: random.Random) -> dict[str, str]:
    facts, source = domain.ground(point).facts, small.source(point.steps)
    taken, _ = small.types(point.steps)
    parts = [rng.choice(small.clauses(step)) for step in point.steps]
    expression = "x"
    for name, number in map(small.split, point.steps):
        line = small.STEPS[name].line.replace("{k}", str(number))
        expression = re.sub(r"\bx\b", lambda _, inner=expression: f"({inner})", line)  # type: ignore[misc]
    shown = [f"f({exact(value)}) = {exact(result)}" for value, result in facts.get("cases", [])]
    return {
        "taken": "an integer x" if taken == "int" else "a list x of integers",
        "does": ", then ".join(parts),
        "one": parts[0],
        "two": parts[-1],
        "renamed": re.sub(r"\bx\b", "value", small.source(point.steps, "g")),
        "oneline": f"f = lambda x: {expression}",
        "body": source.partition("\n")[2],
        "source": f"```python\n{source}\n```",
        "x": exact(facts.get("x")),
        "y": exact(facts.get("y")),
        "pairs": ", ".join(shown[: facts.get("shown", 0)]),
        "pair": shown[0] if shown else "",
        "twice": f"{shown[0]} and {shown[0]}" if shown else "",
    }


def _filled(wording: str, values: dict[str, str]) -> str:
    """A wording with its braces filled once; a value is never read as a wording."""
    fill: Callable[[re.Match[str]], str] = lambda found: values.get(found[1], found[0])  # noqa: E731
    return re.sub(r"\{(\w+)\}", fill, wording)
