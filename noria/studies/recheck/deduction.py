"""Deduction read again: the program in the fence, walked node by node, and what is asked of it.

    ```python … ```  ─► syntax tree ─► an evaluator that knows a few kinds of node ─┐
    "What is f(3)?"  ─► the value at 3 is wanted                                     ├─► ruling
    "Which x gives 9?" ─► whatever x the response names is put in ───────────────────┘

No text is handed to the interpreter: every node is one of a short list (see `walking`), every number and
list is bounded, and anything else leaves the program not understood. Programs that are themselves the
answer are not read at all, for a second opinion on those would have to run them.
"""

import ast
import re
from collections.abc import Callable
from fractions import Fraction

from noria.studies.recheck.ending import number
from noria.studies.recheck.ruling import Ruling, among, plain, right, shown, unsure, wrong
from noria.studies.recheck.walking import MOST, NotUnderstoodError, Value, body_of, returned

_FENCE = re.compile(r"```python\n(.*?)\n```", re.DOTALL)
_LITERAL = r"-?\d{1,30}(?!\d|\.\d)|\[(?:\s*-?\d{1,30}\s*(?:,\s*-?\d{1,30}\s*)*)?\]"
_CALL = re.compile(rf"(?<![\w(])f\(({_LITERAL})\)(?!\))")
_OUTPUT = among(
    "what does return returns read this program and give the value of is work out for gives which have here run in your"
    " head say it called as a now"
)
_INPUT = among(
    "give an x for which returns return find input so that is name makes equal to gives this program returned it may"
    " have been called with write a value of the result was given one no matter any right will do does f"
)
_LIST = re.compile(r"\[[^\[\]]*\]")
_NUMBERS = re.compile(r"\[\s*(?:(?:0|-?[1-9][0-9]{0,29})\s*(?:,\s*(?:0|-?[1-9][0-9]{0,29})\s*)*)?\]")


def read(instruction: str, response: str) -> Ruling:
    """Whether a response is what a program returns, or an input at which it returns what is asked for."""
    fences = _FENCE.findall(instruction)
    rest = plain(_FENCE.sub(" ", instruction))
    if len(fences) != 1:
        return unsure("the wording shows no one program")
    try:
        body = body_of(fences[0])
        if len(calls := _CALL.findall(rest)) == 1 and _only(_CALL.sub(" ", rest), _OUTPUT):
            return _output(returned(body, _value(calls[0])), response)
        given = re.findall(rf"(?<![\w(\[-])(?:{_LITERAL})", rest.replace("f(x)", "f"))
        beside = rest.replace("f(x)", "f").replace(given[0], " ", 1) if len(given) == 1 else "?!"
        if _only(beside, _INPUT) and re.search(r"\bx\b", beside):
            return _input(body, _value(given[0]), response)
    except (NotUnderstoodError, SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        return unsure(f"the program is not understood: {shown(str(fault))}")
    return unsure(f"the wording is not understood: {shown(rest)}")


def _only(text: str, known: frozenset[str]) -> bool:
    return re.fullmatch(r"[a-zA-Z\s.,:?=]*", text) is not None and set(re.findall(r"[a-z]+", text.lower())) <= known


def _output(expected: Value, response: str) -> Ruling:
    if isinstance(expected, int):
        return number(response, lambda found: found == expected, f"{expected}")
    return _listed(response, lambda found: found == expected, f"{expected}")


def _input(body: list[ast.stmt], wanted: Value, response: str) -> Ruling:
    def fits(value: Value | Fraction) -> bool | None:
        if isinstance(value, Fraction) and value.denominator != 1:
            return False
        try:
            return returned(body, value if isinstance(value, list) else int(value)) == wanted
        except NotUnderstoodError:
            return None

    takes_list = fits([]) is not None
    if takes_list == (fits(0) is not None):
        return unsure("the program takes a number as well as a list, or neither")
    said = f"an x that gives {wanted}"
    return _listed(response, fits, said) if takes_list else number(response, fits, said)


def _listed(response: str, fits: Callable[[list[int]], bool | None], wanted: str) -> Ruling:
    """What a response says whose answer is one list; where it holds several, only that none of them fits."""
    found = set(_LIST.findall(response))
    readable = [[int(one) for one in re.findall(r"-?\d+", text)] for text in found if _NUMBERS.fullmatch(text)]
    if len(readable) < len(found) or any(len(one) > MOST for one in readable):
        return unsure("a list that is no plain list of numbers")
    if not found:
        return unsure("numbers without brackets") if any(map(str.isnumeric, response)) else wrong(f"no list: {wanted}")
    verdicts = [fits(one) for one in readable]
    if not any(verdict is not False for verdict in verdicts):
        return wrong(f"says {shown(str(readable[-1]))}, not {shown(wanted)}")
    if len(found) > 1 or verdicts[0] is None or re.search(r"\b(?:not|never)\b|n['’]t\b", response):
        return unsure(f"does not plainly say {shown(wanted)}")
    return right(f"says {shown(wanted)}")


def _value(text: str) -> Value:
    numbers = [int(one) for one in re.findall(r"-?\d+", text)]
    return numbers if text.startswith("[") else numbers[0]
