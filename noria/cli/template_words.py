"""How a person names a template on the command line, and what is found by that.

mine.md                 a file
generator               the template in force: the session's, else the user's, else the package's
generator@1f2e          a version that the session knows, by the beginning of its hash
package:generator       that of a place: session, config, user, package
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from noria.cli.reading import history
from noria.errors import ConfigError

if TYPE_CHECKING:
    from noria.graphs.rehearsing.questions import Source
    from noria.memory.history import History
    from noria.prompts import Template, Templates


@dataclass(frozen=True, slots=True)
class Known:
    """The templates of a session, or of whoever has none."""

    templates: "Templates"
    history: "History | None" = None

    def origin(self, name: str) -> str:
        """Where the template in force came from."""
        place = self.templates.origin(name)
        return "session" if self.history is not None and place == "text" else place

    def find(self, word: str) -> "Template":
        """The template that a word names.

        Raises:
            ConfigError: it names none.
        """
        from noria.prompts.fields import FIELDS
        from noria.prompts.lint import opened
        from noria.prompts.lookup import read

        place, _, name = word.rpartition(":")
        if not place and word in FIELDS:
            return self.templates[word]
        if place in (known := self.templates.places) and name in FIELDS:
            if not (path := known[place] / f"{name}.md").is_file():
                raise ConfigError(f"The place {place!r} ({known[place]}) has no template {name!r}.")
            return read(path, name)
        if "@" in word and not Path(word).exists():
            return self._version(word)
        if not Path(word).is_file():
            raise ConfigError(
                f"{word!r} is no template, no version and no file.",
                mend=f"Templates are {', '.join(sorted(FIELDS))}; places are {', '.join(known)}.",
            )
        return opened(Path(word))

    def _version(self, word: str) -> "Template":
        from noria.memory.steps import Steps
        from noria.prompts import Template, Templates

        name = word.partition("@")[0]
        texts = {one.version: one.text for one in (Templates()[name],)} if name in self.templates.versions() else {}
        if self.history is not None:
            steps = Steps(self.history)
            versions = {one for batch in steps.batches() for one in batch.templates.values()}
            versions |= {arm for batch in steps.batches() for one in batch.trials for arm in (one.a, one.b)}
            texts |= steps.texts({*versions, *steps.in_force().values()})
        found = sorted(version for version in texts if version.startswith(word))
        if len(found) != 1:
            known = ", ".join(sorted(one for one in texts if one.startswith(f"{name}@"))) or "none of this template"
            raise ConfigError(f"No one version is named {word!r}.", mend=f"Known here: {known}.")
        return Template.parse(texts[found[0]], name)


@contextmanager
def known(session: Path | None) -> Iterator[Known]:
    """The templates of a session, or those that a new session would begin with.

    Raises:
        SessionError: the folder holds no session.
        ConfigError: a template is broken.
    """
    from noria.prompts import Templates
    from noria.prompts.lookup import places

    if session is None:
        yield Known(Templates(places()))
        return
    from noria.graphs.folder import stored
    from noria.graphs.steering.taking import in_force

    config, _ = stored(session)
    with history(session) as story:
        yield Known(in_force(story, config), story)


@contextmanager
def source(session: Path) -> "Iterator[tuple[Source, bool]]":
    """A session to ask again, and whether its policies are pretended."""
    from noria.evaluators.registry import domains
    from noria.evaluators.sandbox.runner import Chosen
    from noria.graphs.folder import stored
    from noria.graphs.rehearsing.questions import Source
    from noria.memory.documents.passages import kept

    config, pretended = stored(session)
    runner = Chosen(config.sandbox.minimum)
    try:
        with history(session) as story:
            found, _ = domains(dict(config.domains), config.domain_files, kept(story))
            yield Source(story, config, found, runner), pretended
    finally:
        runner.close()
