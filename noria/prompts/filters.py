"""The filters and tests of a template: those of Jinja2 that a prompt needs, each weighed before and after.

A filter that multiplies text is asked first how long its result would be. What is left out
reaches for attributes by name (`attr`), formats (`format`: a width fills the memory), says
another thing every time (`random`), or writes HTML, which a prompt is not.
"""

from collections.abc import Callable
from typing import Any

from jinja2 import StrictUndefined, TemplateRuntimeError, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from noria import fence
from noria.prompts.limits import ITEMS, fits

Guard = Callable[..., None]
"""Given a filter's value and arguments, raises where the result would be too large."""

_PLAIN = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


def _center(value: Any, width: int = 80) -> None:
    fits(int(width))


def _indent(value: Any, width: int | str = 4, first: bool = False, blank: bool = False) -> None:
    each = len(width) if isinstance(width, str) else int(width)
    fits((str(value).count("\n") + 1) * each)


def _replace(value: Any, old: Any, new: Any, count: int | None = None) -> None:
    text, sought, given = str(value), str(old), str(new)
    fits((text.count(sought) if sought else len(text) + 1) * len(given))


def _join(value: Any, d: Any = "", attribute: Any = None) -> None:
    fits(len(value) * len(str(d)))


def _wordwrap(
    value: Any, width: int = 79, break_long_words: bool = True, wrapstring: str | None = None, hyphens: bool = True
) -> None:
    fits((len(str(value)) + 1) * len(wrapstring or "\n"))


def _parts(value: Any, count: int, fill: Any = None) -> None:
    if not 0 < count <= ITEMS:
        raise TemplateRuntimeError(f"`batch` and `slice` take 1 to {ITEMS:,}, not {count}")


def _round(value: Any, precision: int = 0, method: str = "common") -> None:
    if abs(precision) > 15:
        raise TemplateRuntimeError("`round` takes a precision of at most 15")


def _tojson(value: Any, indent: int | None = None) -> None:
    if indent is not None and not 0 <= indent <= 8:
        raise TemplateRuntimeError("`tojson` takes an indent of at most 8")


GUARDED: dict[str, Guard] = {
    "center": _center, "indent": _indent, "replace": _replace, "join": _join, "wordwrap": _wordwrap,
    "batch": _parts, "slice": _parts, "round": _round, "tojson": _tojson,
}  # fmt: skip

SMALL = (
    "abs", "capitalize", "count", "d", "default", "dictsort", "first", "float", "groupby", "int", "items", "last",
    "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr", "sort",
    "string", "sum", "title", "trim", "truncate", "unique", "upper", "wordcount",
)  # fmt: skip
"""Filters whose result is no longer than what they are given."""


def _weighed(name: str, guard: Guard | None) -> Callable[..., Any]:
    """A filter of Jinja2 within the budget of its render."""

    @pass_context
    def weighed(context: Context, value: Any, *args: Any, **named: Any) -> Any:
        budget = context.parent["_budget"]
        for one in (value, *args, *named.values()):
            budget.weigh(one)
        if guard is not None:
            guard(value, *args, **named)
        made = _PLAIN.call_filter(name, value, args, named, context=context)
        return str(made) if name == "tojson" else budget.made(made)

    return weighed


@pass_context
def _behind(context: Context, value: Any) -> str:
    """A value behind the fence of this call; no `set` of a template reaches the mark."""
    return fence.fenced(_shown(context, value), context.parent["_drawn"])


@pass_context
def _defused(context: Context, value: Any) -> str:
    return fence.defused(_shown(context, value))


@pass_context
def _shown(context: Context, value: Any) -> str:
    """A value as it is put out."""
    budget = context.parent["_budget"]
    budget.weigh(value)
    text = str(value)
    budget.write(len(text))
    return text


@pass_context
def _joined(context: Context, pieces: list[Any]) -> str:
    """What `~` makes of its sides."""
    budget = context.parent["_budget"]
    budget.weigh(pieces)
    return str(budget.made("".join(str(one) for one in pieces)))


@pass_context
def _made(context: Context, value: Any) -> Any:
    """A value that was written down in the template, or is compared."""
    context.parent["_budget"].weigh(value)
    return value


@pass_context
def _turns(context: Context, value: Any, cost: int, characters: int) -> Any:
    """What a loop goes through, paid for."""
    budget = context.parent["_budget"]
    budget.weigh(value)
    count = len(value)
    budget.spend(count * cost)
    budget.write(count * characters)
    return value


FILTERS: dict[str, Callable[..., Any]] = {
    **{name: _weighed(name, None) for name in SMALL},
    **{name: _weighed(name, guard) for name, guard in GUARDED.items()},
    "fenced": _behind, "defused": _defused,
    "_shown": _shown, "_joined": _joined, "_made": _made, "_turns": _turns,
}  # fmt: skip


def _tried(name: str) -> Callable[..., Any]:
    """A test of Jinja2 within the budget of its render."""

    @pass_context
    def tried(context: Context, value: Any, *args: Any, **named: Any) -> bool:
        for one in (value, *args, *named.values()):
            context.parent["_budget"].weigh(one)
        return bool(_PLAIN.call_test(name, value, args, named, context=context))

    return tried


TESTS: dict[str, Callable[..., Any]] = {name: _tried(name) for name in _PLAIN.tests if name not in ("filter", "test")}
