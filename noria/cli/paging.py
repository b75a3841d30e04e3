"""Long output on a terminal goes through a pager; short output, a file and a pipe get it as it is.

lines ─► a terminal, and `less` is there ─► less -FRX      else ─► as they come
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from itertools import chain, islice
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from noria.cli.main import out

NoPager = Annotated[bool, typer.Option("--no-pager", help="Never page; only a terminal is paged anyway.")]

LISTED = 20
"""Rows that a list shows on a terminal where nobody says how many."""


def most(limit: int | None, *, whole: bool = False) -> int:
    """How many rows a list shows, 0 for all: as it was said, or all of them where no person reads it."""
    return (0 if whole or not sys.stdout.isatty() else LISTED) if limit is None else limit


def show(lines: Iterable[str], *, paged: bool = True) -> None:
    """Print lines, which hold no control characters but the colours of our own."""
    lines = iter(lines)
    pager = shutil.which("less") if paged and sys.stdout.isatty() else None
    first = list(islice(lines, out.height)) if pager else []
    if pager is None or len(first) < out.height:
        for line in chain(first, lines):
            typer.echo(line)
        return
    # A pager that could start a shell or write files would be more than was asked for.
    environment = {**os.environ, "LESSSECURE": "1", "LESSCHARSET": "utf-8"}
    with subprocess.Popen([pager, "-FRX"], stdin=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdin is not None
        try:
            for line in chain(first, lines):
                process.stdin.write(f"{line}\n")
        except BrokenPipeError:  # whoever reads has seen enough
            pass
        except KeyboardInterrupt:
            process.terminate()
            raise


def drawn(*things: RenderableType) -> list[str]:
    """The lines of tables and the like, in the colours and the width of the terminal."""
    with out.capture() as captured:
        for thing in things:
            out.print(thing)
    return [line.rstrip() for line in captured.get().rstrip("\n").split("\n")]


def fitted(text: str, indent: int = 0) -> str:
    """A line that a terminal need not wrap; where none is, it is whole."""
    if not sys.stdout.isatty():
        return " " * indent + text
    line = Text(text)
    line.truncate(max(20, out.width - indent), overflow="ellipsis")
    return " " * indent + line.plain


def told(shown: int, count: int, first: int | None, thing: str = "rows") -> str:
    """How much of a list was shown, and how to see more."""
    if shown >= count:
        return f"{count} {thing}"
    before = f", --before {first} those before these" if first is not None else ""
    return f"{shown} of {count} {thing}, newest last: --limit 0 shows all{before}"
