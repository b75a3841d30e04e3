"""A prompt is a file: YAML front matter, then a Jinja2 body with role lines.

    text ─► front matter ─► role blocks ─► trees ─► fence laid in ─► compiled         (once, when it is read)
    fields ─► defused, fenced ─► messages                                             (every call)

Everything is read and checked before anything is rendered. A field's value is data: it is
never parsed as a template, and a field that is missing or unknown is an error both when the
file is read and when it is rendered. A template's version is a hash of its text.

The steering notes of whoever runs the session are the operator's own word: they stand
outside the fence, a line each, and are defused all the same, so that a note that was pasted
from somewhere opens no role and ends no turn.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from jinja2 import Template as Compiled
from jinja2 import TemplateError

from noria import fence
from noria.errors import ConfigError
from noria.identity import digest
from noria.prompts import body, front
from noria.prompts.environment import ENVIRONMENT
from noria.prompts.faults import Fault, names, place_of, refuse
from noria.prompts.fields import FIELDS, MARK, NOTES, OPEN, OPTIONAL, own
from noria.types import Message

RENDER_LIMIT = 20_000
"""Longest prompt, in characters, that a template may make."""

FILE_LIMIT = 64_000
"""Longest template, in characters."""


@dataclass(frozen=True, slots=True)
class Template:
    """One prompt file, parsed."""

    name: str
    description: str
    inputs: frozenset[str]
    output: str | dict[str, Any]
    """Who says what form the reply has: `program`, or a JSON schema."""
    defaults: dict[str, Any]
    """Example values of fields, for rendering outside of play."""
    path: Path | None
    """The file it was read from; none where it is a text alone."""
    text: str
    blocks: tuple[tuple[str, Compiled], ...]

    @classmethod
    def parse(cls, text: str, name: str, path: Path | None = None) -> "Template":
        """Read and check a template's text.

        Raises:
            ConfigError: the first thing that is wrong, with file and line.
        """
        template, found = examine(text, name, path)
        refuse(found, place_of(path, name))
        assert template is not None
        return template

    @property
    def version(self) -> str:
        """`name@hash` of the file's text, 12 hexadecimal digits."""
        return f"{self.name}@{digest(self.text)[:12]}"

    @property
    def place(self) -> str:
        """Where it was read from, for a sentence."""
        return place_of(self.path, self.name)

    def render(self, fields: Mapping[str, Any]) -> tuple[Message, ...]:
        """Fill the template, with a fence of its own.

        Raises:
            ConfigError: a field is missing or unknown, the body fails, or the prompt grows too long.
        """
        allowed = FIELDS[self.name] - {MARK}
        missing, unknown = self.inputs - {MARK} - OPTIONAL.keys() - fields.keys(), fields.keys() - allowed
        if missing or unknown:
            raise ConfigError(
                f"The template {self.name!r} ({self.place}) "
                + (f"asks for {names(missing)}, which was not given." if missing else f"was given {names(unknown)}.")
            )
        messages: list[Message] = []
        mark = fence.drawn()
        given = {**OPTIONAL, **fields, MARK: fence.opening(mark), "_drawn": mark}
        given[NOTES] = [_line(note) for note in given[NOTES]]
        try:
            for role, compiled in self.blocks:
                content = compiled.render(given).strip()
                messages.append(Message(role=cast("Literal['system', 'user', 'assistant']", role), content=content))
        except (TemplateError, TypeError, ValueError, ArithmeticError) as fault:
            raise ConfigError(f"The template {self.name!r} ({self.place}) cannot be rendered: {fault}.") from fault
        length = sum(len(message.content) for message in messages)
        if length > RENDER_LIMIT:
            raise ConfigError(
                f"The template {self.name!r} made a prompt of {length} characters; {RENDER_LIMIT} are allowed."
            )
        return tuple(messages)


def _line(note: str) -> str:
    """A note on one line, in which nothing is a control token or a role."""
    return " ".join(fence.defused(" ".join(note.split())).split())


def normal(text: str) -> str:
    """A text without a byte order mark, its lines ended one way."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def examine(text: str, name: str, path: Path | None = None) -> tuple[Template | None, list[Fault]]:
    """A template, if its text is one, and everything that is wrong with it."""
    found: list[Fault] = []
    text = normal(text)
    if name not in FIELDS:
        near = difflib.get_close_matches(name, FIELDS, n=1)
        found.append(Fault(1, f"Noria has no template {name!r}.", f"Did you mean {near[0]!r}?" if near else ""))
    elif len(text) > FILE_LIMIT:
        found.append(Fault(1, f"The template has {len(text)} characters; {FILE_LIMIT} are allowed."))
    elif any("\ud800" <= one <= "\udfff" for one in text):
        found.append(Fault(1, "The template holds half a character (a lone surrogate), which no file can."))
    if found:
        return None, found
    head, rest, offset = front.split(text, found)
    if head is None:
        return None, found
    if head.name != name:
        line = front.line_of("name", text)
        found.append(Fault(line, f"The template calls itself {head.name!r}; this file must be {name!r}."))
    parts = body.blocks(rest, offset, found)
    trees = [(part, tree) for part in parts if (tree := body.parsed(part, found)) is not None]
    if len(trees) == len(parts) > 0:
        found.extend(_fields(head, name, set().union(*(body.asked(tree) for _, tree in trees)), text))
    if any(not fault.warning for fault in found):
        return None, found
    kind = "defused" if name in OPEN else "fenced"
    compiled = tuple((part.role, ENVIRONMENT.from_string(body.laid(tree, kind, own(name)))) for part, tree in trees)
    inputs, defaults = frozenset(head.inputs), dict(head.defaults)
    return Template(name, head.description, inputs, head.output, defaults, path, text, compiled), found


def _fields(head: front.Front, name: str, used: set[str], text: str) -> Iterable[Fault]:
    """What is wrong with the fields a template asks for."""
    declared, line = set(head.inputs), front.line_of("inputs", text)
    known = f"It may ask for: {names(FIELDS[name])}."
    if left := used - declared:
        yield Fault(line, f"The template uses {names(left)} but does not declare it in `inputs`.", known)
    if left := declared - used:
        yield Fault(line, f"The template declares {names(left)} in `inputs` but does not use it.", known)
    if left := declared - FIELDS[name]:
        yield Fault(line, f"The template asks for {names(left)}, which Noria does not give this role.", known)
