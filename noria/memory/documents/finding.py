"""Which files the paths of a config name, and what they say.

A folder is walked in sorted order; hidden files, links to folders and files of other kinds in it
are passed over, while a file that was named itself must be of a kind that can be read.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from noria.config.methods.grounded import Documents
from noria.errors import ConfigError
from noria.memory.documents import plain
from noria.memory.documents.block import Block, Document, Unusable
from noria.memory.documents.pdf import pdf

KINDS = (".txt", ".text", ".md", ".markdown", ".pdf", ".jsonl")
"""Suffixes of the files that can be read."""

FILES = 10_000
"""Files at most."""


def documents(rules: Documents) -> tuple[list[Document], list[str]]:
    """The documents, and a sentence for each that was skipped.

    Raises:
        ConfigError: a path names nothing, or a file cannot be used and is not to be skipped.
    """
    found: list[Document] = []
    skipped: list[str] = []
    for file, name in files(rules.paths):
        try:
            blocks = tuple(_read(file, rules))
            if not blocks:
                raise Unusable("it holds no prose")
            found.append(Document(name, blocks))
        except (Unusable, OSError) as fault:
            why = (fault.strerror or str(fault)) if isinstance(fault, OSError) else str(fault)
            if rules.unusable == "refuse":
                raise ConfigError(
                    f"The document {str(file)!r} cannot be used: {why}.",
                    mend="Take it out of `methods.documents.paths`, or set `methods.documents.unusable: skip`.",
                ) from fault
            skipped.append(f"{file}: {why}")
    return found, skipped


def files(paths: Sequence[Path]) -> list[tuple[Path, str]]:
    """Every file that the paths name, once, in order, with the name it is known by.

    Raises:
        ConfigError: there is no such path, a folder holds nothing that can be read, or there are too many.
    """
    found: dict[Path, str] = {}
    for path in paths:
        try:
            folder = stat.S_ISDIR(path.stat().st_mode)
        except OSError as fault:
            why = fault.strerror or str(fault)
            raise ConfigError(
                f"The documents {str(path)!r} cannot be found: {why}.", mend="Check `methods.documents.paths`."
            ) from fault
        here = list(_under(path)) if folder else [path]
        if not here:
            raise ConfigError(
                f"The folder {str(path)!r} holds no document.", mend=f"It may be one of: {', '.join(KINDS)}."
            )
        for one in here:
            found.setdefault(one, str(one.relative_to(path.parent)))
            if len(found) > FILES:
                raise ConfigError(f"There are more than {FILES:,} documents.", mend="Name fewer.")
    return list(found.items())


def _under(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and name.lower().endswith(KINDS):
                yield Path(place) / name


def _read(file: Path, rules: Documents) -> Iterator[Block]:
    suffix, told = file.suffix.lower(), file.stat()
    if not stat.S_ISREG(told.st_mode):
        raise Unusable("it is no file")
    if suffix not in KINDS:
        raise Unusable(f"files of the kind {suffix or 'without a suffix'!r} are not read ({', '.join(KINDS)} are)")
    if told.st_size > rules.megabytes * 1e6:
        raise Unusable(
            f"it has {told.st_size / 1e6:.1f} MB, {rules.megabytes:g} are allowed (`methods.documents.megabytes`)"
        )
    if not told.st_size:
        raise Unusable("it is empty")
    if suffix == ".pdf":
        return pdf(file, pages=rules.pages, seconds=rules.seconds)
    said = plain.text(file.read_bytes())
    if suffix == ".jsonl":
        return plain.rows(said, rules.field)
    return plain.markdown(said) if suffix in (".md", ".markdown") else plain.paragraphs(said)
