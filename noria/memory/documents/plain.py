"""Text, Markdown and JSON lines as blocks.

Markdown is parsed by markdown-it-py, the parser that Rich brings. Of it the prose is kept:
paragraphs and the points of lists, with code spans in their backticks; code blocks, tables,
pictures and HTML are left out, for no sentence of theirs answers a question.
"""

import json
from collections.abc import Iterator
from typing import Any

from noria.memory.documents.block import Block, Unusable


def text(data: bytes) -> str:
    """The text of a file.

    Raises:
        Unusable: it is binary, empty, or in no encoding that is known.
    """
    if b"\0" in data[:65536]:
        raise Unusable("it is binary and no text")
    try:
        found = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Unusable(f"it is no UTF-8 text (byte {fault.start})") from fault
    if not found.strip():
        raise Unusable("it is empty")
    return found.replace("\r\n", "\n")


def paragraphs(said: str, *, at: str = "", heading: str = "") -> Iterator[Block]:
    """The paragraphs of a plain text, parted by empty lines; `at` stands for their lines where it is given."""
    lines: list[str] = []
    first = 1
    for number, line in enumerate((*said.split("\n"), ""), 1):
        if line.strip():
            first = number if not lines else first
            lines.append(line.strip())
        elif lines:
            yield Block(" ".join(" ".join(lines).split()), heading, at or f"line {first}")
            lines = []


def markdown(said: str) -> Iterator[Block]:
    """The prose of a Markdown text under its headings."""
    from markdown_it import MarkdownIt

    front = said.startswith("---\n") and (end := said.find("\n---\n", 3)) >= 0
    skipped = said[: end + 5].count("\n") if front else 0
    tokens = MarkdownIt("commonmark").enable("table").parse(said[end + 5 :] if front else said)
    headings: dict[int, str] = {}
    table = False
    for place, token in enumerate(tokens):
        table = token.type == "table_open" or (table and token.type != "table_close")
        if token.type != "inline" or table:
            continue
        words = " ".join("".join(_spoken(token.children or [])).split())
        opened = tokens[place - 1]
        if opened.type == "heading_open":
            depth = int(opened.tag[1:])
            headings = {level: one for level, one in headings.items() if level < depth} | {depth: words}
        elif words:
            line = (token.map[0] if token.map else 0) + skipped + 1
            yield Block(words, " › ".join(headings[level] for level in sorted(headings)), f"line {line}")


def _spoken(children: list[Any]) -> Iterator[str]:
    for one in children:
        if one.type == "text":
            yield one.content
        elif one.type == "code_inline":
            yield f"`{one.content}`"
        elif one.type in ("softbreak", "hardbreak"):
            yield " "


def rows(said: str, field: str) -> Iterator[Block]:
    """The texts of JSON lines, a field each.

    Raises:
        Unusable: a line is no JSON object, or has no text in the field.
    """
    for number, line in enumerate(said.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as fault:
            raise Unusable(f"its line {number} is no JSON") from fault
        found = row.get(field) if isinstance(row, dict) else None
        if isinstance(found, list):
            contents = [one.get("content") for one in found if isinstance(one, dict)]
            found = "\n\n".join(one for one in contents if isinstance(one, str))
        if not isinstance(found, str):
            raise Unusable(f"its line {number} has no text in the field {field!r} (`methods.documents.field` names it)")
        yield from paragraphs(found, at=f"line {number}")
