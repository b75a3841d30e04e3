"""The page `refused`."""

from starlette.routing import Route

routes: tuple[Route, ...] = ()
