"""The page `prompts`."""

from starlette.routing import Route

routes: tuple[Route, ...] = ()
