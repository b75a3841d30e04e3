"""Programs one edit away from a program, by its syntax tree; the text is read here and never run.

    source ─► tree ─► one node changed ─► source        operators, numbers, names, tests, lines left out

Mutation analysis (DeMillo, Lipton, Sayward, 1978): what cannot tell a program from these tests
nothing. It runs as a job of the sandbox, for a text can be made to break a parser.
"""

import ast
from collections.abc import Iterator

OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip

NAMES = {
    "min": "max", "max": "min", "sum": "len", "len": "sum", "any": "all", "all": "any", "sorted": "list",
    "reversed": "list", "upper": "lower", "lower": "upper", "startswith": "endswith", "endswith": "startswith",
    "append": "remove", "set": "list", "abs": "int", "lstrip": "rstrip", "rstrip": "lstrip", "title": "lower",
}  # fmt: skip

DROPPED = (ast.Assign, ast.AugAssign, ast.For, ast.While, ast.If, ast.Expr)
"""Lines that may be left out."""


def edits(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in a node's place."""
    if isinstance(node, ast.Constant):
        if type(node.value) is bool:
            yield ast.Constant(not node.value)
        elif type(node.value) is int:
            yield ast.Constant(node.value + 1)
            yield ast.Constant(node.value - 1)
        elif type(node.value) is str:
            yield ast.Constant(node.value + "x")
    elif type(node) in OPERATORS:
        yield OPERATORS[type(node)]()
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield ast.Name(NAMES[node.id], node.ctx)
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield ast.Attribute(node.value, NAMES[node.attr], node.ctx)
    elif isinstance(node, ast.Slice) and (node.lower or node.upper or node.step):
        yield ast.Slice()
    if isinstance(node, DROPPED) and not _documents(node):
        yield ast.Pass()
    elif isinstance(node, ast.Return) and node.value is not None:
        yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.comprehension) and node.ifs:
        yield ast.comprehension(node.target, node.iter, [], node.is_async)


def mutants(source: str, count: int) -> list[str]:
    """At most `count` mutants of a source, taken evenly from all there are, none twice.

    Raises:
        SyntaxError: the text is no Python.
    """
    tree = ast.parse(source)
    found: dict[str, None] = {}
    for parent in list(ast.walk(tree)):
        if _documents(parent):
            continue
        for field, value in ast.iter_fields(parent):
            many = isinstance(value, list)
            for at, node in enumerate(value if many else [value]):
                if not isinstance(node, ast.AST):
                    continue
                for other in edits(node):
                    _put(parent, field, at, many, other)
                    found[ast.unparse(ast.fix_missing_locations(tree))] = None
                    _put(parent, field, at, many, node)
    found.pop(ast.unparse(tree), None)
    every = list(found)
    return every if len(every) <= count else [every[at * len(every) // count] for at in range(count)]


def _documents(node: ast.AST) -> bool:
    """Whether a line is a docstring, which does nothing."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _put(parent: ast.AST, field: str, at: int, many: bool, node: ast.AST) -> None:
    if many:
        getattr(parent, field)[at] = node
    else:
        setattr(parent, field, node)
