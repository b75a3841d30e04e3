"""Where templates run: sandboxed Jinja2 in which nothing takes long and nothing grows large.

    parse ─► bounded: literals, `~`, comparisons, loops and what is put out go through a filter ─► compile
                                                    │
    operators, filters, tests, calls ───────────────┴─► the budget of the render (see `limits.py`)

What a template can reach is a closed set: the filters of `filters.py`, Jinja2's tests, three
functions, a handful of methods of texts, lists and mappings, and what `loop` tells. There are
no blocks, macros or other files, so nothing calls itself and the only way to go on is a loop,
which pays before its first turn. No value but texts, numbers, lists and mappings can be put
out, compared or handed on. The filters take the context, so Jinja2 folds none of them while it compiles.
"""

import difflib
from collections.abc import Mapping
from types import BuiltinMethodType, MethodType
from typing import Any

from jinja2 import StrictUndefined, TemplateRuntimeError, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from noria.prompts.faults import names
from noria.prompts.filters import FILTERS, TESTS
from noria.prompts.limits import ITEMS

LOOP_FACTS = frozenset({"index", "index0", "first", "last", "length", "revindex", "revindex0", "depth", "depth0"})
"""What a loop tells of its turns, which is nobody's text."""

_TEXT = """
lower upper strip lstrip rstrip title capitalize casefold swapcase split rsplit splitlines partition rpartition
startswith endswith find rfind index rindex count isdigit isalpha isalnum isupper islower isspace removeprefix
removesuffix
"""

METHODS: dict[type, frozenset[str]] = {
    str: frozenset(_TEXT.split()),
    list: frozenset({"index", "count"}),
    tuple: frozenset({"index", "count"}),
    dict: frozenset({"items", "keys", "values", "get"}),
    LoopContext: frozenset({"cycle", "changed"}),
}
"""The methods that may be called: none makes more than it was given."""


def _range(*bounds: int) -> range:
    found = range(*bounds)
    if len(found) > ITEMS:
        raise TemplateRuntimeError(f"`range` has {len(found):,} numbers; {ITEMS:,} are allowed")
    return found


class Environment(ImmutableSandboxedEnvironment):
    """Sandboxed Jinja2 within a budget."""

    intercepted_binops = frozenset({"+", "*", "%", "**"})

    def __init__(self) -> None:
        """The one there is."""
        super().__init__(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
        self.globals = {"range": _range, "dict": dict, "namespace": Namespace}
        self.filters, self.tests = dict(FILTERS), dict(TESTS)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Weigh sums; multiply numbers and nothing else."""
        if operator == "**" or (operator != "+" and not (_counts(left) and _counts(right))):
            raise TemplateRuntimeError(f"the operator {operator!r} is not allowed in a template")
        return context.parent["_budget"].made(super().call_binop(context, operator, left, right))

    def is_safe_callable(self, obj: Any) -> bool:
        """Whether a thing may be called: the functions of the environment, and the methods of `METHODS`."""
        if isinstance(obj, BuiltinMethodType | MethodType):
            return obj.__name__ in METHODS.get(type(obj.__self__), ())
        return any(obj is one for one in self.globals.values())

    def call(self, context: Context, obj: Any, *args: Any, **named: Any) -> Any:
        """Call what may be called, within the budget."""
        if not self.is_safe_callable(obj):
            what = getattr(obj, "__name__", type(obj).__name__)
            raise SecurityError(f"`{what}` may not be called in a template")
        budget = context.parent["_budget"]
        for one in (*args, *named.values(), getattr(obj, "__self__", "")):
            if not isinstance(one, LoopContext):
                budget.weigh(one)
        made = super().call(context, obj, *args, **named)
        return made if isinstance(made, Namespace) else budget.made(made)

    def lacks(self, name: str, known: Mapping[str, Any]) -> str:
        """The sentence for a filter or a test that is not here."""
        near = difflib.get_close_matches(name, [one for one in known if not one.startswith("_")], n=1)
        return f"There is no `{name}` in a template." + (f" Did you mean {names(near)}?" if near else "")


def _counts(value: Any) -> bool:
    return isinstance(value, int | float)


class _Bounded(NodeTransformer):
    """Sends every expression that could make something large through the budget."""

    def visit_Concat(self, node: nodes.Concat) -> Any:
        """`a ~ b`."""
        inner: Any = self.generic_visit(node)
        return _through(nodes.List(inner.nodes, lineno=node.lineno), "_joined")

    def _literal(self, node: nodes.Node) -> Any:
        inner: Any = self.generic_visit(node)
        return inner if getattr(node, "ctx", "load") != "load" else _through(inner, "_made")

    visit_List = visit_Dict = visit_Tuple = _literal

    def visit_Compare(self, node: nodes.Compare) -> Any:
        """`a < b`, `a in b`: both sides are looked through."""
        inner: Any = self.generic_visit(node)
        inner.expr = _through(inner.expr, "_made")
        for one in inner.ops:
            one.expr = _through(one.expr, "_made")
        return inner

    def visit_For(self, node: nodes.For) -> Any:
        """A loop: each turn costs what it holds, loops inside aside, which pay for themselves."""
        cost, characters = _size([*node.body, *([node.test] if node.test else [])])
        inner: Any = self.generic_visit(node)
        inner.iter = _through(inner.iter, "_turns", nodes.Const(1 + cost), nodes.Const(characters))
        return inner


def _through(node: nodes.Node, name: str, *given: nodes.Node) -> nodes.Filter:
    return nodes.Filter(node, name, list(given), [], None, None, lineno=node.lineno)


def _size(parts: list[nodes.Node]) -> tuple[int, int]:
    """Nodes and characters of text below some nodes, without the bodies of loops."""
    count, characters, left = 0, 0, list(parts)
    while left:
        node = left.pop()
        count += 1
        if isinstance(node, nodes.TemplateData):
            characters += len(node.data)
        left.extend([node.iter, *node.else_] if isinstance(node, nodes.For) else node.iter_child_nodes())
    return count, characters


def bounded(tree: nodes.Template) -> nodes.Template:
    """A tree in which nothing grows without being weighed; it is changed in place."""
    found = _Bounded().visit(tree)
    assert isinstance(found, nodes.Template)
    return found


ENVIRONMENT = Environment()
