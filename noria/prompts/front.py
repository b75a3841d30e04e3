"""The front matter of a template: YAML between two lines of `---`.

    name         which template this is
    description  what it is for
    inputs       the fields it asks for
    output       who says what form the reply has: `program`, or a JSON schema
    defaults     example values, for `noria prompts render` where nothing else is given
    stop         texts that end a reply where it comes to one, for templates that are answered in plain text

In play every field is given, so that no default ever stands in for what a program owes; a
template without `output` and `defaults` is as valid as it was before they were there. The
names are those of other prompt files (Prompty, dotprompt), where they mean the same.
"""

import difflib
import re
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from noria.prompts.faults import Fault, names

FRONT_LIMIT = 16_000
"""Longest front matter, in characters."""

BRACKETS = 400
"""Most opening brackets of a front matter: YAML is slow to read what is nested deep."""

STOPS, STOP_LENGTH = 4, 40
"""Most texts that end a reply, as many as endpoints take, and characters of each."""

_FENCED = re.compile(r"---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)


class Front(BaseModel):
    """What a template says of itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str
    inputs: list[str]
    output: Literal["program"] | dict[str, Any] = "program"
    defaults: dict[str, Any] = {}
    stop: list[Annotated[str, StringConstraints(min_length=1, max_length=STOP_LENGTH)]] = Field([], max_length=STOPS)


def split(text: str, found: list[Fault]) -> tuple[Front | None, str, int]:
    """Front matter, body, and the number of lines before the body; what is wrong is added to `found`."""
    if not text.strip():
        found.append(Fault(1, "The template is empty.", "`noria init` copies the package's templates."))
        return None, "", 0
    match = _FENCED.match(text)
    if not match:
        found.append(Fault(1, "A template must begin with front matter between two lines of `---`."))
        return None, "", 0
    return _front(match[1], found), text[match.end() :], text[: match.end()].count("\n")


def _front(source: str, found: list[Fault]) -> Front | None:
    if len(source) > FRONT_LIMIT:
        found.append(Fault(1, f"The front matter has {len(source)} characters; {FRONT_LIMIT} are allowed."))
        return None
    if source.count("[") + source.count("{") > BRACKETS:
        found.append(Fault(1, f"The front matter holds more than {BRACKETS} opening brackets."))
        return None
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(source)):
            found.append(Fault(1, "The front matter holds a YAML alias (`*name`), which could unfold without end."))
            return None
        data = yaml.safe_load(source)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        said = getattr(fault, "problem", None) or " ".join(str(fault).split())
        found.append(Fault(mark.line + 2 if mark else 1, f"The front matter is not YAML: {said}."))
        return None
    except (ValueError, RecursionError) as fault:
        found.append(Fault(1, f"The front matter cannot be read: {fault}."))
        return None
    if not isinstance(data, dict):
        found.append(Fault(1, "The front matter must be a mapping of `name`, `description` and `inputs`."))
        return None
    try:
        return Front.model_validate(data)
    except ValidationError as fault:
        told = {str(one["loc"][0]): one for one in fault.errors(include_url=False)}
        found.extend(_told(where, one["type"], one["msg"], source) for where, one in told.items())
        return None


def _told(where: str, kind: str, said: str, source: str) -> Fault:
    line = line_of(where, f"---\n{source}")
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(where, Front.model_fields, n=1)
        known = f"Did you mean `{near[0]}`?" if near else f"It may hold {names(Front.model_fields)}."
        return Fault(line, f"The front matter has an unknown key `{where}`.", known)
    if where == "output":
        return Fault(line, "The front matter's `output` must be `program` or a JSON schema.")
    return Fault(line, f"The front matter is wrong: `{where}`: {said}.")


def line_of(key: str, text: str) -> int:
    """Line of a file on which a key of its front matter stands; 1 where it is not there."""
    match = re.search(rf"^{re.escape(key)}[ \t]*:", text, re.MULTILINE)
    return text[: match.start()].count("\n") + 1 if match else 1
