"""`noria rollback`: the policy before the current one plays again, in a session that runs or does not."""

import asyncio
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from noria.cli.main import AsJson, Session, app, err, out
from noria.errors import ModelError, SessionError

LOOK = 0.05
"""Seconds between two looks for the answer of a running session."""

HOLDER = 2.0
"""Seconds after which it is asked again whether the session still runs."""


@app.command()
def rollback(
    session: Session,
    policy: Annotated[str, typer.Argument(help="Name or id of an ancestor; without one, the last before.")] = "",
    as_json: AsJson = False,
) -> None:
    """Send the student back to the policy before it, or to an earlier one; takes effect on a running session too."""
    from noria.memory import requests
    from noria.memory.ledger import FILE

    if not (session / FILE).is_file():
        raise SessionError(f"{str(session)!r} holds no session (no {FILE}).", mend="`noria run` starts one.")
    name = ""
    try:
        while True:
            if not _held(session):
                said = _at_rest(session, policy)
                break
            # A run that begins clears what was asked of the one before: what is gone unanswered is asked again.
            if not name:
                name = requests.ask(session, {"policy": policy})
            elif not requests.waits(session, name) and requests.answered(session, name) is None:
                requests.leave(session, name, {"policy": policy})
            if (answer := _awaited(session, name)) is not None:
                said = answer
                break
    finally:
        if name:
            with suppress(OSError):
                requests.forget(session, name)
    if said["state"] == "refused":
        raise ModelError(said["what"], mend=said["mend"])
    if as_json:
        typer.echo(json.dumps(said))
    else:
        out.print(_sentence(said), markup=False)


def _held(session: Path) -> bool:
    """Whether a process holds the session."""
    from noria.memory.lock import Lock

    try:
        Lock(session).release()
    except SessionError:
        return True
    except OSError as fault:
        raise SessionError(
            f"The session folder {str(session)!r} cannot be used: {fault.strerror}.",
            mend="Choose a folder that is yours to write.",
        ) from fault
    return False


def _at_rest(session: Path, policy: str) -> dict[str, Any]:
    from noria.cli.reading import history
    from noria.graphs.rollback import apply

    with history(session, write=True) as story:
        return asyncio.run(apply(story, policy, f"rollback/{time.time_ns()}"))


def _awaited(session: Path, name: str) -> dict[str, Any] | None:
    """The last answer of the running session; none where it has to be asked again whether it runs."""
    from noria.memory import requests

    until, told = time.monotonic() + HOLDER, False
    while time.monotonic() < until:
        said = requests.answered(session, name)
        if said is not None and said["state"] not in ("taken", "bringing_up"):
            return said
        if said is not None:
            if not told and said["state"] == "bringing_up":
                about = f"; the last time took {said['about']:.0f} s" if said["about"] is not None else ""
                err.print(f"{said['to']} is not loaded and is brought up first{about}", markup=False)
                told = True
            until = time.monotonic() + (HOLDER if _held(session) else -1)
        time.sleep(LOOK)
    return None


def _sentence(said: dict[str, Any]) -> str:
    """What happened, in words."""
    if not said["live"]:
        return f"{said['from']} is withdrawn; {said['to']} plays from the next run on."
    how = "it was loaded" if said["loaded"] else "it was brought up first"
    return (
        f"{said['from']} is withdrawn; {said['to']} plays from the next call on, {said['seconds']:.2f} s after the "
        f"request ({how}); {said['hands']} hands of the round are not played to their end and go on with it."
    )
