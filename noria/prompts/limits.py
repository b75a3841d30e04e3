"""How much a template may do: steps counted while it runs, values weighed as they are made.

    loop       each turn costs what its body holds, asked for before the first turn
    value      whatever an operator, a literal, a filter or a call makes is weighed before it is used on
    text out   counted as it is written

Nothing that a template can write grows without passing here (see `environment.py`), and what
has been weighed is small: so one step takes microseconds, a render at most `STEPS` of them,
and at no time does it hold more than a few texts of `TEXT` characters. The bound is of work,
not of time, so that the same template does the same on every machine.
"""

from typing import Any

from jinja2 import TemplateRuntimeError, Undefined

STEPS = 50_000
"""Steps of one render: a node of a loop's body, an element, or sixteen characters of a value that is made or read."""

TEXT = 40_000
"""Longest text a value may hold, in characters; a list, all its texts together."""

ITEMS = 2_000
"""Elements of one list or mapping, those of what it holds included."""

WRITTEN = 80_000
"""Characters of one render, those that are captured and written again included."""

NUMBER = 10**30
"""Largest whole number."""


class Budget:
    """What is left to one render."""

    __slots__ = ("steps", "written")

    def __init__(self) -> None:
        """A whole budget."""
        self.steps = STEPS
        self.written = WRITTEN

    def spend(self, steps: int) -> None:
        """Take steps.

        Raises:
            TemplateRuntimeError: none are left.
        """
        self.steps -= steps
        if self.steps < 0:
            raise TemplateRuntimeError(f"it takes more than {STEPS:,} steps")

    def write(self, characters: int) -> None:
        """Take room for text.

        Raises:
            TemplateRuntimeError: none is left.
        """
        self.written -= characters
        if self.written < 0:
            raise TemplateRuntimeError(f"it writes more than {WRITTEN:,} characters")

    def weigh(self, value: Any) -> int:
        """The characters a value holds, after paying for a look at it.

        Raises:
            TemplateRuntimeError: it is too large, or nothing that a prompt may hold.
        """
        if isinstance(value, str):
            size = len(value)
            self.spend(1 + (size >> 4))
            fits(size)
            return size
        self.spend(1)
        if isinstance(value, list | tuple | dict | range):
            return self._whole(value)
        _number(value)
        return 0

    def _whole(self, value: list[Any] | tuple[Any, ...] | dict[Any, Any] | range) -> int:
        """The same of what holds others, which it may hold many times over."""
        characters, count = 0, 0
        left: list[Any] = [value]
        while left:
            one = left.pop()
            if isinstance(one, str):
                characters += len(one)
            elif isinstance(one, list | tuple | dict | range):
                count += len(one)
                if count > ITEMS:
                    raise TemplateRuntimeError(f"a list of it holds more than {ITEMS:,} elements")
                left.extend([*one.keys(), *one.values()] if isinstance(one, dict) else one)
            elif isinstance(one, Undefined):
                str(one)  # raises what is wrong with it
            else:
                _number(one)
        self.spend(count + (characters >> 4))
        fits(characters)
        return characters

    def made(self, value: Any) -> Any:
        """A value as it may be used on: weighed, and whole where it came piece by piece."""
        if not isinstance(value, str | list | tuple | dict | range | int | float | Undefined | None):
            pieces = []
            for one in value:
                pieces.append(one)
                self.spend(1)
                if len(pieces) > ITEMS:
                    raise TemplateRuntimeError(f"a list of it holds more than {ITEMS:,} elements")
            value = pieces
        self.weigh(value)
        return value


def fits(characters: int) -> None:
    """Refuse what would be too long, before it is made.

    Raises:
        TemplateRuntimeError: it would be.
    """
    if characters > TEXT:
        raise TemplateRuntimeError(f"a text of it has {characters:,} characters; {TEXT:,} are allowed")


def _number(value: Any) -> None:
    if isinstance(value, int):
        if not -NUMBER <= value <= NUMBER:
            raise TemplateRuntimeError("a number of it is too large")
    elif not isinstance(value, float | Undefined | None):
        raise TemplateRuntimeError(f"it uses {type(value).__name__} as a value, which no prompt can hold")
