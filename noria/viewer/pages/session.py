"""The page `session`."""

from starlette.routing import Route

routes: tuple[Route, ...] = ()
