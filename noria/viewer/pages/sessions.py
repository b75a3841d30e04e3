"""The page `sessions`: what lies in the viewer's folder, or the one session there is."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from noria.viewer.rendering import page
from noria.viewer.shelf import Shelf


def sessions(request: Request) -> Response:
    """The sessions, or straight to the one."""
    shelf: Shelf = request.app.state.shelf
    names = shelf.names()
    if not shelf.several and names:
        return RedirectResponse(f"/s/{quote(names[0], safe='')}/")
    return page(request, "sessions.html", {"names": names})


routes = (Route("/", sessions),)
