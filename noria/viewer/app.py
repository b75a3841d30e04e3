"""The viewer: a session as pages, on loopback, behind a token.

    GET /s/NAME/            session          GET /s/NAME/prompts       prompts
    GET /s/NAME/accepted    the log          GET /s/NAME/policies      policies
    GET /s/NAME/sample/ID   a sample         GET /compare?a=…&b=…      two sessions or two rounds
    GET /s/NAME/refused     the refused      GET /s/NAME/events        what changes, as it changes
    GET /s/NAME/episode/ID  a trace          POST /s/NAME/steer/…      only with --allow-steering

Each page is a module in `pages/` with `routes`; `page()` in `rendering.py` makes its answer. A page asks
the catalogue, so it costs the running session nothing, and shows model text as text: every
template escapes, no script is inline, and the content policy of each answer says so.
"""

from starlette.applications import Starlette

from noria.viewer.access import Access
from noria.viewer.shelf import Shelf


def application(shelf: Shelf, access: Access) -> Starlette:
    """The pages of a shelf, for those who have the token."""
    raise NotImplementedError
