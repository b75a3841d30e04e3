"""`noria seats`: who holds which seat, since when, and what the exams for it said."""

import json
from typing import Any

import typer
from rich.table import Table

from noria.cli.live import seating_line
from noria.cli.main import AsJson, Session, app, out
from noria.cli.reading import history
from noria.config import SessionConfig
from noria.memory.history import History
from noria.memory.moves import withdrawn
from noria.memory.seatings import held, seating_items, seatings
from noria.types import ROLES, RoleExam
from noria.viewer.text import printable


@app.command()
def seats(session: Session, as_json: AsJson = False) -> None:
    """Each role with its holder, since when, and the exams that were held for its seat."""
    with history(session) as story:
        found = _seats(story)
    if as_json:
        typer.echo(json.dumps(found))
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("role", "holder", "since round", "how"):
        table.add_column(column)
    for one in found:
        table.add_row(one["role"], one["holder"], str(one["since"]), one["how"])
    out.print(table)
    for one in found:
        for exam in one["exams"]:
            said = seating_line(RoleExam.model_validate(exam["exam"]), exam["student"], exam["holder"])
            out.print(f"Round {exam['exam']['round']}: {printable(said)}", markup=False)
            for side in ("holder", "student"):
                marks = ", ".join(f"{name} {so} of {of}" for name, (so, of) in exam["exam"][f"{side}_marks"].items())
                out.print(f"    {exam[side]}: {marks}", markup=False)
            cost = exam["exam"]
            out.print(
                f"    {cost['calls']} calls, {cost['prompt_tokens']} + {cost['completion_tokens']} tokens, "
                f"{cost['seconds']:.0f} s",
                markup=False,
            )


def _seats(story: History) -> list[dict[str, Any]]:
    """Each role as JSON; what its exams asked is in it."""
    config = SessionConfig.model_validate_json(story.ledger.fact("config") or "{}")
    names = {policy.id: policy.name for policy in story.policies()}
    base, student = story.pointer("base"), story.pointer("student")
    earned, exams, found = held(story, withdrawn(story)), seatings(story), []
    for role in ROLES:
        who, seat = config.seat(role), earned.get(role)
        holder, since, how = who, 1, "an endpoint of the config"
        if who == "student" and role == "solver":
            promoted = student is not None and base is not None and student.id != base.id
            holder, since = (student.name, student.round + promoted) if student else ("nobody", 1)
            how = "promoted" if promoted else "no student was promoted"
        elif who in ("student", "base") and role != "solver" and seat is not None:
            holder, since, how = names.get(seat.policy, seat.policy), seat.since, "earned by an exam"
        elif who in ("student", "base"):
            holder = base.name if base else "nobody"
            how = "fixed by the config" if who == "base" else "no exam is held for it"
            how = "until a student earns it" if role in config.earnable() else how
            how = "until a trained judge earns it" if role == "judge" and config.methods.trained_judge else how
        own = [exam for exam in exams if exam.role == role]
        found.append(
            {"role": role, "holder": holder, "since": max(1, since), "how": how, "exams": [
                {
                    "student": names.get(exam.student, exam.student), "holder": names.get(exam.holder, exam.holder),
                    "exam": exam.model_dump(mode="json"),
                    "items": [one.model_dump(mode="json") for one in seating_items(story, exam.round, role)],
                }
                for exam in own
            ]}
        )  # fmt: skip
    return found
