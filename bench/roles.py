"""What the exams for seats cost and say: a student of a finished session against its base, in every role.

    python bench/roles.py SESSION STUDENT [--items 32] [--roles generator,judge]

Works on a copy of the session, with the real servers; prints a line for each exam as it ends,
and one JSON object with both sides' figures, calls, tokens and seconds.
"""

import argparse
import asyncio
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from noria.cli.live import seating_line
from noria.cli.means import real
from noria.config import RoleRules
from noria.graphs import seating
from noria.graphs.folder import stored
from noria.graphs.opening import Watch, opened
from noria.memory.seatings import seatings


async def examined(folder: Path, name: str, items: int, roles: list[str]) -> list[dict[str, Any]]:
    """Hold the exams on a session's copy, as if the student had just been promoted over the base."""
    config, _ = stored(folder)
    seats = dict.fromkeys(("generator", "critic", "adversary", "judge"), "base") | dict.fromkeys(roles, "student")
    stop = config.stop.model_copy(update={"rounds": 1_000})
    config = config.model_copy(update={"stop": stop, "roles": RoleRules(items=items), "seats": seats})
    started = time.monotonic()

    def tell(event: str, facts: dict[str, Any]) -> None:
        if event == "seating":
            said = seating_line(facts["exam"], facts["student"], facts["holder"])
            print(f"{time.monotonic() - started:.0f} s: {said}", flush=True)

    async with opened(config, real(config, lambda *_: None), Watch(tell=tell)) as context:
        student = context.policy(name)
        await context.history.keep_policy(student, "student")
        await context.bring_up(student)
        await seating.seat(context, student.round, student.id)
        return [exam.model_dump(mode="json") for exam in seatings(context.history, student.round)]


def main() -> None:
    """Copy, examine, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("session", type=Path)
    parser.add_argument("student")
    parser.add_argument("--items", type=int, default=RoleRules().items)
    parser.add_argument("--roles", default="generator,critic,adversary,judge")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="noria-bench-") as place:
        copy = Path(place) / "session"
        shutil.copytree(wanted.session, copy, ignore=shutil.ignore_patterns("session.lock", "servers"))
        print(json.dumps(asyncio.run(examined(copy, wanted.student, wanted.items, wanted.roles.split(","))), indent=2))


if __name__ == "__main__":
    main()
