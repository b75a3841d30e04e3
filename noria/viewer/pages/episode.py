"""The page `episode`."""

from starlette.routing import Route

routes: tuple[Route, ...] = ()
