"""Roll back: a person sends the student back to an ancestor, whether the session runs or not.

    noria rollback ─┬─ nobody holds the session ─► `apply` on its ledger
                    └─ a run holds it ─► a request ─► `answered` ─► bring up ─► `step_back` ─► answer

In a running session the step takes effect with the next model call, for the desk asks who sits
where a withdrawn policy was dealt: hands that are half played go on with the target too. Where the
target is not served it is brought up first, beside the play, and the answer says how long the
last one took.
"""

import json
import time
from pathlib import Path
from typing import Any

from noria.errors import ModelError
from noria.graphs.context import Context
from noria.graphs.stepping import step_back
from noria.memory import requests
from noria.memory.history import History
from noria.memory.moves import ancestors, move
from noria.types import Move, Policy


def target(history: History, named: str) -> Policy:
    """The policy to roll back to: the one named, or the one before the current student.

    Raises:
        ModelError: there is none, it is unknown, it is no ancestor, or its weights are gone.
    """
    student = history.pointer("student")
    if student is None:
        raise ModelError("The session has no student of its own.", mend="There is nothing to roll back.")
    line = ancestors(history, student.id)
    names = ", ".join(policy.name for one in line if (policy := history.policy(one))) or "none"
    policy = history.policy(named or next(iter(line), ""))
    if policy is None and named:
        raise ModelError(f"The session knows no policy {named!r}.", mend=f"It can roll back to: {names}.")
    if policy is None:
        raise ModelError(f"The policy that plays is {student.name!r}: there is none before it to roll back to.")
    if policy.id not in line:
        what = "plays already" if policy.id == student.id else f"is no ancestor of {student.name!r}"
        raise ModelError(f"The policy {policy.name!r} {what}.", mend=f"It can roll back to: {names}.")
    for place in (policy.folder, policy.adapter):
        if place and not Path(place).is_dir():
            raise ModelError(
                f"The weights of {policy.name!r} are gone: {place!r} is no folder.",
                mend="Put them back, or roll back further.",
            )
    return policy


async def apply(history: History, named: str, key: str) -> dict[str, Any]:
    """Roll back a session that nobody runs; the next run serves the target.

    Raises:
        ModelError: see `target`.
    """
    policy, student, number = target(history, named), history.pointer("student"), len(history.rounds())
    assert student is not None
    line = ancestors(history, student.id)
    step = Move(
        key=key, round=number, cause="rollback", before=student.id, after=policy.id,
        withdrawn=(student.id, *line[: line.index(policy.id)]), why="asked for by a person", at=time.time(),
    )  # fmt: skip
    await move(history, step)
    return {"state": "done", "from": student.name, "to": policy.name, "live": False}


async def answered(context: Context, folder: Path, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """Roll back a session that runs, and say how that went.

    Raises:
        NoriaError: it cannot; nothing was changed.
    """
    named = str(body.get("policy", ""))
    history, started = context.history, time.monotonic()
    student, policy, number = context.pointer("student"), target(context.history, named), len(history.rounds())
    loaded = context.fleet.is_up(policy.id)
    if not loaded:
        took = json.loads(history.ledger.fact("bring_up") or "{}")
        about = took.get(policy.name) or max(took.values(), default=None)
        requests.answer(folder, name, {"state": "bringing_up", "to": policy.name, "about": about})
    key = f"rollback/{name}"
    if await step_back(context, number, "asked for by a person", policy, cause="rollback", key=key) is None:
        raise ModelError(
            f"{policy.name!r} is no ancestor of the current student any more.", mend="Look, and ask again."
        )
    hands = len(history.deal(number)) - len(history.ended(number))
    return {
        "state": "done", "from": student.name, "to": policy.name, "live": True, "loaded": loaded,
        "seconds": round(time.monotonic() - started, 3), "hands": hands,
    }  # fmt: skip
