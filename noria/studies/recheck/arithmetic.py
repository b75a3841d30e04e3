"""Arithmetic read again: a grammar of spoken arithmetic.

    "Multiply 3 by 4, then add 5."  ─► [multiply 3 by 4] [add 5] ─► 17

    ask     = step (`then` step)*
    step    = add a and b · subtract b from a · multiply a by b · sum · add c · subtract c · multiply by c
    sum     = product ((plus|minus) product)*      product = atom (times atom)*
    atom    = number · ( sum ) · minus atom · sum of a and b · product of a and b · difference between a and b

Every word has its place in the grammar or is one of a few that ask ("what is"); any other word, such
as `twice` or `about`, leaves the wording not understood. Nothing is added up by the rules of a
domain: two numbers that can be meant in either order, or a difference without a sign, are left open.
"""

import re
from fractions import Fraction

from noria.studies.recheck.ending import number
from noria.studies.recheck.ruling import Ruling, plain, shown, unsure

_SPELLED = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_ASKING = re.compile(
    r"\b(?:what(?: number)? (?:is|remains of)|what do you get(?: from| if| when)?|what remains|how much is|calculate"
    r"|compute|work out|find|give|evaluate|tell me|please|the result of|the value of|if you|first|begin with|start with"
    r"|makes what|the(?= (?:sum|product|total|difference)\b)|take(?= (?:the )?(?:sum|product)\b))\b"
)
_SAID: tuple[tuple[str, str], ...] = (
    (r"\b(?:to|from) (?:it|that|the result)\b", " "),
    (r"\b(?:and )?(?:then|after that|afterwards)\b", " ; "),
    (r"\band(?= (?:add|subtract|take away|multiply)\b)", " ; "),
    (r"\badd(?:ing|s)?\b", " add "), (r"\b(?:subtract(?:ing|s)?|take away|taking away)\b", " subtract "),
    (r"\bmultipl(?:y|ies|ying)\b", " multiply "),
    (r"\bmultiplied by\b|\btimes\b|[×*]|(?<=\d)\s*x\s*(?=\d)", " * "),
    (r"\bplus\b|\+", " + "), (r"\bminus\b|\bless\b(?! than)|[-−–]", " - "),
    (r"\btotal\b", " sum "), (r"[.?!,:;]", " ; "),
)  # fmt: skip
_TOKEN = re.compile(
    r"\s*(\d{1,12}(?![\d.a-z])|(?:add|subtract|multiply|sum|product|difference|of|between|and|to|from|by|with)(?![a-z\d])"
    r"|[-+*();])"
)


class NotUnderstoodError(Exception):
    """A wording that the grammar has no place for."""


def read(instruction: str, response: str) -> Ruling:
    """Whether a response gives the value of the expression that an instruction words."""
    try:
        value = spoken(plain(instruction).lower())
    except (NotUnderstoodError, IndexError) as fault:
        return unsure(f"the wording is not understood: {fault}")
    return number(response, lambda found: found == value, f"{value}")


def spoken(text: str) -> Fraction:
    """The value of an expression in words.

    Raises:
        NotUnderstoodError: a word has no place in the grammar.
        IndexError: the wording ends too early.
    """
    text = re.sub(rf"\b(?:{'|'.join(_SPELLED)})\b", lambda one: str(_SPELLED.index(one[0])), text)
    text = _ASKING.sub(" ", re.sub(r"(?<=\d),(?=\d{3}\b)", "", text))
    for pattern, token in _SAID:
        text = re.sub(pattern, token, text)
    tokens, at = list[str](), 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotUnderstoodError(shown(text[at : at + 30]))
        tokens.append(found[1])
        at = found.end()
    steps = [part.split() for part in " ".join(tokens).split(";") if part.strip()]
    value: Fraction | None = None
    for step in steps:
        value = _step(step, value)
        if step:
            raise NotUnderstoodError(f"{' '.join(step)!r} is left over")
    if value is None:
        raise NotUnderstoodError("there is no expression")
    return value


def _step(tokens: list[str], before: Fraction | None) -> Fraction:
    """One step, on its own or on what came before it; takes its tokens off the list."""
    verb = tokens.pop(0) if tokens[0] in ("add", "subtract", "multiply") else ""
    if before is not None:
        sign = {"add": "+", "subtract": "-", "multiply": "*"}[verb] if verb else tokens.pop(0)
        if (verb == "multiply" and tokens.pop(0) != "by") or (not verb and sign not in ("+", "-")):
            raise NotUnderstoodError("a step that takes up none before it")
        other = _product(tokens)
        return before + other if sign == "+" else before - other if sign == "-" else before * other
    if not verb:
        return _sum(tokens)
    one, joint, other = _atom(tokens), tokens.pop(0), _atom(tokens)
    match verb, joint:
        case "add", "and" | "to":
            return one + other
        case "subtract", "from":
            return other - one
        case "multiply", "by" | "and" | "with":
            return one * other
    raise NotUnderstoodError(f"{verb} … {joint}")


def _sum(tokens: list[str]) -> Fraction:
    value = _product(tokens)
    while tokens and tokens[0] in "+-":
        value = value + _product(tokens) if tokens.pop(0) == "+" else value - _product(tokens)
    return value


def _product(tokens: list[str]) -> Fraction:
    value = _atom(tokens)
    while tokens and tokens[0] == "*":
        tokens.pop(0)
        value *= _atom(tokens)
    return value


def _atom(tokens: list[str]) -> Fraction:
    match first := tokens.pop(0):
        case "-":
            return -_atom(tokens)
        case "(":
            value = _sum(tokens)
            if tokens.pop(0) != ")":
                raise NotUnderstoodError("a bracket stays open")
            return value
        case "sum" | "product" | "difference":
            if tokens.pop(0) not in ("of", "between"):
                raise NotUnderstoodError(f"a {first} of nothing")
            one, joint, other = _atom(tokens), tokens.pop(0), _atom(tokens)
            if joint != "and" or (first == "difference" and one < other):
                raise NotUnderstoodError(f"a {first} that may be meant two ways")
            return one + other if first == "sum" else one * other if first == "product" else one - other
    if not first.isdecimal():
        raise NotUnderstoodError(f"{first!r} where a number is due")
    return Fraction(first)
