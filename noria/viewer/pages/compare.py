"""The page `compare`."""

from starlette.routing import Route

routes: tuple[Route, ...] = ()
