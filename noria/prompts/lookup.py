"""Which file a template is: the first place that has it wins.

session's own prompts/ ─► the config's `prompts` folder ─► the user's ─► the package's
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from noria.errors import ConfigError
from noria.prompts.fields import FIELDS
from noria.prompts.template import Template
from noria.types import Message

PACKAGED = Path(__file__).parent
"""Where the package's own templates lie."""


class Templates:
    """The templates of a session."""

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

    def using(self, texts: Mapping[str, str]) -> "Templates":
        """These templates with some texts in place of their own; versions follow, and this stays as it is.

        Raises:
            ConfigError: a text is no template of its name.
        """
        found = object.__new__(Templates)
        found.folders = self.folders
        found._templates = {**self._templates, **{name: Template.parse(text, name) for name, text in texts.items()}}
        return found

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
    """Read and check one template file.

    Raises:
        ConfigError: with file, line where there is one, and what is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"The template {str(path)!r} cannot be read: {fault}.") from fault
    return Template.parse(text, name, path)
