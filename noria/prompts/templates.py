"""A prompt is a file: YAML front matter, then a Jinja2 body with role lines.

    ---
    name: critic
    description: names the faults of a candidate
    inputs: [instruction, response]
    ---
    system:
    You read …
    user:
    {{ instruction }}

The role lines (`system:`, `user:`, `assistant:` alone on a line) are read from the file
before anything is rendered, so that a candidate whose text holds such a line cannot open
a new role. A field's value is data: it is never parsed as a template, the environment is
sandboxed, and a field that is missing or unknown is an error both when the file is read
and when it is rendered. A template's version is a hash of its text.

Whatever a template puts out that is not the program's own stands behind a fence (see
`fence.py`), wherever and however it is put out: the rule is laid into the template when it
is read, so that no author has to think of it. A system line may name the fence by `mark`.
The solver's instruction is its task and not data: it is defused and stands open.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import yaml
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes, pass_context
from jinja2 import Template as Compiled
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, ValidationError

from noria import fence
from noria.errors import ConfigError
from noria.identity import digest
from noria.types import Message

PACKAGED = Path(__file__).parent
"""Where the package's own templates lie."""

RENDER_LIMIT = 20_000
"""Longest prompt, in characters, that a template may make."""

_ROLE_LINE = re.compile(r"^(system|user|assistant):[ \t]*$", re.MULTILINE)

FIELDS: dict[str, frozenset[str]] = {
    "generator": frozenset(
        {"about", "level", "skill", "example", "example_json", "topic", "neighbours", "weak", "seed_text", "mark"}
    ),
    "reword": frozenset({"about", "instruction", "parameters", "faults", "advice", "mark"}),
    "critic": frozenset({"about", "instruction", "response", "evidence", "mark"}),
    "adversary": frozenset({"about", "instruction", "response", "mark"}),
    "judge": frozenset({"instruction", "response", "evidence", "mark"}),
    "prefer": frozenset({"instruction", "first", "second", "mark"}),
    "solver": frozenset({"instruction"}),
    "explain": frozenset({"program", "mark"}),
    "entails": frozenset({"premise", "statement", "mark"}),
}
"""What each template may ask for."""

MARK = "mark"
"""The opening of the call's fence, which the renderer gives by itself."""

PROGRAMS = frozenset({"about", "level", "skill", "example", "example_json", "weak", "faults", MARK})
"""Fields that a program wrote, or chose from a closed set; everything else is data."""

CHOSEN = {"critic": frozenset({"evidence"})}
"""Fields that are data elsewhere and a program's own here: the critic is shown the names of checks alone."""

OPEN = frozenset({"solver"})
"""Templates whose data is the task itself."""


class _Front(BaseModel):
    """The front matter of a template file."""

    model_config = ConfigDict(extra="forbid")

    name: str
    description: str
    inputs: list[str]


class _Environment(ImmutableSandboxedEnvironment):
    """Sandboxed Jinja2 without the operators that can fill the memory."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        raise TemplateError(f"the operator {operator!r} is not allowed in a template")


@pass_context
def _behind(context: Context, value: Any) -> str:
    """A value behind the fence of this call; no `set` of a template reaches the mark."""
    return fence.fenced(str(value), context.parent["_drawn"])


_ENVIRONMENT = _Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
_ENVIRONMENT.filters |= {"fenced": _behind, "defused": lambda value: fence.defused(str(value))}


@dataclass(frozen=True, slots=True)
class Template:
    """One prompt file, parsed."""

    name: str
    description: str
    inputs: frozenset[str]
    path: Path
    text: str
    blocks: tuple[tuple[str, Compiled], ...]

    @property
    def version(self) -> str:
        """`name@hash` of the file's text, 12 hexadecimal digits."""
        return f"{self.name}@{digest(self.text)[:12]}"

    def render(self, fields: Mapping[str, Any]) -> tuple[Message, ...]:
        """Fill the template, with a fence of its own.

        Raises:
            ConfigError: a field is missing or unknown, the body fails, or the prompt grows too long.
        """
        allowed = FIELDS.get(self.name, self.inputs) - {MARK}
        missing, unknown = self.inputs - {MARK} - fields.keys(), fields.keys() - allowed
        if missing or unknown:
            raise ConfigError(
                f"The template {self.name!r} ({self.path}) "
                + (f"asks for {_names(missing)}, which was not given." if missing else f"was given {_names(unknown)}.")
            )
        messages: list[Message] = []
        mark = fence.drawn()
        given = {**fields, MARK: fence.opening(mark), "_drawn": mark}
        try:
            for role, body in self.blocks:
                content = body.render(given).strip()
                messages.append(Message(role=cast("Literal['system', 'user', 'assistant']", role), content=content))
        except (TemplateError, TypeError, ValueError, ArithmeticError) as fault:
            raise ConfigError(f"The template {self.name!r} ({self.path}) cannot be rendered: {fault}.") from fault
        length = sum(len(message.content) for message in messages)
        if length > RENDER_LIMIT:
            raise ConfigError(
                f"The template {self.name!r} made a prompt of {length} characters; {RENDER_LIMIT} are allowed."
            )
        return tuple(messages)


