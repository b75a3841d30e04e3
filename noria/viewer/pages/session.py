"""The page `session`: the wheel with live counts on its arrows, and what it lifts.

    wheel · what waits · newest samples · funnel and reasons · exams · pool · time · seats · guards

While the session runs, its parts are asked for again whenever the ledger changes (see `events`).
"""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from noria.graphs.steering.asking import waiting
from noria.memory.lock import held
from noria.viewer import overview
from noria.viewer.drawing import curve, wheel
from noria.viewer.rendering import page
from noria.viewer.shelf import Open
from noria.viewer.turning import stand


def session(request: Request) -> Response:
    """The wheel and what it lifts; `?round=N` turns it back to an earlier round."""
    one = request.app.state.shelf.open(request.path_params["session"])
    asked = request.query_params.get("round", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else None
    root = request.url.path.rstrip("/")
    return page(request, "session.html", shown_of(one, number, root))


def shown_of(one: Open, number: int | None, root: str) -> dict[str, Any]:
    """What the page shows."""
    catalogue = one.catalogue
    facts = overview.facts(catalogue)
    now = stand(catalogue, running=held(one.folder), number=number, root=root)
    steps, exams = overview.steered(catalogue), overview.exams(catalogue)
    ended = overview.ends(catalogue, number)
    return {
        "whole": one.whole,
        "folder": one.folder,
        "stand": now,
        "chosen": number,
        "wheel": wheel(
            now.paddles, title=f"Round {now.round} on the wheel", turning=now.state == "running",
            hub=("round", str(now.round), f"of {now.rounds}"),
        ),
        "started": float(facts.get("started") or 0),
        "machine": facts["machine"],
        "student": facts.get("student", ""),
        "dry": facts.get("base") is not None and overview.pretended(catalogue),
        "accepted": overview.accepted(catalogue),
        "newest": overview.newest(catalogue),
        "funnel": overview.funnel(ended),
        "reasons": overview.reasons(ended),
        "exams": exams,
        "curve": curve(overview.exam_series(exams), title="Exam items right", unit="%", width=520, height=260),
        "pool": overview.pool(catalogue),
        "stages": overview.stages(catalogue),
        "seats": overview.seats(catalogue),
        "guards": overview.guards(catalogue),
        "otherwise": overview.said_of_rounds(catalogue),
        "holds": facts["holds"] if now.state == "waiting" else {},
        "waiting": waiting(one.folder) if now.state == "waiting" and facts["holds"].get("for") != "pause" else {},
        "paused": overview.paused(steps),
        "notes": overview.notes(steps),
        "left_out": json.loads(facts.get("left_out") or "[]"),
    }  # fmt: skip


routes: tuple[Route, ...] = (Route("/s/{session}/", session),)
