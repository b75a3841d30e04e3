"""Wordings read aloud: the expression, or the program, that a wording spells from its first word to its last.

    "Multiply 3 by 4 plus 12."                    ─► 3 × (4 + 12)  and  3 × 4 + 12
    "keeps the even numbers, then reverses …"     ─► keep_even > reverse

What a wording means to its writer is one thing; this is what a reader may hear. Only an
expression that uses every number of the wording counts, for a part of it is no reading.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from noria.evaluators import steps as small
from noria.evaluators.phrasing import numbers

_N = r"(\d[\d,]*)"
_SPOKEN: tuple[tuple[str, str], ...] = (
    (rf"\b(?:sum|total) of {_N} and {_N}", r"(\1 + \2)"),
    (rf"\bproduct of {_N} and {_N}", r"(\1 * \2)"),
    (rf"\bdifference (?:of|between) {_N} and {_N}", r"(\1 - \2)"),
    (rf"\b(?:subtract|take away) (\([^()]*\)|{_N}) from {_N}", r"\3 - \1"),
    (rf"{_N} (?:is |are |was )?(?:subtracted|taken away|taken|deducted) from {_N}", r"\2 - \1"),
    (rf"{_N} less than {_N}", r"\2 - \1"),
    (rf"\bmultiply {_N} (?:by|and|with) ", r"\1 * "),
    (rf"\badd {_N} (?:and|to) {_N}", r"\1 + \2"),
    (r",? *(?:and |then |and then |after that |and after that )?\badd (?=\d)", " + "),
    (r",? *(?:and |then |and then |after that |and after that )?\b(?:subtract|take away) (?=\d)", " - "),
    (r"\b(?:times|multiplied by)\b|[×x](?=\s*[\d(])", "*"),
    (r"\b(?:plus|added to)\b", "+"),
    (r"\b(?:minus|less)\b|[−–]", "-"),
    (r"\bthe (?=\()|(?<=[)\d]),(?= [-+*])", ""),
    (r"\b(?:negative)\b", "-"),
)
_EXPRESSION = re.compile(r"[-(]*\s*\d[\d\s()+*-]*")
_TOKEN = re.compile(r"\d+|[-+*()]")


def heard(instruction: str) -> Iterator[tuple[str, int]]:
    """The expressions that a wording spells with all of its numbers, and their values."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", instruction.lower())
    count = len(numbers(text))
    spoken = text
    for pattern, sign in _SPOKEN:
        spoken = re.sub(pattern, sign, spoken)
    for found in _EXPRESSION.findall(spoken):
        expression = " ".join(_TOKEN.findall(found))
        if count > 1 and len(re.findall(r"\d+", expression)) == count:
            yield from _valued(expression)
            # "Multiply 3 by 4 plus 12": what follows `by` may be heard as one thing, unless a comma parts it.
            if grouped := re.fullmatch(r"(\d+) \* (\d+) ([-+]) (\d+)", expression):
                a, b, sign, c = grouped.groups()
                if re.search(rf"\bmultiply {a} (?:by|and|with) {b} (?:plus|minus|[-+]) {c}\b", text):
                    yield from _valued(f"{a} * ( {b} {sign} {c} )")
    if two := re.search(rf"\b(?:subtract|take away) {_N} and {_N}", text):
        a, b = (int(one) for one in two.groups())
        yield f"{b} - {a}", b - a


def _valued(expression: str) -> Iterator[tuple[str, int]]:
    tokens = expression.split()
    try:
        value = _sum(tokens)
    except (IndexError, ValueError):
        return
    if not tokens:
        yield expression, value


def _sum(tokens: list[str]) -> int:
    value = _product(tokens)
    while tokens and tokens[0] in "+-":
        sign = tokens.pop(0)
        other = _product(tokens)
        value = value + other if sign == "+" else value - other
    return value


def _product(tokens: list[str]) -> int:
    value = _factor(tokens)
    while tokens and tokens[0] == "*":
        tokens.pop(0)
        value *= _factor(tokens)
    return value


def _factor(tokens: list[str]) -> int:
    match tokens.pop(0):
        case "-":
            return -_factor(tokens)
        case "(":
            value = _sum(tokens)
            if tokens.pop(0) != ")":
                raise ValueError("a bracket stays open")
            return value
        case other:
            return int(other)


def steps_heard(instruction: str) -> tuple[str, ...]:
    """The steps that a wording names, in the order it asks for: `one, after it two` is two and then one."""
    text, found = instruction.lower(), list[tuple[int, int, str]]()
    for pattern, name in _clauses():
        for match in re.finditer(pattern, text):
            if not any(start < match.end() and match.start() < end for start, end, _ in found):
                number = match[1] if match.groups() else ""
                found.append((match.start(), match.end(), f"{name} {number}".strip()))
    steps = list[str]()
    before = 0
    for start, end, step in sorted(found):
        if re.search(r"\bafter (?:it|it has|having)\W*$", text[before:start]) and steps:
            steps.insert(len(steps) - 1, step)
        else:
            steps.append(step)
        before = end
    if steps and steps[-1] == "sort" and re.search(r"\bdescending\b|\blargest first\b", text):
        steps.append("reverse")
    return tuple(steps)


@cache
def _clauses() -> tuple[tuple[str, str], ...]:
    """A pattern for each clause of each step, the longest first."""
    found = [(words, name) for name, step in small.STEPS.items() for words in step.words]
    found.sort(key=lambda one: -len(one[0]))
    return tuple((r"\b" + re.escape(words).replace(re.escape("{k}"), r"(\d+)"), name) for words, name in found)


def shown_source(steps: Sequence[str], instruction: str) -> str:
    """The line of a program's first step, where a text shows it in whatever brackets and with whatever variable."""
    name, number = small.split(steps[0])
    line = small.STEPS[name].line.replace("{k}", str(number))
    for variable in {"x", *re.findall(r"\b(?:def \w+\(|lambda )(\w+)", instruction)}:
        if _bare(re.sub(r"\bx\b", variable, line)) in _bare(instruction):
            return line
    return ""


def _bare(text: str) -> str:
    return re.sub(r"[\s()\[\]]", "", text)
