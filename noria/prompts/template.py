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
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

from jinja2 import Template as Compiled

from noria import fence
from noria.errors import ConfigError
from noria.identity import digest
from noria.prompts import body, front
from noria.prompts.faults import Fault, names, place_of, refuse
from noria.prompts.fields import FIELDS, MARK, NOTES, OPEN, OPTIONAL, PLAIN, REPLIES, own
from noria.prompts.limits import Budget
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
    stop: tuple[str, ...]
    """Texts that end a reply."""
    path: Path | None
    """The file it was read from; none where it is a text alone."""
    text: str
    blocks: tuple[tuple[str, Compiled, int], ...]
    """Role, body, and the line it begins on."""

    @classmethod
    def parse(cls, text: str, name: str, path: Path | None = None) -> "Template":
        """Read and check a template's text; the same text is read once.

        Raises:
            ConfigError: the first thing that is wrong, with file and line.
        """
        return _parsed(text, name, path)

    @property
    def version(self) -> str:
        """`name@hash` of the file's text, 12 hexadecimal digits."""
        return _version(self.name, self.text)

    @property
    def schema(self) -> dict[str, Any] | None:
        """The JSON schema of the reply, where the template says it; else a program does."""
        return self.output if isinstance(self.output, dict) else None

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
        given = {**OPTIONAL, **fields, MARK: fence.opening(mark), "_drawn": mark, "_budget": Budget()}
        given[NOTES] = [_line(note) for note in given[NOTES]]
        for role, compiled, line in self.blocks:
            try:
                content = compiled.render(given).strip()
            except Exception as fault:  # an expression may raise anything
                raise ConfigError(
                    f"The template {self.name!r} cannot be rendered: {self.place}:{line + _line_of(fault) - 1}: "
                    f"{str(fault).rstrip('.') or type(fault).__name__}."
                ) from fault
            messages.append(Message(role=cast("Literal['system', 'user', 'assistant']", role), content=content))
        length = sum(len(message.content) for message in messages)
        if length > RENDER_LIMIT:
            raise ConfigError(
                f"The template {self.name!r} made a prompt of {length} characters; {RENDER_LIMIT} are allowed."
            )
        return tuple(messages)


@lru_cache(maxsize=256)
def _parsed(text: str, name: str, path: Path | None) -> Template:
    template, found = examine(text, name, path)
    refuse(found, place_of(path, name))
    assert template is not None
    return template


@lru_cache(maxsize=256)
def _version(name: str, text: str) -> str:
    return f"{name}@{digest(text)[:12]}"


def _line_of(fault: BaseException) -> int:
    """The line of a block on which its rendering failed; Jinja2 writes it into the traceback."""
    lines = [at.lineno or 1 for at in traceback.extract_tb(fault.__traceback__) if at.filename == "<template>"]
    return lines[-1] if lines else 1


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
    found.extend(_output(head, name, text))
    if head.stop and name not in PLAIN:
        line = front.line_of("stop", text)
        found.append(Fault(line, f"What {name!r} replies ends by itself.", f"`stop` is for {names(PLAIN)}."))
    if any(not fault.warning for fault in found):
        return None, found
    kind, compiled = "defused" if name in OPEN else "fenced", []
    for part, tree in trees:
        try:
            compiled.append((part.role, body.compiled(tree, kind, own(name)), part.line))
        except (SyntaxError, RecursionError, MemoryError) as fault:
            return None, [*found, Fault(part.line, f"The block is too tangled for Python: {fault}.")]
    inputs, defaults = frozenset(head.inputs), dict(head.defaults)
    stop, blocks = tuple(head.stop), tuple(compiled)
    return Template(name, head.description, inputs, head.output, defaults, stop, path, text, blocks), found


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
    line = front.line_of("defaults", text)
    if left := head.defaults.keys() - FIELDS[name]:
        yield Fault(line, f"The template has a default for {names(left)}, which Noria does not give this role.", known)
    if left := head.defaults.keys() & FIELDS[name] - declared:
        yield Fault(line, f"The default for {names(left)} is of no use: it is not in `inputs`.", warning=True)
    for field, value in head.defaults.items():
        each = value if isinstance(value, list) else [value]
        if field == MARK or not all(isinstance(one, str | int | float) for one in each):
            yield Fault(line, f"The default of `{field}` must be a text, a number, or a list of these.")


def _output(head: front.Front, name: str, text: str) -> Iterable[Fault]:
    """What is wrong with a reply's schema."""
    if not isinstance(head.output, dict):
        return
    line = front.line_of("output", text)
    if name not in REPLIES:
        yield Fault(line, f"What {name!r} replies is set by the program.", "Write `output: program`, or leave it out.")
        return
    properties, wanted = head.output.get("properties"), REPLIES[name]
    given = set(properties) if isinstance(properties, dict) else set()
    if head.output.get("type") != "object" or given != wanted or not set(head.output.get("required", ())) >= wanted:
        yield Fault(line, f"The schema must be of an object with {names(wanted)}, all required: a program reads them.")
