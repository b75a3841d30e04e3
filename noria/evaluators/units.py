"""Units: conversions with a derivation of one line.

    3 km = 3 × 1000 m = 3000 m

    level 1  to the smaller unit, small values     level 3  across two units
    level 2  to the smaller unit, larger values    level 4  to the larger unit, exact decimals

Factors are whole numbers, arithmetic is exact (fractions), and a response is right if its
last quantity is the answer in the unit that was asked for, and the line before it starts
from the value and multiplies or divides to that answer. What stands between two equals signs
is one and the same quantity, in whatever unit; a fact such as `1 km = 1000 m` may go before.
"""

import random
import re
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache
from itertools import permutations
from typing import ClassVar, Literal

from noria.evaluators.domain import Domain, Parameters, Reading, choose, drawn, proposal
from noria.evaluators.phrasing import RESPONSE_LIMIT, numbers, pick
from noria.evaluators.sandbox.runner import Runner
from noria.types import Check, Grounding, Json

Skill = Literal["length", "mass", "time", "volume"]

SIZES: dict[str, dict[str, int]] = {
    "length": {"mm": 1, "cm": 10, "m": 1000, "km": 1_000_000},
    "mass": {"mg": 1, "g": 1000, "kg": 1_000_000},
    "time": {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400},
    "volume": {"ml": 1, "cl": 10, "l": 1000},
}
"""Units of a skill with their size in the smallest of them."""

FACTORS = tuple(
    (Fraction(known[source], known[target]), target)
    for known in SIZES.values()
    for source, target in permutations(known, 2)
)
"""Of each pair of units, what a quantity is multiplied by, and the unit that it is in then."""

NAMES: dict[str, tuple[str, ...]] = {
    "mm": ("millimetres", "millimeters", "millimetre", "millimeter"),
    "cm": ("centimetres", "centimeters", "centimetre", "centimeter"),
    "m": ("metres", "meters", "metre", "meter"),
    "km": ("kilometres", "kilometers", "kilometre", "kilometer"),
    "mg": ("milligrams", "milligram"),
    "g": ("grams", "gram"),
    "kg": ("kilograms", "kilogram"),
    "seconds": ("second", "sec", "s"),
    "minutes": ("minute", "min"),
    "hours": ("hour", "h"),
    "days": ("day",),
    "ml": ("millilitres", "milliliters", "millilitre", "milliliter"),
    "cl": ("centilitres", "centiliters", "centilitre", "centiliter"),
    "l": ("litres", "liters", "litre", "liter"),
}

PAIRS: dict[int, dict[str, tuple[str, ...]]] = {
    1: {
        "length": ("km to m", "m to cm", "cm to mm"),
        "mass": ("kg to g", "g to mg"),
        "time": ("hours to minutes", "minutes to seconds", "days to hours"),
        "volume": ("l to ml", "cl to ml"),
    },
    3: {
        "length": ("km to cm", "m to mm"),
        "mass": ("kg to mg",),
        "time": ("hours to seconds", "days to minutes"),
        "volume": ("l to cl",),
    },
    4: {
        "length": ("m to km", "cm to m", "mm to cm"),
        "mass": ("g to kg", "mg to g"),
        "time": ("minutes to hours", "seconds to minutes"),
        "volume": ("ml to l", "ml to cl"),
    },
}  # fmt: skip
PAIRS[2] = PAIRS[1]

RANGES = {
    1: ((2, 7), (8, 13), (14, 20)),
    2: ((21, 60), (61, 120), (121, 250)),
    3: ((2, 9), (10, 25)),
    4: ((15, 90), (95, 250)),
}

FRAMES = (
    "Convert {n} {a} to {b}.", "How many {b} are in {n} {a}?", "Change {n} {a} into {b}.", "Write {n} {a} in {b}.",
    "Express {n} {a} in {b}.", "What is {n} {a} in {b}?", "Turn {n} {a} into {b}.", "Give {n} {a} in {b}.",
)  # fmt: skip
ENDINGS = (" Show one line of work.", " Use one line.", " Show the step.")

_STEP = re.compile(r"(\d{1,30}(?:\.\d{1,30})?)\s*(?:[a-zA-Z]+\s*)?([×*x÷/])\s*(\d{1,30}(?:\.\d{1,30})?)")
"""A product or a quotient of two numbers, with or without a unit behind the first."""

