"""Requests: how a command reaches the process that holds the session.

    command ─► requests/NAME.json (by rename) ─► the running process ─► requests/NAME.answer.json ─► command

One process writes a ledger, so a command that wants something of a running session leaves a
note in the session's folder. Only the folder's owner can: it is closed to everybody else, and a
note of another owner is passed over. A name is random, a file is whole or not there, and a note
that nobody waits for any more is taken back by its writer. `errand` is the whole way of a
command: it asks who holds the session, and where nobody does, it does the thing itself.
"""

import json
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from noria.errors import NoriaError, SessionError, storage
from noria.memory.lock import held

FOLDER = "requests"
ANSWER = ".answer.json"

LOOK = 0.05
"""Seconds between two looks for the answer of a running session."""

HOLDER = 2.0
"""Seconds after which it is asked again whether the session still runs."""


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


def errand(
    session: Path,
    body: dict[str, Any],
    at_rest: Callable[[], dict[str, Any]],
    heard: Callable[[dict[str, Any]], None] = lambda said: None,
) -> dict[str, Any]:
    """Have something done in a session: by the process that holds it, or by `at_rest` where none does.

    `heard` is told what a running session says before its answer.

    Raises:
        NoriaError: the session cannot be used, or what `at_rest` raises.
    """
    name = ""
    try:
        while True:
            if not held(session):
                try:
                    return at_rest()
                except SessionError:
                    if held(session):  # somebody took it between the two
                        continue
                    raise
            # A run that begins clears what was asked of the one before: what is gone unanswered is asked again.
            if not name:
                name = ask(session, body)
            elif not waits(session, name) and answered(session, name) is None:
                leave(session, name, body)
            if (said := _awaited(session, name, heard)) is not None:
                return said
    finally:
        if name:
            with suppress(OSError, NoriaError):
                forget(session, name)


def _awaited(session: Path, name: str, heard: Callable[[dict[str, Any]], None]) -> dict[str, Any] | None:
    """The last answer of the running session; none where it has to be asked again whether it runs."""
    until, told = time.monotonic() + HOLDER, ""
    while time.monotonic() < until:
        said = answered(session, name)
        if said is not None and said["state"] not in ON_THE_WAY:
            return said
        if said is not None:
            if told != said["state"]:
                told = said["state"]
                heard(said)
            until = time.monotonic() + (HOLDER if held(session) else -1)
        time.sleep(LOOK)
    return None


ON_THE_WAY = ("taken", "bringing_up")
"""States of an answer that is not the last."""


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
