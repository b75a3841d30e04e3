"""The page `policies`."""

from starlette.routing import Route

routes: tuple[Route, ...] = ()
