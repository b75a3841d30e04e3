"""The body of a template: role lines first, then the expressions between them, all of it before anything is rendered.

    system:            a role line stands alone on its line, and is read from the file,
    You read …         so that no value can open a role
    user:
    {{ instruction }}

What may stand in a body is a list, not a denial: loops, conditions, `set`, `with`, filters and
tests. Whatever is put out and is not the program's own or the operator's gets the fence here,
in the tree, so that no author has to think of it and none can leave it out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import Template, TemplateSyntaxError, meta, nodes

from noria.prompts.environment import ENVIRONMENT, LOOP_FACTS, bounded
from noria.prompts.faults import Fault

ROLES = ("system", "user", "assistant")

DEEP = 40
"""How deep expressions and blocks may be nested."""

NODES = 4_000
"""Statements, names, operators, … that a block may be made of."""

_ROLE_LINE = re.compile(rf"^({'|'.join(ROLES)}):[ \t]*$", re.MULTILINE)

_STATEMENTS = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Assign, nodes.AssignBlock, nodes.With,
)  # fmt: skip
_EXPRESSIONS = (
    nodes.Name, nodes.NSRef, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair, nodes.Keyword,
    nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Call, nodes.Getitem, nodes.Getattr, nodes.Slice, nodes.Concat,
    nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Add, nodes.Sub,
    nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow,
)  # fmt: skip
_ALLOWED = frozenset({*_STATEMENTS, *_EXPRESSIONS})
_OTHER_FILE = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two role lines."""

    role: str
    source: str
    line: int
    """Line of the file the source begins on."""


def blocks(body: str, offset: int, found: list[Fault]) -> list[Block]:
    """The role blocks of a body that begins after `offset` lines; what is wrong is added to `found`."""
    marks = list(_ROLE_LINE.finditer(body))
    if not marks or marks[-1][1] != "user" or body[: marks[0].start()].strip():
        line = offset + 1 if not marks else offset + body[: marks[-1].start()].count("\n") + 1
        found.append(Fault(line, "The body must be made of role lines (`system:`, `user:`), `user:` last."))
        return []
    ends = [mark.start() for mark in marks[1:]] + [len(body)]
    return [
        Block(mark[1], body[mark.end() + 1 : end], offset + body[: mark.end()].count("\n") + 2)
        for mark, end in zip(marks, ends, strict=True)
    ]


def parsed(block: Block, found: list[Fault]) -> nodes.Template | None:
    """The tree of a block, or none where it may not stand in a prompt."""
    try:
        tree = ENVIRONMENT.parse(block.source)
    except TemplateSyntaxError as fault:
        found.append(Fault(block.line + fault.lineno - 1, f"{fault.message}."))
        return None
    except RecursionError:
        found.append(Fault(block.line, "The block is nested too deep."))
        return None
    before = len(found)
    found.extend(_strange(tree, block.line - 1))
    return tree if len(found) == before else None


def asked(tree: nodes.Template) -> set[str]:
    """The fields a tree asks for."""
    return meta.find_undeclared_variables(tree)


def _strange(tree: nodes.Template, offset: int) -> Iterator[Fault]:
    """What may not stand in a body."""
    left: list[tuple[nodes.Node, int]] = [(tree, 0)]
    count = 0
    while left:
        node, depth = left.pop()
        count += 1
        if count > NODES:
            yield Fault(offset + 1, f"The block is made of more than {NODES:,} expressions.")
            return
        if depth > DEEP:
            yield Fault(offset + (node.lineno or 1), f"The block is nested deeper than {DEEP} levels.")
            return
        if type(node) not in _ALLOWED:
            yield _refused(node, offset)
        elif isinstance(node, nodes.For) and node.recursive:
            yield Fault(offset + node.lineno, "A loop that calls itself (`recursive`) is not allowed.")
        elif isinstance(node, nodes.Filter | nodes.Test):
            known = ENVIRONMENT.filters if isinstance(node, nodes.Filter) else ENVIRONMENT.tests
            if node.name not in known or node.name.startswith("_"):
                yield Fault(offset + node.lineno, ENVIRONMENT.lacks(node.name, known))
        left.extend((child, depth + 1) for child in node.iter_child_nodes())


def _refused(node: nodes.Node, offset: int) -> Fault:
    if isinstance(node, _OTHER_FILE):
        return Fault(offset + node.lineno, "The template loads another file, which is not allowed.")
    if isinstance(node, nodes.FilterBlock | nodes.CallBlock | nodes.Macro):
        return Fault(
            offset + node.lineno,
            "The template has a block of `filter`, `call` or `macro`, which could break the fence.",
            "Filter the fields themselves: `{{ instruction | upper }}`.",
        )
    return Fault(offset + (node.lineno or 1), f"`{type(node).__name__.lower()}` is not allowed in a template.")


def compiled(tree: nodes.Template, kind: str, own: frozenset[str]) -> Template:
    """The tree as it is rendered: bounded, and every expression fenced at last that names what does not stand open.

    Raises:
        SyntaxError: Python cannot say it: loops nested too deep.
    """
    opened = _open(tree, own)
    fenced = [
        (output, at, kind if named(part) - opened else "_shown")
        for output in tree.find_all(nodes.Output)
        for at, part in enumerate(output.nodes)
        if not isinstance(part, nodes.TemplateData)
    ]
    tree = bounded(tree)
    for output, at, name in fenced:
        part = output.nodes[at]
        output.nodes[at] = nodes.Filter(part, name, [], [], None, None, lineno=part.lineno)
    return ENVIRONMENT.from_string(tree)


def named(node: nodes.Node) -> set[str]:
    """The names an expression reads; what `loop` tells of its turns is nobody's."""
    if isinstance(node, nodes.Getattr) and node.attr in LOOP_FACTS and getattr(node.node, "name", "") == "loop":
        return set()
    if isinstance(node, nodes.Name):
        return {node.name}
    return set[str]().union(*(named(child) for child in node.iter_child_nodes()))


def _open(tree: nodes.Template, own: frozenset[str]) -> frozenset[str]:
    """The names that stand open: own fields, and what is bound to nothing but these."""
    bound = list(_bindings(tree))
    opened = own | {name for name, _ in bound}
    while closed := {name for name, source in bound if name in opened and (source is None or named(source) - opened)}:
        opened -= closed
    return opened


def _bindings(tree: nodes.Template) -> Iterator[tuple[str, nodes.Node | None]]:
    """Every name that a tree binds, with what it binds it to; none where that is a text put out."""
    for node in tree.find_all((nodes.For, nodes.Assign, nodes.AssignBlock, nodes.With)):
        if isinstance(node, nodes.With):
            pairs: list[tuple[nodes.Node, nodes.Node | None]] = list(zip(node.targets, node.values, strict=True))
        else:
            source = {nodes.For: "iter", nodes.Assign: "node"}.get(type(node))
            pairs = [(node.target, getattr(node, source) if source else None)]  # type: ignore[attr-defined]
        for target, source_node in pairs:
            for one in (target, *target.find_all((nodes.Name, nodes.NSRef))):
                if isinstance(one, nodes.Name | nodes.NSRef):
                    yield one.name, source_node
