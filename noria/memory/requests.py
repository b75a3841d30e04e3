"""Requests: how a command reaches the process that holds the session.

    command ─► requests/NAME.json (by rename) ─► the running process ─► requests/NAME.answer.json ─► command

One process writes a ledger, so a command that wants something of a running session leaves a
note in the session's folder. Only the folder's owner can: it is closed to everybody else, and a
note of another owner is passed over. A name is random, a file is whole or not there, and a note
that nobody waits for any more is taken back by its writer.
"""

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from noria.errors import storage

FOLDER = "requests"
ANSWER = ".answer.json"


def ask(session: Path, body: dict[str, Any]) -> str:
    """Leave a request; returns its name.

    Raises:
        SessionError: the session's folder cannot be written.
    """
    name = secrets.token_hex(8)
    leave(session, name, body)
    return name


def leave(session: Path, name: str, body: dict[str, Any]) -> None:
    """Leave a request under a name, again if it is there."""
    _write(_folder(session) / f"{name}.json", body)


def asked(session: Path) -> list[tuple[str, dict[str, Any]]]:
    """Requests that are not taken, by name; what is no request of the owner's is passed over."""
    found: list[tuple[str, dict[str, Any]]] = []
    for path in sorted((session / FOLDER).glob("*.json")):
        if path.name.endswith(ANSWER):
            continue
        with suppress(OSError, ValueError):
            if path.is_symlink() or path.stat().st_uid != os.getuid():
                continue
            body = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(body, dict):
                found.append((path.name.removesuffix(".json"), body))
    return found


def take(session: Path, name: str) -> None:
    """Take a request off, or take it back; one that is gone is no error."""
    (session / FOLDER / f"{name}.json").unlink(missing_ok=True)


def waits(session: Path, name: str) -> bool:
    """Whether a request was not taken yet."""
    return (session / FOLDER / f"{name}.json").exists()


def answer(session: Path, name: str, body: dict[str, Any]) -> None:
    """Answer a request; a later answer takes the place of an earlier one."""
    _write(_folder(session) / f"{name}{ANSWER}", body)


def answered(session: Path, name: str) -> dict[str, Any] | None:
    """The answer so far, none where there is none."""
    try:
        found: dict[str, Any] = json.loads((session / FOLDER / f"{name}{ANSWER}").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def forget(session: Path, name: str) -> None:
    """Remove a request and its answer."""
    take(session, name)
    (session / FOLDER / f"{name}{ANSWER}").unlink(missing_ok=True)


def clear(session: Path) -> None:
    """Remove what was asked of an earlier run: who still waits asks again."""
    for path in (session / FOLDER).glob("*.json"):
        path.unlink(missing_ok=True)


def _folder(session: Path) -> Path:
    folder = session / FOLDER
    with storage(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
    return folder


def _write(path: Path, body: dict[str, Any]) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with storage(path):
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(body, file)
        draft.rename(path)