_FACTOR = re.compile(r"(\d{1,30}(?:\.\d{1,30})?)(?:\s*([a-zA-Z]+))?\s*(?:([×*x÷/])\s*|$)")
"""A factor of a side, the unit behind it, and the sign that leads to the next one."""

_CHAINS = re.compile(r"(?:[,;:?]|\.(?!\d)|\b(?:so|and|then|thus|hence|therefore)\b)(?!\s*=)", re.IGNORECASE)
"""What parts one chain of equal sides from the next, but where an equals sign goes on with it."""

_EQUALS = re.compile(r"=|\b(?:is|are|equals?)\b", re.IGNORECASE)

_AROUND = " \t*_`\"'.,;:!•()"
"""What may stand around a side and says nothing."""

_QUANTITY = re.compile(r"(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*([A-Za-z]+)")


class Point(Parameters):
    """A quantity and the unit it is wanted in."""

    skill: Skill
    value: int
    pair: str

    @property
    def units(self) -> tuple[str, str]:
        """From and to.

        Raises:
            ValueError: the pair is none of this skill.
        """
        source, _, target = self.pair.partition(" to ")
        known = SIZES[self.skill]
        if source not in known or target not in known or source == target:
            raise ValueError(f"{self.pair!r} is no pair of {self.skill} units")
        return source, target


