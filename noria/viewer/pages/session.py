"""The page `session`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from noria.viewer.rendering import page


def session(request: Request) -> Response:
    """The wheel and what it lifts."""
    one = request.app.state.shelf.open(request.path_params["session"])
    return page(request, "session.html", {"one": one})


routes: tuple[Route, ...] = (Route("/s/{session}/", session),)
