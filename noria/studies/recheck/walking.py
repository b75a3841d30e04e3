"""The value of an expression, walked node by node: a few kinds of node, and bounds on every value.

    number · name · a + b, a - b, a * b, a % b, a // b · -a · a < b · [e for n in x if c] · x[::-1]
    abs len sum sorted list max min dict.fromkeys

Whatever a text holds beyond these is not understood, and nothing of it is run. Types are strict:
a list is never repeated by a number nor a truth value added up, so that no value outgrows its bounds.
"""

import ast
import operator
from collections.abc import Callable

Value = int | list[int]

LARGEST = 10**40
"""Largest magnitude of a number that is worked with."""

MOST = 64
"""Most numbers of a list."""

_SIGNS: dict[type[ast.AST], Callable[[int, int], int]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Mod: operator.mod,
    ast.FloorDiv: operator.floordiv, ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le,
}  # fmt: skip


class NotUnderstoodError(Exception):
    """A program that holds a node, a value or a size that is not known here."""


def body_of(source: str) -> list[ast.stmt]:
    """The statements of the one function f(x) of a program.

    Raises:
        NotUnderstoodError: it is another program.
        SyntaxError: it is none.
    """
    match ast.parse(source).body:
        case [ast.FunctionDef(name="f", args=ast.arguments(args=[ast.arg(arg="x")]), body=body, decorator_list=[])]:
            return body
    raise NotUnderstoodError("it is no function f(x)")


def returned(body: list[ast.stmt], x: Value) -> Value:
    """What the statements of f(x) return.

    Raises:
        NotUnderstoodError: a node, a value or a size is not known here.
    """
    names: dict[str, Value] = {"x": x}
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                names[name] = _of(value, names)
            case ast.Return(value=ast.expr() as value):
                return _of(value, names)
            case _:
                raise NotUnderstoodError(type(statement).__name__)
    raise NotUnderstoodError("it returns nothing")


def _of(node: ast.expr, names: dict[str, Value]) -> Value:
    """The value of an expression, within its bounds."""
    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return _bounded(number)
        case ast.Name(id=name) if name in names:
            return _bounded(names[name])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(_of(operand, names))
        case ast.BinOp(left=left, op=sign, right=other) if type(sign) in _SIGNS:
            return _signed(sign, _number(_of(left, names)), _number(_of(other, names)))
        case ast.Subscript(value=value, slice=ast.Slice(lower=None, upper=None, step=ast.expr() as step)):
            if _of(step, names) == -1:
                return _list(_of(value, names))[::-1]
        case ast.ListComp(elt=elt, generators=[ast.comprehension(target=ast.Name(id=name), iter=over, ifs=tests)]):
            inside = [{**names, name: one} for one in _list(_of(over, names))]
            kept = [one for one in inside if all(_holds(test, one) for test in tests)]
            return [_number(_of(elt, one)) for one in kept]
        case ast.Call(func=called, args=[given], keywords=more):
            return _bounded(_called(called, _of(given, names), more, names))
    raise NotUnderstoodError(type(node).__name__)


def _holds(test: ast.expr, names: dict[str, Value]) -> bool:
    match test:
        case ast.Compare(left=left, ops=[sign], comparators=[other]) if type(sign) in _SIGNS:
            return bool(_SIGNS[type(sign)](_number(_of(left, names)), _number(_of(other, names))))
    raise NotUnderstoodError(type(test).__name__)


def _called(called: ast.expr, given: Value, more: list[ast.keyword], names: dict[str, Value]) -> Value:
    match called, more:
        case ast.Name(id="abs"), []:
            return abs(_number(given))
        case ast.Name(id="len"), []:
            return len(_list(given))
        case ast.Name(id="sum"), []:
            return sum(_list(given))
        case ast.Name(id="sorted"), []:
            return sorted(_list(given))
        case ast.Name(id="list"), []:
            return list(_list(given))
        case ast.Attribute(value=ast.Name(id="dict"), attr="fromkeys"), []:
            return [one for at, one in enumerate(_list(given)) if one not in _list(given)[:at]]
        case ast.Name(id="max" | "min" as name), [ast.keyword(arg="default", value=value)]:
            empty = [_number(_of(value, names))]
            return max(_list(given) or empty) if name == "max" else min(_list(given) or empty)
    raise NotUnderstoodError("a call that is not known")


def _signed(sign: ast.operator, one: int, other: int) -> Value:
    if other == 0 and isinstance(sign, ast.Mod | ast.FloorDiv):
        raise NotUnderstoodError("a division by zero")
    return _bounded(_SIGNS[type(sign)](one, other))


def _bounded(value: Value) -> Value:
    if len(value) > MOST if isinstance(value, list) else abs(value) > LARGEST:
        raise NotUnderstoodError("a value outgrows its bounds")
    return value


def _number(value: Value) -> int:
    if isinstance(value, list):
        raise NotUnderstoodError("a list where a number is due")
    return value


def _list(value: Value) -> list[int]:
    if not isinstance(value, list):
        raise NotUnderstoodError("a number where a list is due")
    return value
