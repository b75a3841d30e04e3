"""Whether a program gives the same under every hash seed, as far as its syntax alone can show.

    source ─► syntax tree ─► only what is listed here? ─► steady: one seed stands for all

A hash seed shows in two places: in the value of a hash, and in the order of a set. A program
has neither if it makes no set and reaches nothing that could. So this is a list of what is
allowed, not of what is forbidden: the node kinds below, builtins that neither hash nor make
sets, the methods of JSON's own types that do not, and names that are no builtins. It leaves
out imports, classes, names with two underscores, and what looks harmless but is not: keys
and items of a dict, whose differences are sets, and `str.format`, which reaches into objects.

What is not listed is not steady; that costs a second run and nothing else. It is asked in
the locked child before the program begins, so that a hostile source is parsed nowhere else.
"""

import _ast as ast
import builtins

LONGEST = 10_000
"""Characters of a source that is looked at."""

KINDS = frozenset({
    ast.Module, ast.FunctionDef, ast.Lambda, ast.arguments, ast.arg, ast.Return, ast.Expr, ast.Pass,
    ast.Assign, ast.AugAssign, ast.AnnAssign, ast.NamedExpr, ast.Delete, ast.Global, ast.Nonlocal,
    ast.For, ast.While, ast.If, ast.IfExp, ast.Break, ast.Continue, ast.Assert, ast.Raise, ast.Try, ast.ExceptHandler,
    ast.ListComp, ast.DictComp, ast.GeneratorExp, ast.comprehension, ast.Yield, ast.YieldFrom,
    ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.JoinedStr, ast.FormattedValue, ast.Starred,
    ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Call, ast.keyword, ast.Load, ast.Store, ast.Del,
    ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Compare,
    *(kind for base in (ast.boolop, ast.operator, ast.unaryop, ast.cmpop) for kind in base.__subclasses__()),
})  # fmt: skip

BUILTINS = frozenset({
    "abs", "all", "any", "bin", "bool", "chr", "dict", "divmod", "enumerate", "filter", "float", "hex", "int",
    "isinstance", "iter", "len", "list", "map", "max", "min", "next", "oct", "ord", "pow", "print", "range",
    "repr", "reversed", "round", "slice", "sorted", "str", "sum", "tuple", "zip",
    "ArithmeticError", "AssertionError", "Exception", "IndexError", "KeyError", "LookupError", "OverflowError",
    "RuntimeError", "StopIteration", "TypeError", "ValueError", "ZeroDivisionError",
})  # fmt: skip

OTHERS = frozenset(dir(builtins)) - BUILTINS
"""Builtins that might hash, make a set, or reach what does."""

METHODS = frozenset(
    name for kind in (str, list, dict, tuple, int, float) for name in dir(kind) if not name.startswith("_")
) - {"keys", "items", "format", "format_map", "encode"}

"""Methods of the values that JSON can say."""

NAMES = frozenset({"id", "arg", "name", "names"})
"""Fields of a node that hold names."""


def steady(source: str) -> bool:
    """Whether no hash seed can make a difference to a program; where in doubt, not."""
    if len(source) > LONGEST:
        return False
    try:
        todo: list[ast.AST] = [compile(source, "<candidate>", "exec", ast.PyCF_ONLY_AST)]
    except Exception:  # it does not parse, or nests too deep: the run itself will tell
        return False
    while todo:
        node = todo.pop()
        if type(node) not in KINDS:
            return False
        for field in node._fields:
            value = getattr(node, field, None)
            for one in value if type(value) is list else (value,):
                if isinstance(one, ast.AST):
                    todo.append(one)
                elif not _allowed(field, one):
                    return False
    return True


def _allowed(field: str, value: object) -> bool:
    """Whether a field of a node may hold this, where it is no node itself."""
    if field == "attr":
        return value in METHODS
    return field not in NAMES or value is None or not (value in OTHERS or str(value).startswith("__"))
