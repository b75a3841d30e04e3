"""Units read again: the conversion by pint, the line of work side by side, in exact fractions.

    "Convert 3 km to m. Show the step."    ─► 3 km, in m, with work    ─► pint: 3000 m
    "3 km = 3 × 1000 m = 3000 m"           ─► 3 km · 3 × 1000 m · 3000 m: each side is that quantity

The number with a unit behind it is the quantity, the other unit is the wanted one, and every other
word is one of those a plain conversion is asked with; any further word (`half`, `about`, `per`)
leaves the wording not understood. Where the words ask for work, a bare result is wrong, and so is a side
that is another quantity; a result is right in the wanted unit alone. Tables of units are pint's.
"""

import re
from fractions import Fraction
from functools import cache
from typing import Any

from noria.errors import SessionError
from noria.studies.recheck.ruling import Ruling, among, plain, right, shown, unsure, wrong

_UNIT = (
    r"(?:(?:milli|centi|kilo)?(?:met(?:re|er)|gram|lit(?:re|er))s?|[mck]?m|[mk]?g|[mc]?l"
    r"|seconds?|secs?|s|minutes?|mins?|hours?|h|days?)"
)
_FIGURE = r"(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d+)?"
_ASKED = among(
    "convert result change turn express write give put rewrite what is how many much are there in into to as do does"
    " make makes that this it a the and with show one line of work use step your please you have road sign says before"
)
_WORK = re.compile(r"\b(?:line|work|steps?|show)\b")
_SIDE = re.compile(rf"({_FIGURE})\s*({_UNIT})?\s*(?:([×*x÷/])\s*|$)", re.IGNORECASE | re.ASCII)
_LAST = re.compile(rf"(?<!\d)({_FIGURE})\s*([a-z]+)", re.IGNORECASE | re.ASCII)
_OPENING = re.compile(r"^\W*(?:(?:so|work|answer|step|solution)\b\s*[:,]?)?[\s*`\"']*", re.IGNORECASE)
_ODD = re.compile(r"(?![0-9])\d|[²³¹¼½¾]")
_CLOSING = re.compile(r"[\s.!*`\"')]*$")


def read(instruction: str, response: str) -> Ruling:
    """Whether a response gives the quantity in the unit that an instruction asks for, and its work.

    Raises:
        SessionError: pint is not installed.
    """
    asked = plain(instruction).lower()
    conversion = worded(asked)
    if conversion is None:
        return unsure(f"the wording is not understood: {shown(asked)}")
    value, source, target = conversion
    quantity = _quantity(value, source)
    wanted = Fraction(quantity.to(target).magnitude)
    said = f"{value} {source} in {target}"
    found = list(_LAST.finditer(response.replace("\u00a0", " ")))
    if not any(_value(one) == wanted for one in re.findall(_FIGURE, response, re.ASCII)):
        return unsure("writes numbers in no plain digits") if _ODD.search(response) else wrong(f"nowhere says {said}")
    if not found:
        return unsure("holds the number and no unit behind it")
    last, unit = found[-1], found[-1][2].lower()
    before = response[last.start() - 1 : last.start()] if last.start() else " "
    clean = _CLOSING.match(response, last.end()) is not None and before in " =\t*`\n"
    same = re.fullmatch(_UNIT, unit) and _same(_quantity(1, unit), _quantity(1, target))
    if _value(last[1]) != wanted or not same:
        return wrong(f"ends in {shown(last[0])}, not in {said}") if clean else unsure(f"does not plainly end in {said}")
    if not clean:
        return unsure(f"does not end in {said}")
    return _worked(response, quantity, wanted) if _WORK.search(asked) else right(f"ends in {said}")


def worded(asked: str) -> tuple[Fraction, str, str] | None:
    """The value, its unit and the wanted one that a wording names; none where a word is not understood."""
    given, others, beside = list[tuple[Fraction, str]](), set[str](), asked
    for one in re.finditer(rf"(?<!\d)({_FIGURE})\s*({_UNIT})(?![a-z\d])", asked):
        given.append((_value(one[1]), one[2]))
        beside = beside.replace(one[0], " ", 1)
    for word in re.findall(r"[a-z]+|1(?![\d.,])|[^\s.,?!:}]", beside):
        if re.fullmatch(_UNIT, word):
            others.add(word)
        elif word != "1" and word not in _ASKED:
            return None
    if len(given) != 1:
        return None
    source = _quantity(1, given[0][1])
    wanted = sorted(one for one in others if not _same(_quantity(1, one), source))
    ones = [_quantity(1, one) for one in wanted]
    # Two names of one unit are no second unit.
    if not ones or not ones[0].check(source.dimensionality) or not all(_same(one, ones[0]) for one in ones):
        return None
    return (*given[0], wanted[0])


def _worked(response: str, quantity: Any, wanted: Fraction) -> Ruling:
    """Whether a response is one line of sides that each are the quantity, from the value on."""
    if len(response.strip().splitlines()) != 1:
        return wrong("the work is not one line")
    text = _CLOSING.sub("", _OPENING.sub("", response.strip(), count=1))
    sides = [_CLOSING.sub("", side).strip() for side in text.split("=")]
    start = Fraction(quantity.magnitude)
    if start not in [_value(one) for one in re.findall(_FIGURE, text, re.ASCII)[:-1]]:
        return wrong(f"shows no work that starts from {start}")
    for side in sides:
        verdict = _is(side, quantity, wanted)
        if verdict is None:
            return unsure(f"cannot read {shown(side)}")
        if not verdict:
            return wrong(f"{shown(side)} is no such quantity")
    return right(f"each of {len(sides)} sides is {quantity.magnitude} {quantity.units}")


def _is(side: str, quantity: Any, wanted: Fraction) -> bool | None:
    """Whether a side, a quantity or a product or quotient, is the quantity; none where it cannot be read."""
    at, value, units, sign = 0, Fraction(1), list[str](), "×"
    while at < len(side):
        found = _SIDE.match(side, at)
        if found is None or not sign:
            return None
        one = _value(found[1])
        if sign in "÷/" and not one:
            return False
        value = value / one if sign in "÷/" else value * one
        units.append((found[2] or "").lower())
        at, sign = found.end(), found[3] or ""
    if sign or not units:
        return None
    # "3 km × 1000" is the number that comes next, "3 × 1000 m" is a quantity.
    bare = not units[-1] and value in (wanted, quantity.magnitude)
    unit = units[-1] or units[0]
    return bare if bare or not unit else _same(_quantity(value, unit), quantity)


def _same(one: Any, other: Any) -> bool:
    return bool(one.check(other.dimensionality) and one == other)


def _value(figure: str) -> Fraction:
    return Fraction(figure.replace(",", ""))


def _quantity(value: Fraction | int, unit: str) -> Any:
    return _registry().Quantity(Fraction(value), unit)


@cache
def _registry() -> Any:
    """Pint's units, in fractions."""
    try:
        import pint
    except ImportError as fault:
        raise SessionError(
            "A second reading of conversions needs pint, which is not installed.",
            mend="`pip install 'noria[study]'` brings it.",
        ) from fault
    return pint.UnitRegistry(non_int_type=Fraction)
