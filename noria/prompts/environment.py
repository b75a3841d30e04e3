"""Where templates run: sandboxed Jinja2 in which nothing takes long and nothing grows large."""

import difflib
from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from noria import fence
from noria.prompts.faults import names

LOOP_FACTS = frozenset({"index", "index0", "first", "last", "length", "revindex", "revindex0", "depth", "depth0"})
"""What a loop tells of its turns, which is nobody's text."""


class Environment(ImmutableSandboxedEnvironment):
    """Sandboxed Jinja2 without the operators that can fill the memory."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Refuse what multiplies text."""
        raise TemplateError(f"the operator {operator!r} is not allowed in a template")

    def lacks(self, name: str, known: Mapping[str, Any]) -> str:
        """The sentence for a filter or a test that is not here."""
        near = difflib.get_close_matches(name, [one for one in known if not one.startswith("_")], n=1)
        return f"There is no `{name}` in a template." + (f" Did you mean {names(near)}?" if near else "")


@pass_context
def _behind(context: Context, value: Any) -> str:
    """A value behind the fence of this call; no `set` of a template reaches the mark."""
    return fence.fenced(str(value), context.parent["_drawn"])


ENVIRONMENT = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
ENVIRONMENT.filters |= {"fenced": _behind, "defused": lambda value: fence.defused(str(value))}
