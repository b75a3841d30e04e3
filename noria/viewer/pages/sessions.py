"""The page `sessions`: what lies in the viewer's folder, or the one session there is."""

import time
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from noria.errors import NoriaError
from noria.memory.lock import held
from noria.viewer import overview
from noria.viewer.events import written
from noria.viewer.rendering import page
from noria.viewer.shelf import Shelf
from noria.viewer.turning import stand

ALL, LEAST = 1.5, 0.05
"""Seconds that all sessions together, and each at least, may take to come up to their ledgers."""


def sessions(request: Request) -> Response:
    """The sessions, the one written last first; or straight to the one."""
    shelf: Shelf = request.app.state.shelf
    names = shelf.names()
    if not shelf.several and names:
        return RedirectResponse(f"/s/{quote(names[0], safe='')}/")
    until = time.monotonic() + ALL
    found = [_told(shelf, name, max(LEAST, until - time.monotonic())) for name in names]
    return page(request, "sessions.html", {"sessions": sorted(found, key=lambda one: -one["written"])})


def _told(shelf: Shelf, name: str, wait: float) -> dict[str, Any]:
    """A session in a few words; one that cannot be read says why."""
    told: dict[str, Any] = {"name": name, "written": 0.0, "fault": ""}
    try:
        one = shelf.open(name, wait)
        told["written"] = written(one.folder) / 1e9
        exams = overview.exams(one.catalogue)
        now = stand(one.catalogue, running=held(one.folder))
        accepted = overview.accepted(one.catalogue)["count"]
        return told | {"stand": now, "accepted": accepted, "exam": exams[-1] if exams else None, "whole": one.whole}
    except NoriaError as fault:
        return told | {"fault": str(fault)}


routes = (Route("/", sessions),)
