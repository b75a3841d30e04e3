"""The methods of the survey that a session uses: all off, unless the config names them (see `method`)."""

from collections.abc import Iterator

from noria.config.methods.distillation import Distillation
from noria.config.methods.dynamic import Dynamic
from noria.config.methods.feedback import Feedback
from noria.config.methods.grounded import Grounded
from noria.config.methods.meta import Meta
from noria.config.methods.method import FAMILIES, Family, Hook, Leaf, Method
from noria.config.methods.preference import Preference
from noria.config.methods.quality import Quality
from noria.config.methods.static import Static
from noria.config.methods.synthesis import Synthesis
from noria.errors import ConfigError

__all__ = ["FAMILIES", "Family", "Hook", "Leaf", "Method", "Methods", "kinds", "usable"]


class Methods(Static, Dynamic, Quality, Synthesis, Grounded, Distillation, Preference, Feedback, Meta):
    """Every method by its name; what is not named is off."""

    def on(self, hook: Hook | None = None) -> dict[str, Method]:
        """The methods that are on, in the order they are declared; those of one hook, or all."""
        return {
            name: rules for name, rules in self
            if rules is not None and isinstance(rules, Method) and (hook is None or rules.hook == hook)
        }  # fmt: skip


def kinds() -> dict[str, type[Method]]:
    """The class of every method there is, by name."""
    return dict(_kinds())


def _kinds() -> Iterator[tuple[str, type[Method]]]:
    for name, field in Methods.model_fields.items():
        options = getattr(field.annotation, "__args__", (field.annotation,))
        for one in options:
            if isinstance(one, type) and issubclass(one, Method):
                yield name, one


def usable(methods: Methods) -> tuple[Methods, dict[str, str]]:
    """The methods without those that lack something and may be skipped, and why each of these is.

    Raises:
        ConfigError: a method lacks a package (or weights) and may not be skipped; the sentence names the line that
            brings it.
    """
    skipped: dict[str, str] = {}
    for name, rules in methods.on().items():
        what, mend = rules.lacks()
        if not what:
            continue
        if rules.missing == "refuse":
            raise ConfigError(
                f"The method {name!r} needs {what}.", mend=f"{mend}; or set `methods.{name}.missing: skip`."
            )
        skipped[name] = f"it needs {what} ({mend})"
    return (methods.model_copy(update=dict.fromkeys(skipped)), skipped) if skipped else (methods, skipped)
