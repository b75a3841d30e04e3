"""The pages of the book that the program writes: its commands and its config.

    python docs/reference.py            writes docs/reference/cli.md, docs/reference/config.md and docs/flywheel.md
    python docs/reference.py --check    says which of them the program would write otherwise, and fails

Nothing in them is written by hand, but what the flywheel's page says around its tables and which test
holds a method (docs/flywheel.yaml), so what the book says of a flag or a key is what the program does.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import typer
from pydantic import BaseModel

PAGES = Path(__file__).parent / "reference"


def commands() -> Iterator[str]:
    """Every command with its arguments and options."""
    from noria.cli import main

    main.register()
    yield "# Commands"
    yield ""
    yield "Every command takes `--help`. Bad input ends with a sentence and status 2, a run that failed midway with 1,"
    yield "an interrupted one with 130."
    top = typer.main.get_command(main.app)
    for name, command in sorted(_all(top, "noria")):
        yield from _command(name, command)


def _all(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    inside = getattr(command, "commands", None)
    if inside is None:
        yield name, command
        return
    for one, below in inside.items():
        yield from _all(below, f"{name} {one}")


def _command(name: str, command: Any) -> Iterator[str]:
    wanted = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
    shown = " ".join(one.name.upper() if one.required else f"[{one.name.upper()}]" for one in wanted)
    yield from ("", f"## {name}", "", f"`{' '.join(filter(None, (name, shown, '[options]' if options else '')))}`", "")
    yield textwrap.dedent(command.help or "").strip()
    if wanted or options:
        yield from ("", "| | |", "| --- | --- |")
    for one in wanted:
        yield f"| `{one.name.upper()}` | {_cell(one.help)} |"
    for one in options:
        names = ", ".join(f"`{spelled}`" for spelled in (*one.opts, *one.secondary_opts))
        plain = one.default is None or callable(one.default) or one.default in ("", False, ())
        yield f"| {names} | {_cell(one.help)}{'' if plain else f' Default: `{one.default}`.'} |"


def config() -> Iterator[str]:
    """Every key of the config, by its model."""
    from noria.config import SessionConfig

    yield "# Config"
    yield ""
    yield "One YAML file says what a session is. Every key has a default; an unknown one is refused, with the nearest."
    yield from ("", "## the whole file", "")
    yield from _model(SessionConfig)
    for name, field in SessionConfig.model_fields.items():
        if name == "methods":
            yield from _methods()
        elif (part := _part(field.annotation)) is not None:
            yield from ("", f"## `{name}`", "")
            yield inspect.getdoc(part) or ""
            yield ""
            yield from _model(part)
        if name == "guards":
            yield from _guards()


def methods() -> dict[str, tuple[Any, str]]:
    """Every method: its class, and what stands under its key."""
    from noria.config import methods as rooms

    remarks: dict[str, str] = {}
    for family in rooms.Methods.__mro__:
        if issubclass(family, rooms.Family) and family not in (rooms.Methods, rooms.Family):
            remarks |= _remarks(family)
    return {name: (kind, remarks.get(name, "")) for name, kind in rooms.kinds().items()}


def _methods() -> Iterator[str]:
    from noria.config.methods import FAMILIES, Method

    yield from ("", "## `methods`", "")
    yield "Methods of data-efficient post-training beyond the plain loop, each off unless it is named: `ifd: on`, or"
    yield "`ifd: {keep: 0.5}`. Each also takes `missing: skip`, which goes on without it where a package that it needs is"
    yield "not installed; by default the config is refused. [The flywheel](../flywheel.md) maps them to the survey."
    found = methods()
    for family in dict.fromkeys(FAMILIES):
        yield from ("", f"### {family}")
        for name, (kind, said) in found.items():
            if kind.leaf.family != family:
                continue
            needs = f" Needs `pip install 'noria[{kind.extra}]'`." if kind.needs and kind.extra else ""
            yield from ("", f"#### `methods.{name}`", "", f"*{kind.leaf.value}* · {_cell(said)} {kind.paper}.{needs}")
            own = {key: field for key, field in kind.model_fields.items() if key not in Method.model_fields}
            if own:
                said_of = {
                    key: text for one in kind.__mro__ if issubclass(one, Method) for key, text in _remarks(one).items()
                }
                yield from ("", "| key | default | meaning |", "| --- | --- | --- |")
                for key, field in own.items():
                    default = "needed" if field.is_required() else f"`{_plain(field.default)}`"
                    yield f"| `{key}` | {default} | {_cell(said_of.get(key, ''))} |"


def flywheel() -> Iterator[str]:
    """The map from the survey's leaves to what does them here."""
    import yaml

    from noria.config.methods import FAMILIES, Leaf
    from noria.studies import recipes

    told = yaml.safe_load((PAGES.parent / "flywheel.yaml").read_text(encoding="utf-8"))
    used = {name: list(recipes.read(name)[1].methods.on()) for name in recipes.names()}
    yield from ("# The flywheel", "", *told["above"].strip().splitlines())
    found = methods()
    for family in dict.fromkeys(FAMILIES):
        yield from ("", f"## {family[0].upper()}{family[1:]}")
        for leaf in (one for one in Leaf if one.family == family):
            yield from (
                "",
                f"### {leaf.value}",
                "",
                "| method | line | what it does | module | paper | test | recipes |",
            )
            yield "| --- | --- | --- | --- | --- | --- | --- |"
            for name, (kind, said) in found.items():
                if kind.leaf is leaf:
                    where = ", ".join(recipe for recipe, on in used.items() if name in on) or "none"
                    cells = (
                        f"`{name}`", f"`methods: {{{name}: on}}`", _cell(said), f"`{kind.module}`", kind.paper,
                        f"`{told['tests'][name]}`", where,
                    )  # fmt: skip
                    yield f"| {' | '.join(cells)} |"
            for one in (one for one in told["besides"] if one["leaf"] == leaf.value):
                cells = (
                    one["name"], one["line"], _cell(one["does"]), f"`{one['module']}`", one["paper"], f"`{one['test']}`",
                    one.get("recipes", "every"),
                )  # fmt: skip
                yield f"| {' | '.join(cells)} |"
    yield from ("", *told["below"].strip().splitlines())


