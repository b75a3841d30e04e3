"""The page `accepted`."""

from starlette.routing import Route

routes: tuple[Route, ...] = ()