class Units(Domain):
    """Conversions of length, mass, time and volume."""

    name: ClassVar[str] = "units"
    version: ClassVar[int] = 2
    about: ClassVar[str] = "A conversion of a quantity from one unit to another."
    levels: ClassVar[tuple[int, ...]] = (1, 2, 3, 4)
    parameters = Point
    answer_tokens: ClassVar[int] = 32
    unique: ClassVar[bool] = True

    def skills(self, level: int) -> tuple[str, ...]:
        """The four kinds of quantity, at every level."""
        return tuple(PAIRS[level])

    def window(self, level: int, rng: random.Random, *, weak: tuple[str, ...] = (), topic: str = "") -> Json:
        """A skill, the pairs of its level, a range of values."""
        skill = choose(self, level, rng, weak)
        return {"skill": skill, "pairs": list(PAIRS[level][skill]), "value": list(rng.choice(RANGES[level]))}

    def schema(self, level: int, window: Json) -> Json:
        """The skill, the value, the pair, the wording."""
        low, high = window["value"]
        value = {"type": "integer", "minimum": low, "maximum": high}
        return proposal({"skill": {"const": window["skill"]}, "value": value, "pair": {"enum": window["pairs"]}})

    def sample(self, level: int, rng: random.Random, window: Json | None = None) -> Point:
        """A value and a pair of the window; drawn again while the result has no short decimal."""
        dealt = window or self.window(level, rng)

        def draw() -> Point:
            return Point(skill=dealt["skill"], value=rng.randint(*dealt["value"]), pair=rng.choice(dealt["pairs"]))

        return drawn(self, draw)

    def ground(self, parameters: Parameters) -> Grounding:
        """The quantity in the wanted unit, exactly."""
        assert isinstance(parameters, Point)
        source, target = parameters.units
        value = parameters.value * Fraction(SIZES[parameters.skill][source], SIZES[parameters.skill][target])
        text = decimal(value)
        facts = {"answer": text, "unit": target, "value": parameters.value}
        return Grounding(verifier=self.verifier, facts=facts, signature=f"{parameters.value} {parameters.pair}")

    def phrase(self, parameters: Parameters, rng: random.Random) -> str:
        """One of eight frames and three endings, with symbols or names."""
        assert isinstance(parameters, Point)
        source, target = parameters.units
        if rng.random() < 0.3:
            source, target = (unit if unit in SIZES["time"] else NAMES[unit][0] for unit in (source, target))
        return pick(FRAMES, rng, n=parameters.value, a=source, b=target) + rng.choice(ENDINGS)

    def says(self, parameters: Parameters, instruction: str) -> Check:
        """The value and no other, with its unit behind it, and the wanted unit once more."""
        assert isinstance(parameters, Point)
        found = [number for number in numbers(instruction) if number != 1 or parameters.value == 1]
        if found != [float(parameters.value)]:
            return Check.of("wording", False, f"names {[f'{n:g}' for n in found]}, not {parameters.value}")
        source, target = parameters.units
        text = re.sub(r"\d[\d,.]*", lambda match: f" {match[0].rstrip('.,')} ", instruction.lower())
        said = [unit for word in re.findall(r"[a-z]+", text) if (unit := unit_of(word, parameters.skill))]
        beside = re.search(rf"\b{parameters.value}\s+([a-z]+)", text)
        if beside is None or unit_of(beside[1], parameters.skill) != source:
            return Check.of("wording", False, f"{parameters.value} is not said in {source}")
        return Check.of("wording", sorted(said) == sorted((source, target)), f"names the units {', '.join(said)}")

    async def check(self, grounding: Grounding, response: str, runner: Runner) -> tuple[Check, ...]:
        """The last quantity of the response against the answer, value and unit."""
        answer, unit = grounding.facts["answer"], grounding.facts["unit"]
        if len(response) > RESPONSE_LIMIT:
            return (Check.of("answer", False, f"the response has {len(response)} characters"),)
        last = _last_quantity(response)
        if last is None:
            return (Check.of("answer", False, f"expected {answer} {unit}, found no quantity"),)
        value, name = last[0].replace(",", ""), last[1].lower()
        after = response[response.rfind(last[1]) + len(last[1]) :]
        if re.search(r"\d", after):
            return (Check.of("answer", False, f"expected {answer} {unit}, a number follows the last quantity"),)
        right = len(value) <= 30 and Fraction(value) == Fraction(answer) and name in (unit, *NAMES[unit])
        evidence = f"expected {answer} {unit}, found {value} {name}"[:200]
        work = derivation(response, grounding.facts["value"], Fraction(answer), unit)
        return Check.of("answer", right, evidence), work

    def formed(self, grounding: Grounding, response: str) -> bool:
        """Whether it is one line that ends in a quantity of the unit that is wanted."""
        last = _last_quantity(response) if len(response) <= RESPONSE_LIMIT else None
        unit = grounding.facts["unit"]
        ends = last is not None and last[1].lower() in (unit, *NAMES[unit])
        return ends and len(response.strip().splitlines()) == 1

    def truth(self, parameters: Parameters, rng: random.Random) -> str:
        """The derivation in one line."""
        assert isinstance(parameters, Point)
        source, target = parameters.units
        size = Fraction(SIZES[parameters.skill][source], SIZES[parameters.skill][target])
        value, answer = parameters.value, self.ground(parameters).facts["answer"]
        step = f"{value} × {size}" if size >= 1 else f"{value} ÷ {1 / size}"
        return f"{value} {source} = {step} {target} = {answer} {target}"

    def wrong(self, parameters: Parameters, rng: random.Random) -> str:
        """A factor of ten off, the value unchanged, or the wrong unit."""
        assert isinstance(parameters, Point)
        source, target = parameters.units
        answer = Fraction(self.ground(parameters).facts["answer"])
        numbers = (decimal(answer * 10), parameters.value, decimal(answer + 1))
        wrongs = (*(f"{number} {target}" for number in numbers), f"{decimal(answer)} {source}")
        step = f"{parameters.value} × {int(answer) + 2}"
        return rng.choice(
            (
                *(f"{parameters.value} {source} = {wrong}" for wrong in wrongs),
                f"{decimal(answer)} {target}",
                f"{parameters.value} {source} = {step} {target} = {decimal(answer)} {target}",
            )
        )

    def leaks(self, grounding: Grounding, instruction: str) -> str:
        """The answer's number beside the value."""
        answer, value = Fraction(grounding.facts["answer"]), grounding.facts["value"]
        plain = re.sub(r"(?<=\d),(?=\d{3})", "", instruction)
        found = [one for one in re.findall(r"(?<![\d.])\d+(?:\.\d+)?", plain) if Fraction(one) == answer]
        return found[0] if found and answer not in (1, value) else ""

    def neighbours(self, parameters: Parameters, level: int, rng: random.Random) -> Iterator[Parameters]:
        """The way back first."""
        assert isinstance(parameters, Point)
        source, target = parameters.units
        back = parameters.model_copy(update={"pair": f"{target} to {source}"})
        with suppress(ValueError):
            self.ground(back)
            yield back
        yield from super().neighbours(parameters, level, rng)

    def readings(self, parameters: Parameters, instruction: str) -> Iterator[Reading]:
        """Any unit, where the wanted one is not named."""
        assert isinstance(parameters, Point)
        source, target = parameters.units
        said = {unit_of(word, parameters.skill) for word in re.findall(r"[a-z]+", instruction.lower())}
        if target not in said:
            for unit in SIZES[parameters.skill]:
                if unit not in (source, target):
                    other = parameters.model_copy(update={"pair": f"{source} to {unit}"})
                    with suppress(ValueError):
                        yield Reading(f"in {unit}", self.truth(other, random.Random(0)))

    def shortcuts(self, instruction: str) -> dict[str, str]:
        """Every result at once, in every unit."""
        said = list[str]()
        for value in [int(n) for n in numbers(instruction) if n == int(n)][:1]:
            for factor, target in FACTORS:
                with suppress(ValueError):
                    said.append(f"{decimal(value * factor)} {target}")
        return {"gives every result": ", ".join(said)[: RESPONSE_LIMIT - 1]}


