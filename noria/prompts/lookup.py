"""Which file a template is: the first place that has it wins.

session's own prompts/ ─► the config's `prompts` folder ─► the user's ─► the package's

A session copies every template into its own folder when it begins, so what lies elsewhere is
looked at for what it has not: it goes on with the words it began with, and is steered there.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import platformdirs

from noria.errors import ConfigError
from noria.prompts.fields import FIELDS
from noria.prompts.template import FILE_LIMIT, Template
from noria.types import Message

PACKAGED = Path(__file__).parent
"""Where the package's own templates lie."""

FOLDER = "prompts"
"""Name of the templates' folder in a session and in the user's config."""

PACKAGE = "package"

USER = "user"


def user_folder() -> Path:
    """Where the user's own templates lie, for all sessions."""
    return platformdirs.user_config_path("noria") / FOLDER


def places(session: Path | None = None, prompts: Path | None = None) -> dict[str, Path]:
    """Where templates are looked for before the package, in order: name of the place to its folder."""
    found = {"session": session / FOLDER} if session else {}
    return found | ({"config": prompts} if prompts else {}) | {USER: user_folder()}


class Templates:
    """The templates of a session."""

    def __init__(self, folders: Mapping[str, Path] | Iterable[Path] = ()) -> None:
        """Read and check every template; the package's are used where no folder has one.

        Raises:
            ConfigError: a file is missing, empty or malformed; the sentence names file and line.
        """
        named = dict(folders) if isinstance(folders, Mapping) else {str(folder): folder for folder in folders}
        self.places = {**named, PACKAGE: PACKAGED}
        self._origins = {name: self._find(name) for name in FIELDS}
        self._templates = {name: read(self.places[place] / f"{name}.md", name) for name, place in self._origins.items()}

    def _find(self, name: str) -> str:
        for place, folder in self.places.items():
            try:
                if (folder / f"{name}.md").is_file():
                    return place
            except OSError as fault:
                if place != USER:  # a home that is not ours to look into has nothing for us
                    raise ConfigError(f"The templates in {str(folder)!r} cannot be read: {fault.strerror}.") from fault
        raise ConfigError(f"No template {name}.md in {', '.join(map(str, self.places.values()))}.")

    def using(self, texts: Mapping[str, str]) -> "Templates":
        """These templates with some texts in place of their own; versions follow, and this stays as it is.

        Raises:
            ConfigError: a text is no template of its name.
        """
        found = object.__new__(Templates)
        found.places = self.places
        found._origins = {**self._origins, **dict.fromkeys(texts, "text")}
        found._templates = {**self._templates, **{name: Template.parse(text, name) for name, text in texts.items()}}
        return found

    def __getitem__(self, name: str) -> Template:
        """The template of a name."""
        return self._templates[name]

    def origin(self, name: str) -> str:
        """Where a template came from: the name of its place, or `text`."""
        return self._origins[name]

    def versions(self) -> dict[str, str]:
        """Name to `name@hash` of every template."""
        return {name: template.version for name, template in self._templates.items()}

    def render(self, name: str, **fields: Any) -> tuple[Message, ...]:
        """Fill one template (see `Template.render`)."""
        return self._templates[name].render(fields)


def read(path: Path, name: str) -> Template:
    """Read and check one template file.

    Raises:
        ConfigError: with file, line where there is one, and what is wrong.
    """
    return Template.parse(text_of(path), name, path)


def text_of(path: Path) -> str:
    """The text of a template file.

    Raises:
        ConfigError: it cannot be read, or is far too long to be one.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(4 * FILE_LIMIT + 4)
        if len(raw) > 4 * FILE_LIMIT:
            raise ConfigError(f"The template {str(path)!r} is longer than {FILE_LIMIT:,} characters.")
        return raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"The template {str(path)!r} cannot be read: {fault}.") from fault