def _guards() -> Iterator[str]:
    from noria.config.guards import TABLE

    yield from (
        "",
        "| guard | watches | bound | action | why this bound |",
        "| --- | --- | --- | --- | --- |",
    )
    for name, one in TABLE.items():
        yield f"| `{name}` | {_cell(one.watches)} | {one.bound:g} | `{one.action}` | {_cell(one.why)} |"


def _part(kind: Any) -> type[BaseModel] | None:
    """The model that a key holds, or holds by name."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next((found for one in get_args(kind) if (found := _part(one)) is not None), None)


def _model(model: type[BaseModel]) -> Iterator[str]:
    said = _remarks(model)
    yield from ("| key | default | meaning |", "| --- | --- | --- |")
    for name, field in model.model_fields.items():
        default = "" if _part(field.annotation) else "needed" if field.is_required() else f"`{_plain(field.default)}`"
        meaning = f"see [`{name}`](#{name})" if _part(field.annotation) and not said.get(name) else said.get(name, "")
        yield f"| `{name}` | {default} | {_cell(meaning)} |"


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return str(list(value))
    return "none" if value is None else str(value) if str(value) else '""'


def _remarks(model: type[BaseModel]) -> dict[str, str]:
    """What stands under each field in the source."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for one, after in zip(body.body, body.body[1:], strict=False):
        said = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else None
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and isinstance(said, str):
            found[one.target.id] = said
    return found


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def main() -> None:
    """Write the pages, or say which are behind the program."""
    behind = []
    for name, lines in (("cli.md", commands()), ("config.md", config()), ("../flywheel.md", flywheel())):
        said, page = "\n".join(lines) + "\n", PAGES / name
        if "--check" not in sys.argv:
            PAGES.mkdir(exist_ok=True)
            page.write_text(said, encoding="utf-8")
        elif not page.is_file() or page.read_text(encoding="utf-8") != said:
            behind.append(name)
    if behind:
        sys.exit(f"docs/reference: {', '.join(behind)} is behind the program; `python docs/reference.py` mends it")


if __name__ == "__main__":
    main()
