"""Pages from templates: everything escaped, model text made visible, the same frame around all.

`page(request, "accepted.html", values)` gives the whole page, or the part between the frame
where HTMX asked for it. Filters: `shown` (text that no browser and no reader obeys: control
and direction characters as escapes), `said` (a sentence of the program's, its `commands` marked),
`figure`, `tokens`, `seconds`, `share`, `ago`, `plain`, `day`.
"""

import time
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from noria.viewer.text import printable

HTML = Path(__file__).parent / "html"

MINUTE, HOUR, DAY = 60, 3600, 86400


class Page(HTMLResponse):
    """HTML in UTF-8; half a character, which UTF-8 has no bytes for, stands as its escape."""

    def render(self, content: Any) -> bytes:
        """The bytes of a page."""
        return str(content).encode("utf-8", "backslashreplace")


def page(request: Request, name: str, values: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """A page of the viewer."""
    state = request.app.state
    session = request.path_params.get("session", "")
    frame = {
        "session": session,
        "root": f"/s/{quote(session, safe='')}",
        "here": Path(name).stem,
        "steering": state.access.steering,
        "stamp": state.access.stamp() if state.access.steering else "",
        "several": state.shelf.several,
        "part": request.headers.get("hx-request") == "true",
        "asked": getattr(request.state, "asked", 0),
        "query": dict(request.query_params),
    }
    return Page(environment().get_template(name).render(frame | dict(values)), status)


def sentence(request: Request, why: str, status: int, mend: str = "") -> HTMLResponse:
    """A page that says in a sentence why there is no other."""
    values = {"said": why, "mend": mend, "status": status, "kind": HTTPStatus(status).phrase, "here": ""}
    return page(request, "sentence.html", values, status=status)


@cache
def environment() -> Environment:
    """What templates are rendered with: all of them the package's own, and every value escaped."""
    made = Environment(
        loader=FileSystemLoader(HTML), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    for one in (shown, said, figure, tokens, seconds, share, ago, plain, day):
        made.filters[one.__name__] = one
    return made


def shown(text: Any) -> str:
    """A text no browser and no reader obeys: what cannot be seen, or turns what stands around it, as an escape."""
    return printable(str(text))


def said(text: Any) -> Markup:
    """A sentence as `shown` gives it, what stands between backticks as code."""
    parts = enumerate(printable(str(text)).split("`"))
    return Markup("").join(Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in parts)


def figure(value: float | None, digits: int = 3) -> str:
    """A number for people: thin spaces between thousands, no more digits than tell something."""
    if value is None:
        return "–"
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e15):
        return f"{int(value):,}".replace(",", "\u202f")
    return f"{value:.{digits}g}"


def tokens(count: float | None) -> str:
    """A count of tokens: 950, 12.3k, 4.5M."""
    if count is None:
        return "–"
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if count >= size:
            return f"{count / (1e3 if letter == 'k' else size):.3g}{letter}"
    return figure(round(count))


def seconds(span: float | None) -> str:
    """A span of time: 0.12 s, 4.5 s, 3 min 04 s, 2 h 05 min."""
    if span is None:
        return "–"
    if span < MINUTE - 0.5:
        return f"{span:.2f} s" if span < 1 else f"{span:.1f} s" if span < 10 else f"{span:.0f} s"
    whole = round(span)
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE:02} min"


def share(part: float | None, digits: int = 0) -> str:
    """A share of one, as a percentage."""
    return "–" if part is None else f"{100 * part:.{digits}f}\u202f%"


def ago(at: float, now: float | None = None) -> str:
    """How long ago a moment was."""
    span = (time.time() if now is None else now) - at
    for size, word in ((DAY, "day"), (HOUR, "h"), (MINUTE, "min")):
        if span >= size:
            count = int(span // size)
            return f"{count} {word}{'s' * (word == 'day' and count > 1)} ago"
    return "just now"


def plain(name: str) -> str:
    """A name of the code in plain letters: `near_duplicate` is near duplicate."""
    return str(name).replace("_", " ")


def day(at: float) -> str:
    """The day of a moment, in UTC: `25 November 2026`."""
    return time.strftime("%d %B %Y", time.gmtime(at)).lstrip("0")
