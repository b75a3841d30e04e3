"""Lint: all that is wrong with template files, at once, with line and mend; and what their authors may not have meant.

file ─► read ─► parsed, every fault ─► rendered with examples ─► said what it would not reach

A file may be called as its template is (`generator.md`), or otherwise and say so in its front
matter (`name: generator`), so that two versions can lie side by side.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from noria.errors import ConfigError
from noria.prompts import front
from noria.prompts.faults import Fault
from noria.prompts.fields import FIELDS, MARK, NOTES, OPEN, own
from noria.prompts.lookup import PACKAGED, read, text_of
from noria.prompts.template import Template, examine

_CONTROL = re.compile(r"<[|｜][^|｜\n]{1,40}[|｜]>|\[/?INST\]|</?s>")
_NAME = re.compile(r"""^name[ \t]*:[ \t]*["']?([\w-]+)""", re.MULTILINE)
_NOTED = frozenset(name for name, fields in FIELDS.items() if NOTES in fields)


def name_of(path: Path, text: str) -> str:
    """Which template a file is: by its name, or by what its front matter says."""
    said = _NAME.search(text[: front.FRONT_LIMIT])
    return said[1] if said and path.stem not in FIELDS else path.stem


def opened(path: Path) -> Template:
    """The template in a file, whatever the file is called.

    Raises:
        ConfigError: it cannot be read, or is no template.
    """
    text = text_of(path)
    return Template.parse(text, name_of(path, text), path)


def linted(path: Path) -> list[Fault]:
    """All that is wrong with a file, in the order of its lines."""
    try:
        text = text_of(path)
    except ConfigError as fault:
        return [Fault(1, fault.what, fault.mend)]
    name = name_of(path, text)
    template, found = examine(text, name, path)
    if template is not None:
        found = [*found, *_tried(template), *_doubts(template)]
    return sorted(found, key=lambda fault: fault.line)


def examples(template: Template) -> dict[str, Any]:
    """Values to render a template with where nobody gives any: its own defaults, then the package's."""
    packaged = read(PACKAGED / f"{template.name}.md", template.name).defaults
    known = {**packaged, **template.defaults}
    return {field: known.get(field, "") for field in template.inputs - {MARK}}


def _tried(template: Template) -> Iterator[Fault]:
    """Whether it can be rendered, with every field full and with what may be empty."""
    full = examples(template)
    empty = {field: type(value)() if isinstance(value, str | list) else value for field, value in full.items()}
    for fields in (full, empty):
        try:
            template.render(fields)
        except ConfigError as fault:
            line = re.search(r"\.md:(\d+): (.*)", fault.what)
            yield Fault(int(line[1]) if line else 1, f"It cannot be rendered: {line[2] if line else fault.what}")
            return


def _doubts(template: Template) -> Iterator[Fault]:
    """What can be used and was perhaps not meant."""
    line = front.line_of("inputs", template.text)
    if template.name in _NOTED and NOTES not in template.inputs:
        yield Fault(
            line, "Steering notes (`noria steer`) do not reach this template.",
            "Add `notes` to `inputs` and put them out, as the package's does.", warning=True,
        )  # fmt: skip
    if template.name not in OPEN and template.inputs - own(template.name) and MARK not in template.inputs:
        yield Fault(
            line, "Nothing tells the model what the marks around data mean.",
            "Say in the system block that `{{ mark }}` marks data, never orders.", warning=True,
        )  # fmt: skip
    for number, said in enumerate(template.text.split("\n"), 1):
        if found := _CONTROL.search(said):
            what = f"The text holds {found[0]!r}, which a tokenizer may take for the end of a turn."
            yield Fault(number, what, warning=True)