@lru_cache(maxsize=256)
def _last_quantity(response: str) -> tuple[str, str] | None:
    """The last number of a response that a word follows, and the word."""
    found = _QUANTITY.findall(response)
    return found[-1] if found else None


def derivation(response: str, value: int, answer: Fraction, unit: str) -> Check:
    """One line that starts from the value, each side of which is that quantity."""
    if len(response.strip().splitlines()) != 1:
        return Check.of("derivation", False, "expected one line of work")
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", response)
    named = re.findall(r"(?<![\d.])\d{1,30}(?:\.\d{1,30})?", plain)
    if not any(Fraction(one) == value for one in named[:-1]):
        return Check.of("derivation", False, f"expected the work to start from {value}")
    return _equal(plain, value, answer, unit)


def _equal(plain: str, value: int, answer: Fraction, unit: str) -> Check:
    """Whether the sides of each chain are one quantity, and those of the last one the quantity that is asked about."""
    skill = next(skill for skill, units in SIZES.items() if unit in units)
    expected: Fraction | None = answer * SIZES[skill][unit]
    # From the end: the last chain that names a quantity gives the answer, those before it may state facts.
    for chain in reversed(_CHAINS.split(plain)):
        sides = [side.strip(_AROUND).removeprefix("- ") for side in _EQUALS.split(chain)]
        said = [(side, _side(side, skill, answer)) for side in sides]
        sizes = [size for _, size in said if not isinstance(size, bool)]
        wanted = expected or next(iter(sizes), None)
        if wrong := [side for side, size in said if size is not True and (size is False or size != wanted)]:
            return Check.of("derivation", False, f"{wrong[0]} is not that quantity"[:200])
        expected = None if sizes else expected
    return Check.of("derivation", True, f"starts from {value}, and every side is that quantity")


def _side(text: str, skill: str, answer: Fraction) -> Fraction | bool:
    """A side's size in the smallest unit; where it has no unit, whether what it multiplies is the answer's number."""
    at, value, units, sign, last = 0, Fraction(1), list[str](), "×", ""
    while sign and (found := _FACTOR.match(text, at)):
        one = Fraction(found[1])
        if sign in "÷/" and not one:
            return False
        value = value / one if sign in "÷/" else value * one
        units.append(unit_of(found[2].lower(), skill) if found[2] else "1")
        at, last, sign = found.end(), sign, found[3] or ""
    if not units or at < len(text) or sign or not all(units):
        return all(_multiplied(*one) == answer for one in _STEP.findall(text))
    # "180 minutes ÷ 60 minutes" is a number, as is what has no unit behind its last factor.
    if units[-1] == "1" or (len(units) > 1 and last in "÷/" and units[0] == units[-1]):
        return len(units) == 1 or value == answer
    return value * SIZES[skill][units[-1]]


def _multiplied(left: str, sign: str, right: str) -> Fraction | None:
    a, b = Fraction(left), Fraction(right)
    if sign in "÷/":
        return a / b if b else None
    return a * b


def unit_of(word: str, skill: str) -> str:
    """The unit a word names among a skill's, empty where it names none."""
    return next((unit for unit in SIZES[skill] if word == unit or word in NAMES[unit]), "")


def decimal(value: Fraction) -> str:
    """A fraction as a decimal, exactly.

    Raises:
        ValueError: it has no finite decimal.
    """
    numerator, denominator = value.numerator, value.denominator
    for places in range(10):
        if numerator * 10**places % denominator == 0:
            digits = str(numerator * 10**places // denominator).rjust(places + 1, "0")
            return f"{digits[:-places]}.{digits[-places:]}" if places else digits
    raise ValueError(f"{value} has no short decimal")
