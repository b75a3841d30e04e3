"""Runs one job in a locked process: the source once, then its calls, one line of JSON each.

The job's program lives in this very process and may rewrite all of it. That is why nothing
said here is believed: a line is a claim about an answer, and the parent holds the answers.
"""

import builtins
import json
import math
import os
import sys
from typing import Any

DEPTH = 64
"""Deepest nesting of a value that is still an answer."""

TOGETHER = 16_384
"""Bytes of answers that are kept back."""

FAULT_LIMIT = 200
"""Characters of an error that are passed on."""


class NoJson(TypeError):
    """A value is not plain JSON."""


def plain(value: Any, depth: int = 0) -> Any:
    """A copy of a value made of JSON's own types alone: no subclass, no tuple, no NaN."""
    kind = type(value)
    if value is None or kind in (bool, str, int):
        return value
    if kind is float:
        if not math.isfinite(value):
            raise NoJson(f"{value} is no JSON number")
        return value
    if depth == DEPTH:
        raise NoJson(f"the value nests deeper than {DEPTH}")
    if kind is list:
        return [plain(one, depth + 1) for one in value]
    if kind is dict:
        if any(type(key) is not str for key in value):
            raise NoJson("a key is not a str")
        return {key: plain(one, depth + 1) for key, one in value.items()}
    raise NoJson(f"a value of type {kind.__name__} is not JSON")


def fault(error: BaseException) -> str:
    """An error in words."""
    try:
        said = str(error)
    except BaseException:  # the program wrote this error's __str__ too
        said = ""
    return f"{type(error).__name__}: {said}"[:FAULT_LIMIT]


def run(job: dict[str, Any], out: int) -> None:
    """Run the source, then each call; write `[number, value, fault]` lines to the descriptor `out`.

    They are written together, for each line wakes the parent; what a hang leaves unwritten was no answer yet.
    """
    waiting = bytearray()

    def say(*line: object) -> None:
        waiting.extend((json.dumps(line) + "\n").encode())
        if len(waiting) > TOGETHER:
            write()

    def write() -> None:
        while waiting:
            del waiting[: os.write(out, waiting)]

    names: dict[str, Any] = {"__name__": "candidate", "__builtins__": builtins}
    try:
        exec(compile(job["source"], "<candidate>", "exec"), names)
    except BaseException as error:  # SystemExit is an answer like any other
        say(-1, None, fault(error))
        write()
        return
    for number, (function, arguments) in enumerate(job["calls"]):
        try:
            if function not in names:
                raise NameError(f"there is no {function!r}")
            value = plain(names[function](*arguments))
            line: tuple[int, str | None, str] = (number, json.dumps(value), "")
        except BaseException as error:  # here too
            line = (number, None, fault(error))
        say(*line)
    write()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
