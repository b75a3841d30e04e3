"""A pretend policy: the same request gets the same replies, in every process.

It fills any bounded JSON schema from a random stream named by the request (the mark of its
fence aside, which is another every time), picks a choice,
and solves one-step sums right with a given skill, so that a whole session, with its
funnel, its student-written samples and its exams, runs without a model.
"""

import re
from collections.abc import Sequence
from operator import add, mul, sub
from random import Random
from typing import Any

from noria.fence import settled
from noria.identity import canonical_json, stream
from noria.inference.client import Request

_WORDS = [
    "amber",
    "basin",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "heath",
    "inlet",
    "jetty",
    "knoll",
    "larch",
    "marsh",
    "north",
    "ocean",
    "pearl",
]
_SUM = re.compile(r"(-?\d+)\s*(?:\+|plus|and)\s*(-?\d+)")
_DIFFERENCE = re.compile(r"(-?\d+)\s*(?:-|−|minus)\s*(-?\d+)")
_PRODUCT = re.compile(r"(-?\d+)\s*(?:\*|×|x|times|multiplied by)\s*(-?\d+)")


class Puppet:
    """Replies to a request; right about sums with probability `skill`."""

    def __init__(self, seed: int = 0, skill: float = 0.5) -> None:
        """A puppet of this temper."""
        self.seed = seed
        self.skill = skill

    def __call__(self, request: Request) -> Sequence[str]:
        """The n replies to a request."""
        said = [settled(message.content) for message in request.messages]
        rng = stream("puppet", self.seed, request.model, canonical_json([request.role, said]))
        return [self._reply(request, rng) for _ in range(request.n)]

    def _reply(self, request: Request, rng: Random) -> str:
        if request.choices:
            return request.choices[0]
        if request.schema is not None:
            return canonical_json(filled(request.schema, rng))
        return self._answer(request.messages[-1].content if request.messages else "", rng)

    def _answer(self, task: str, rng: Random) -> str:
        for pattern, solve in ((_PRODUCT, mul), (_DIFFERENCE, sub), (_SUM, add)):
            if match := pattern.search(task):
                right = solve(int(match[1]), int(match[2]))
                return str(right if rng.random() < self.skill else right + rng.choice((-2, -1, 1, 2)))
        return " ".join(rng.choices(_WORDS, k=5)) + "."


def filled(schema: dict[str, Any], rng: Random) -> Any:
    """A value that follows a bounded JSON schema: objects, arrays, strings, integers, booleans, enums."""
    if "const" in schema:
        return schema["const"]
    if "anyOf" in schema:
        return filled(rng.choice(schema["anyOf"]), rng)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    match schema.get("type"):
        case "object":
            return {name: filled(part, rng) for name, part in schema.get("properties", {}).items()}
        case "array":
            return _array(schema, rng)
        case "integer":
            return rng.randint(schema.get("minimum", 0), schema.get("maximum", schema.get("minimum", 0) + 9))
        case "boolean":
            return rng.random() < 0.5
        case _:
            return _string(schema, rng)


def _array(schema: dict[str, Any], rng: Random) -> list[Any]:
    if "prefixItems" in schema:
        return [filled(part, rng) for part in schema["prefixItems"]]
    low = schema.get("minItems", 0)
    size = rng.randint(low, schema.get("maxItems", low + 2))
    values: list[Any] = []
    for _ in range(20 * (size + 1)):
        if len(values) == size:
            break
        value = filled(schema.get("items", {"type": "string"}), rng)
        if not schema.get("uniqueItems") or value not in values:
            values.append(value)
    return values


def _string(schema: dict[str, Any], rng: Random) -> str:
    if "pattern" in schema:
        # The domains' patterns are one class of small letters with a length; the words follow them.
        return rng.choice(_WORDS)
    low, high = schema.get("minLength", 0), schema.get("maxLength", 40)
    text = ""
    while len(text) < max(low, 12):
        text += ("" if not text else " ") + rng.choice(_WORDS)
    return text[:high]


def read_steadily(model: str, text: str) -> list[float]:
    """Logprobs of a text's words after the first, the same for every model: a puppet forgets nothing."""
    return [-1 - 5 * stream("read", word).random() for word in text.split()[1:]]
