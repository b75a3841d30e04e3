"""Where things of a session stand in the viewer: every part of an address is quoted, whatever a name says."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True)
class Addresses:
    """The pages of one session, as links from any of them."""

    session: str
    """Its name."""

    def _at(self, *parts: str) -> str:
        return "/".join(("", "s", *(quote(part, safe="") for part in (self.session, *parts))))

    @property
    def accepted(self) -> str:
        """The log."""
        return self._at("accepted")

    @property
    def refused(self) -> str:
        """What was turned away."""
        return self._at("refused")

    def log(self, name: str, **filters: str | int) -> str:
        """One of the two logs with some of its filters set."""
        return f"{self._at(name)}?{urlencode(filters)}"

    def sample(self, key: str) -> str:
        """A sample's page."""
        return self._at("sample", key)

    def episode(self, key: str) -> str:
        """An episode's page."""
        return self._at("episode", key)

    def thing(self, kind: str, key: str) -> str:
        """The page of a sample or an episode."""
        return self._at(kind, key)

    def policy(self, name: str) -> str:
        """A policy's page."""
        return self._at("policies", name)

    def prompt(self, version: str) -> str:
        """The page of a template, at one of its versions (`name@hash`)."""
        return f"{self._at('prompts', version.partition('@')[0])}?{urlencode({'new': version})}"
