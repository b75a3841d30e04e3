"""A study's plan: written down before it plays, and held to when the study goes on."""

from pathlib import Path

from noria.errors import SessionError, storage
from noria.identity import canonical_json, digest
from noria.types import Noun


class Planned(Noun):
    """What a study is to play."""

    @property
    def identity(self) -> str:
        """What the study is, as a hash."""
        return digest(canonical_json(self.model_dump(mode="json")))


def keep(plan: Planned, path: Path) -> None:
    """Write a plan down, or find the same written.

    Raises:
        SessionError: another study lies there, or what cannot be read, or the folder cannot be written.
    """
    out = path.parent
    if path.exists():
        try:
            found = type(plan).model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as fault:
            raise SessionError(
                f"The plan {str(path)!r} cannot be read.", mend="Name another folder with --out."
            ) from fault
        if found.identity != plan.identity:
            raise SessionError(
                f"{str(out)!r} holds another study.", mend="Name another folder with --out, or ask as it was asked."
            )
        return
    with storage(out):
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(plan.model_dump_json(indent=2) + "\n", encoding="utf-8")
