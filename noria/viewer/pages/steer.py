"""The deeds of the viewer: what a person asks of a session from its page."""

from starlette.routing import Route

routes: tuple[Route, ...] = ()
