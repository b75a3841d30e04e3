"""The deeds of the viewer: what a person asks of a session from its page.

    form ─► the door (steering allowed, same origin) ─► the page's own token ─► a request to the session ─► a sentence

The answer stands where the form is, in a region that is read aloud; a browser without script gets a
page with the same sentence. What is refused changed nothing, and says why.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from noria.errors import ConfigError, NoriaError
from noria.graphs.steering import asking
from noria.viewer.access import posted
from noria.viewer.rendering import page

Fields = Mapping[str, list[str]]

UNITS = ("batches", "rounds")


def _note(session: Path, fields: Fields) -> dict[str, Any]:
    text, many, unit = _one(fields, "text"), _one(fields, "many"), _one(fields, "unit")
    if not many.isascii() or not many.isdigit() or len(many) > 6 or unit not in UNITS:
        raise ConfigError("A note lasts for a number of batches or rounds.", mend="Say how many, such as 1.")
    return asking.note(session, text, **{unit: int(many)})


def _rule(ruling: str) -> Callable[[Path, Fields], dict[str, Any]]:
    def rule(session: Path, fields: Fields) -> dict[str, Any]:
        if not fields.get("thing"):
            raise ConfigError("Nothing was chosen.", mend="Tick what the ruling is for.")
        return asking.rule(session, fields["thing"], ruling, _one(fields, "why"))

    return rule


DEEDS: dict[str, Callable[[Path, Fields], dict[str, Any]]] = {
    "pause": lambda session, _: asking.pause(session),
    "go-on": lambda session, _: asking.go_on(session),
    "note": _note,
    "drop-note": lambda session, fields: asking.drop_note(session, _one(fields, "note")),
    "approve": _rule("approve"),
    "refuse": _rule("refuse"),
}


def _one(fields: Fields, name: str) -> str:
    return fields.get(name, [""])[-1].strip()


async def steer(request: Request) -> Response:
    """Do what a form asks, and say what came of it."""
    fields = await posted(request)
    deed = DEEDS.get(request.path_params["what"])
    if deed is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such deed.")
    folder = request.app.state.shelf.place(request.path_params["session"])
    try:
        said = await run_in_threadpool(deed, folder, fields)
    except NoriaError as fault:
        return page(request, "answer.html", {"said": fault.what, "mend": fault.mend, "done": False})
    answer = page(request, "answer.html", {"said": said["said"], "mend": "", "done": True})
    answer.headers["HX-Trigger"] = "done"
    return answer


routes: tuple[Route, ...] = (Route("/s/{session}/steer/{what}", steer, methods=["POST"]),)
