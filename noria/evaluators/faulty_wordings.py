"""What is planted before a critic: good wordings, and the same broken in a known way.

value missing   a value of the task is gone       unclear     the words stand in no order
value wrong     a value is another one            ambiguous   it reads two ways (weak_wordings)
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from noria.evaluators.domain import Domain
from noria.evaluators.registry import DOMAINS
from noria.evaluators.weaknesses import Planted, sound, weaknesses
from noria.identity import content_id, stream
from noria.types import Task

Broken = Literal["good", "value missing", "value wrong", "unclear", "ambiguous"]


@dataclass(frozen=True, slots=True)
class Worded:
    """A task with a wording of known fault, or of none, and a right answer."""

    fault: Broken
    domain: Domain
    task: Task
    response: str


def worded(name: str, each: int) -> list[Worded]:
    """`each` wordings of every fault, and as many good ones as there are faulty ones."""
    kinds: tuple[Broken, ...] = get_args(Broken)
    count = each * (len(kinds) - 1)
    good = [one for one in sound(name, -(-count // len(DOMAINS))) if one.form.startswith("as the program")]
    found = [Worded("good", one.domain, one.task, one.response) for one in _around(good, count)]
    twofold = [one for one in weaknesses(name) if one.kind == "ambiguity"]
    stream(name, "twofold").shuffle(twofold)
    found += [Worded("ambiguous", one.domain, one.task, one.response) for one in twofold[:each]]
    for fault in kinds[1:-1]:
        rng, made = stream(name, fault), 0
        for one in _around(good, 20 * each):
            if (said := _broken(fault, one, rng)) and made < each:
                made += 1
                task = one.task.model_copy(update={"instruction": said, "id": content_id("task", [fault, said])})
                found.append(Worded(fault, one.domain, task, one.response))
    return found


def _around(good: list[Planted], count: int) -> Iterator[Planted]:
    return (good[at % len(good)] for at in range(count))


def _broken(fault: Broken, one: Planted, rng: random.Random) -> str:
    """The wording of a sound task, broken; empty where it still says its parameters."""
    said = one.task.instruction
    values = re.findall(r"\d+", said) or [word for word in said.split() if len(word) > 3][1:]
    if not values:
        return ""
    value = rng.choice(values)
    match fault:
        case "value missing":
            said = " ".join(re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "", said, count=1).split())
        case "value wrong":
            other = str(int(value) + rng.randint(3, 40)) if value.isdigit() else "something"
            said = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", other, said, count=1)
        case _:
            mixed = said.split()
            rng.shuffle(mixed)
            said = " ".join(mixed)
    point = one.domain.point(one.task.parameters)
    return "" if one.domain.says(point, said).passed else said
