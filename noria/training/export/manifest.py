"""What an exported folder is: each file with its hash, and what it was made of. And how it comes to stand.

    work in .FOLDER.export ─► noria.json ─► the same as what stands? leave it
                                     └► nothing there, or ours and --force ─► synced, renamed

A folder that this did not make, or that holds a file somebody added, is never replaced.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from noria.errors import ConfigError, SessionError, storage
from noria.identity import canonical_json, digest, file_digest
from noria.training.publish import MANIFEST, Mark, sync
from noria.types import Json, Noun

LEFT = frozenset({".cache", ".DS_Store"})
"""What tools leave in a folder; it hinders nobody and is not kept."""


class Export(Noun):
    """What an exported folder is."""

    kind: Literal["dataset", "adapter", "merged", "quantised"]
    noria: str = Field(default_factory=lambda: version("noria"))
    session: str
    """Name of the session's folder."""
    samples: int
    """Accepted samples in the session's chain."""
    head: str
    """The chain's head: who notes it can tell later that the session's log is the one this was made of."""
    told: Json
    """What was asked for and what came of it: choice, counts, what was left out, the proof of the split."""
    files: dict[str, Mark] = Field(default={})

    @property
    def identity(self) -> str:
        """The hash of everything in the folder, short enough to be said."""
        return digest(canonical_json(self.model_dump(mode="json")))[:16]


def exported(folder: Path) -> Export | None:
    """What an exported folder says it is; none where it is no export."""
    try:
        return Export.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        return None


def may_become(folder: Path, *, force: bool) -> None:
    """Refuse to write where something stands that an export may not replace.

    Raises:
        ConfigError: it is not an export, or holds files that are not the export's.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    found = exported(folder) if folder.is_dir() else None
    if found is None:
        raise ConfigError(
            f"{str(folder)!r} is there already and is no export of Noria.", mend="Name another folder with --to."
        )
    strange = sorted(_files(folder) - found.files.keys() - {MANIFEST})
    if force and strange:
        raise ConfigError(
            f"{str(folder)!r} holds {strange[0]!r}, which is not of the export and would be lost.",
            mend="Move it elsewhere, or name another folder with --to.",
        )


def stand(place: Path, out: Path, told: Export, *, force: bool) -> Export:
    """Let the finished folder `place` stand as `out`; one that stands already with the same bytes is left.

    Raises:
        ConfigError: another export stands there and `force` was not given.
        RunError: the disk is full.
        SessionError: the folder cannot be written.
    """
    with storage(out):
        files = {
            name: Mark(size=(place / name).stat().st_size, sha256=file_digest(place / name))
            for name in sorted(_files(place))
        }
        made = told.model_copy(update={"files": files})
        if (found := exported(out)) == made and _reads(out, made):
            return made
        if found is not None and not force:
            raise ConfigError(
                f"{str(out)!r} holds another export, of the session {found.session!r}.",
                mend="--force replaces it; or name another folder with --to.",
            )
        (place / MANIFEST).write_text(made.model_dump_json(indent=2) + "\n", encoding="utf-8")
        sync(place)
        if out.exists():
            # A rename does not replace a folder that holds something.
            out.rename(_old(out))
        place.rename(out)
        shutil.rmtree(_old(out), ignore_errors=True)
    return made


@contextmanager
def beside(out: Path) -> Iterator[Path]:
    """An empty folder to work in beside `out`, on the same disk; gone afterwards unless it took its place.

    Raises:
        SessionError: it cannot be made.
    """
    place = out.with_name(f".{out.name}.export")
    with storage(place):
        out.parent.mkdir(parents=True, exist_ok=True)
        if _old(out).exists() and not out.exists():
            _old(out).rename(out)  # who replaced it was killed between two renames
        for left in (place, _old(out)):
            shutil.rmtree(left, ignore_errors=True)
        place.mkdir()
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _old(out: Path) -> Path:
    return out.with_name(f".{out.name}.replaced")


def must_read(folder: Path) -> Export:
    """What an exported folder is, once every file of it reads as it was written.

    Raises:
        SessionError: it is no export, or a file is missing or changed.
    """
    found = exported(folder)
    if found is None:
        raise SessionError(f"{str(folder)!r} is no export of Noria.", mend="`noria export` writes one.")
    for name, mark in found.files.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != mark.size or file_digest(path) != mark.sha256:
            raise SessionError(f"{name!r} in {str(folder)!r} is not what was exported.", mend="Export it again.")
    return found


def _reads(folder: Path, found: Export) -> bool:
    try:
        must_read(folder)
    except SessionError:
        return False
    return not (_files(folder) - found.files.keys() - {MANIFEST})


def _files(folder: Path) -> set[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return {path.as_posix() for path in found if not LEFT.intersection(path.parts)} - {MANIFEST}
