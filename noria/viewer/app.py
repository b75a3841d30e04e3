"""The viewer: a session as pages, on loopback, behind a token.

    GET /s/NAME/            session          GET /s/NAME/prompts       prompts
    GET /s/NAME/accepted    the log          GET /s/NAME/policies      policies
    GET /s/NAME/sample/ID   a sample         GET /compare?a=…&b=…      two sessions or two rounds
    GET /s/NAME/refused     the refused      GET /s/NAME/methods       what the methods did
    GET /s/NAME/episode/ID  a trace          GET /s/NAME/events        what changes, as it changes
                                             POST /s/NAME/steer/…      only with --allow-steering

Each page is a module in `pages/` with `routes`; `page()` in `rendering.py` makes its answer. A page asks
the catalogue, so it costs the running session nothing, and shows model text as text: every
template escapes, no script is inline, and the content policy of each answer says so.
"""

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from noria.viewer import events
from noria.viewer.access import Access, Door
from noria.viewer.faults import Faults, missing
from noria.viewer.pages import (
    accepted,
    compare,
    episode,
    methods,
    policies,
    prompts,
    refused,
    sample,
    session,
    sessions,
    steer,
)
from noria.viewer.shelf import Shelf

STATIC = Path(__file__).parent / "static"

PAGES = (
    sessions, session, accepted, refused, sample, episode, prompts, policies, methods, compare, steer, events,
)  # fmt: skip


def application(shelf: Shelf, access: Access) -> Starlette:
    """The pages of a shelf, for those who have the token."""
    app = Starlette(
        routes=[Mount("/static", StaticFiles(directory=STATIC)), *(route for one in PAGES for route in one.routes)],
        middleware=[Middleware(events.Asked), Middleware(Door, access), Middleware(Faults)],
        exception_handlers={HTTPException: missing},
    )
    app.state.shelf = shelf
    app.state.access = access
    return app
