"""The pages of the book that the program writes: its commands and its config.

    python docs/reference.py            writes docs/reference/cli.md and docs/reference/config.md
    python docs/reference.py --check    says which of them the program would write otherwise, and fails

Nothing in them is written by hand, so what the book says of a flag or a key is what the program does.
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
        if (part := _part(field.annotation)) is not None:
            yield from ("", f"## `{name}`", "")
            yield inspect.getdoc(part) or ""
            yield ""
            yield from _model(part)
        if name == "guards":
            yield from _guards()


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
    for name, lines in (("cli.md", commands()), ("config.md", config())):
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
