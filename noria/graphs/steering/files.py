"""The template files of a session's folder: read only where they belong to who owns it, and written whole."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from noria.errors import ConfigError, storage

PROMPTS = "prompts"
"""Name of the templates' folder in a session's."""

LARGEST = 256_000
"""Bytes of a file that is read at all."""


def read(path: Path, folder: Path) -> str:
    """The text of a template file that belongs to who owns the session.

    Raises:
        ConfigError: it is gone, too large, unreadable, or somebody else's.
    """
    try:
        mine = {os.getuid(), folder.stat().st_uid}
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise ConfigError(f"The template {str(path)!r} is no file.")
            if not {about.st_uid, path.lstat().st_uid} <= mine:
                raise ConfigError(f"The template {str(path)!r} belongs to another user than the session.")
            if about.st_size > LARGEST:
                raise ConfigError(f"The template {str(path)!r} has {about.st_size} bytes; {LARGEST} are allowed.")
            return file.read(LARGEST + 1).decode("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"The template {str(path)!r} is gone.", mend="Put it back.") from None
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"The template {str(path)!r} cannot be read: {fault}.") from fault


def place_text(folder: Path, name: str, text: str) -> None:
    """Write a template into the session's folder, whole or not at all.

    Raises:
        NoriaError: the folder cannot be written.
    """
    path = folder / PROMPTS / f"{name}.md"
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with storage(path):
            path.parent.mkdir(exist_ok=True)
            draft.write_text(text, encoding="utf-8")
            draft.rename(path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