class Templates:
    """The templates of a session: the first folder that has a file wins."""

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        """Read and check every template.

        Raises:
            ConfigError: a file is missing, empty or malformed; the sentence names file and line.
        """
        self.folders = (*folders, PACKAGED)
        self._templates = {name: read(self._find(name), name) for name in FIELDS}

    def _find(self, name: str) -> Path:
        for folder in self.folders:
            if (folder / f"{name}.md").is_file():
                return folder / f"{name}.md"
        raise ConfigError(f"No template {name}.md in {', '.join(str(folder) for folder in self.folders)}.")

    def __getitem__(self, name: str) -> Template:
        """The template of a name."""
        return self._templates[name]

    def versions(self) -> dict[str, str]:
        """Name to `name@hash` of every template."""
        return {name: template.version for name, template in self._templates.items()}

    def render(self, name: str, **fields: Any) -> tuple[Message, ...]:
        """Fill one template (see `Template.render`)."""
        return self._templates[name].render(fields)


def read(path: Path, name: str) -> Template:
    """Read and lint one template file.

    Raises:
        ConfigError: with file, line where there is one, and what is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"The template {str(path)!r} cannot be read: {fault}.") from fault
    front, body, offset = _split(text, path)
    if front.name != name:
        raise ConfigError(f"The template {str(path)!r} calls itself {front.name!r}; this file must be {name!r}.")
    blocks = _blocks(body, path, offset)
    used: set[str] = set()
    for _, source, line in blocks:
        used |= _fields(source, path, line)
    declared = frozenset(front.inputs)
    for wrong, names in (
        ("uses {} but does not declare it in `inputs`", used - declared),
        ("declares {} in `inputs` but does not use it", declared - used),
        ("asks for {}, which Noria does not give this role", declared - FIELDS.get(name, declared)),
    ):
        if names:
            known = f" It may ask for: {_names(FIELDS[name])}." if name in FIELDS else ""
            raise ConfigError(f"The template {str(path)!r} {wrong.format(_names(names))}.", mend=known.strip())
    kind = "defused" if name in OPEN else "fenced"
    compiled = tuple(
        (role, _ENVIRONMENT.from_string(_laid(source, kind, PROGRAMS | CHOSEN.get(name, frozenset()))))
        for role, source, _ in blocks
    )
    return Template(name, front.description, declared, path, text, compiled)


def _laid(source: str, kind: str, own: frozenset[str]) -> nodes.Template:
    """A block in which every expression that names anything but the program's own is filtered at last."""
    tree = _ENVIRONMENT.parse(source)
    own -= {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    for output in tree.find_all(nodes.Output):
        for at, part in enumerate(output.nodes):
            named = {name.name for name in (*part.find_all(nodes.Name), part) if isinstance(name, nodes.Name)}
            if named - own:
                output.nodes[at] = nodes.Filter(part, kind, [], [], None, None, lineno=part.lineno)
    return tree


def _split(text: str, path: Path) -> tuple[_Front, str, int]:
    """Front matter, body, and the number of lines before the body."""
    if not text.strip():
        raise ConfigError(f"The template {str(path)!r} is empty.", mend="`noria init` copies the package's templates.")
    match = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    if not match:
        raise ConfigError(f"The template {str(path)!r} must begin with front matter between two lines of `---`.")
    try:
        front = _Front.model_validate(yaml.safe_load(match[1]))
    except yaml.YAMLError as fault:
        raise ConfigError(f"The front matter of {str(path)!r} is not YAML: {' '.join(str(fault).split())}.") from fault
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "the whole"
        raise ConfigError(f"The front matter of {str(path)!r} is wrong: `{where}`: {first['msg']}.") from fault
    return front, text[match.end() :], text[: match.end()].count("\n")


def _blocks(body: str, path: Path, offset: int) -> list[tuple[str, str, int]]:
    """The role blocks of a body: role, source, line the source begins on."""
    marks = list(_ROLE_LINE.finditer(body))
    if not marks or marks[-1][1] != "user" or body[: marks[0].start()].strip():
        raise ConfigError(f"The template {str(path)!r} must be made of role lines (`system:`, `user:`), `user:` last.")
    ends = [mark.start() for mark in marks[1:]] + [len(body)]
    return [
        (mark[1], body[mark.end() + 1 : end], offset + body[: mark.end()].count("\n") + 1)
        for mark, end in zip(marks, ends, strict=True)
    ]


def _fields(source: str, path: Path, line: int) -> set[str]:
    """The fields a block uses."""
    try:
        tree = _ENVIRONMENT.parse(source)
    except TemplateSyntaxError as fault:
        raise ConfigError(f"{path}:{line + fault.lineno}: {fault.message}.") from fault
    if next(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)), None):
        raise ConfigError(f"The template {str(path)!r} loads another file, which is not allowed.")
    if next(tree.find_all((nodes.FilterBlock, nodes.CallBlock, nodes.Macro)), None):
        raise ConfigError(
            f"The template {str(path)!r} has a block of `filter`, `call` or `macro`, which could break the fence.",
            mend="Filter the fields themselves: `{{ instruction | upper }}`.",
        )
    return meta.find_undeclared_variables(tree)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
