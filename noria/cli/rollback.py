"""`noria rollback`: the policy before the current one plays again, in a session that runs or does not."""

import asyncio
import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from noria.cli.main import AsJson, Session, app, err, out
from noria.errors import ModelError, SessionError


@app.command()
def rollback(
    session: Session,
    policy: Annotated[str, typer.Argument(help="Name or id of an ancestor; without one, the last before.")] = "",
    as_json: AsJson = False,
) -> None:
    """Send the student back to the policy before it, or to an earlier one; takes effect on a running session too."""
    from noria.memory import requests
    from noria.memory.ledger import FILE, is_session

    if not is_session(session):
        raise SessionError(f"{str(session)!r} holds no session (no {FILE}).", mend="`noria run` starts one.")
    said = requests.errand(session, {"what": "rollback", "policy": policy}, lambda: _at_rest(session, policy), _heard)
    if said["state"] == "refused":
        raise ModelError(said["what"], mend=said["mend"])
    if as_json:
        typer.echo(json.dumps(said))
    else:
        out.print(_sentence(said), markup=False)


def _at_rest(session: Path, policy: str) -> dict[str, Any]:
    from noria.cli.reading import history
    from noria.graphs.rollback import apply

    with history(session, write=True) as story:
        return asyncio.run(apply(story, policy, f"rollback/{time.time_ns()}"))


def _heard(said: dict[str, Any]) -> None:
    """Say what the running session is at."""
    if said["state"] == "bringing_up":
        about = f"; the last time took {said['about']:.0f} s" if said["about"] is not None else ""
        err.print(f"{said['to']} is not loaded and is brought up first{about}", markup=False)


def _sentence(said: dict[str, Any]) -> str:
    """What happened, in words."""
    if not said["live"]:
        return f"{said['from']} is withdrawn; {said['to']} plays from the next run on."
    how = "it was loaded" if said["loaded"] else "it was brought up first"
    return (
        f"{said['from']} is withdrawn; {said['to']} plays from the next call on, {said['seconds']:.2f} s after the "
        f"request ({how}); {said['hands']} hands of the round are not played to their end and go on with it."
    )
