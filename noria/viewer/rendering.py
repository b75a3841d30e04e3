"""Pages from templates: everything escaped, model text made visible, the same frame around all.

`page(request, "accepted.html", values)` gives the whole page, or the part between the frame
where HTMX asked for it. Filters: `shown` (text that no browser and no reader obeys: control
and direction characters as escapes), `figure`, `tokens`, `seconds`, `share`, `ago`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

HTML = Path(__file__).parent / "html"


def page(request: Request, name: str, values: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """A page of the viewer."""
    raise NotImplementedError
