"""Weights on disk: made aside, synced, renamed, and what they are written beside them.

    work in OUT.tmp ─► hash every file ─► noria.json ─► fsync files and folder ─► rename to OUT ─► fsync the parent

A folder under its final name is therefore whole whenever its maker was killed; what a disk or
a person does to it afterwards the checksums tell. What stands aside belongs to somebody who
was killed, and is swept away. Weights are safetensors and nothing else: a pickle among them runs
whatever was put into it, and such a folder is neither published nor served.
"""

import os
import shutil
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from noria.errors import ModelError, storage
from noria.identity import file_digest
from noria.types import Noun

MANIFEST = "noria.json"
"""What a published folder is, beside its files."""

PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib"})
"""Suffixes of files that run code when they are loaded."""

HASHED = 2 * 2**30
"""Bytes of a folder up to which every byte is hashed before it is served; beyond, the sizes must do."""


class Mark(Noun):
    """What a file weighs."""

    size: int
    sha256: str


class Manifest(Noun):
    """What a folder of weights is, and how each of its files must read."""

    kind: Literal["adapter", "merged"]
    made_by: str
    """Identity of the job, or of the merging, that made it."""
    base: str
    """Id of the policy it was trained from or merged into."""
    files: dict[str, Mark]


def aside(out: Path) -> Path:
    """An empty folder to work in beside `out`.

    Raises:
        SessionError: it cannot be made.
    """
    place = out.with_name(out.name + ".tmp")
    with storage(place):
        sweep(out)
        place.mkdir(parents=True)
    return place


def sweep(out: Path) -> None:
    """Remove what a killed process left beside `out`: work half done, and a predecessor half removed."""
    for left in (out.with_name(out.name + ".tmp"), out.with_name(out.name + ".old")):
        shutil.rmtree(left, ignore_errors=True)


def publish(place: Path, out: Path, *, kind: Literal["adapter", "merged"], made_by: str, base: str) -> Manifest:
    """Make the finished folder `place` stand as `out`, in one step that a crash cannot halve.

    Raises:
        ModelError: it holds a file that runs code when it is loaded.
        SessionError: it cannot be written.
        RunError: the disk is full.
    """
    refuse_pickles(place)
    with storage(out):
        files = {
            name: Mark(size=(place / name).stat().st_size, sha256=file_digest(place / name)) for name in _in(place)
        }
        manifest = Manifest(kind=kind, made_by=made_by, base=base, files=files)
        (place / MANIFEST).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
        sync(place)
        if out.exists():
            # A rename does not replace a folder that holds something; a crash here leaves none, and the work is redone.
            out.rename(out.with_name(out.name + ".old"))
        place.rename(out)
        _sync(out.parent)
        sweep(out)
    return manifest


def manifest(folder: Path) -> Manifest | None:
    """What a folder says it is; none where it says nothing that can be read."""
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        return None


def made(out: Path, made_by: str) -> Manifest | None:
    """The manifest of `out` where it was made by this very job and reads as it was written; none otherwise."""
    found = manifest(out)
    return found if found and found.made_by == made_by and not damage(out, found) else None


def damage(folder: Path, found: Manifest) -> str:
    """What is wrong with a folder, empty where it reads as it was written: sizes always, bytes where they are few."""
    names = set(_in(folder))
    for name, mark in found.files.items():
        if name not in names:
            return f"{name} is missing"
        if (size := (folder / name).stat().st_size) != mark.size:
            return f"{name} holds {size} bytes and not {mark.size}"
    if strange := sorted(name for name in names - set(found.files) if name.endswith(".safetensors")):
        return f"{strange[0]} was added"
    for name, sha256 in hashed(found).items():
        if file_digest(folder / name) != sha256:
            return f"{name} is not what was written"
    return ""


def hashed(found: Manifest) -> dict[str, str]:
    """The files of a folder whose bytes are looked at, with what they must hash to; none where they are too many."""
    few = sum(mark.size for mark in found.files.values()) <= HASHED
    return {name: mark.sha256 for name, mark in found.files.items()} if few else {}


def refuse_pickles(folder: Path) -> None:
    """Refuse a folder that holds anything which runs code when it is loaded.

    Raises:
        ModelError: it does; the file is named.
    """
    for name in _in(folder):
        if Path(name).suffix.lower() in PICKLES:
            raise ModelError(
                f"{str(folder / name)!r} may run code when it is loaded; weights are safetensors only.",
                mend="Remove it, if the folder is yours; else make it anew.",
            )


def _in(folder: Path) -> list[str]:
    """The files below a folder, the manifest aside, by path from it."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [str(path.relative_to(folder)) for path in found if path.relative_to(folder) != Path(MANIFEST)]


def _mark(path: Path) -> Mark:
    return Mark(size=path.stat().st_size, sha256=file_digest(path))


def sync(place: Path) -> None:
    """Have every file of a folder on the disk, and the folder itself; raises what the system does."""
    for folder, _, names in os.walk(place, topdown=False):
        for name in names:
            _sync(Path(folder) / name)
        _sync(Path(folder))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
