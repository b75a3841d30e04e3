"""Who may look and who may steer: loopback, a token, one origin.

    request ─► Host is loopback ─► token in the address ─► cookie, and the address without it
                               └─► cookie ─┬─► GET  ─► page
                                           └─► POST ─► steering allowed · same origin · the page's own token ─► deed

A browser tells every page it shows what it may load: files of the viewer, no script and no style
inside a page, no frame around it, no address sent along, nothing kept. Cookies know no ports, so
the cookie's name has one, and a post believes no cookie alone.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from noria.viewer.rendering import sentence

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""What every answer carries, the refusals too."""

OPEN = "/static/"
"""What needs no token: files of the package, the same for everybody; a refusal wants its style."""

STAMP = "stamp"
"""Field of a form that carries the page's own token."""

LARGEST, FIELDS = 1 << 16, 500
"""Bytes and fields of a form."""

_LOOPBACK = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)


def _random() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Access:
    """What the viewer asks of a request."""

    token: str = field(default_factory=_random, repr=False)
    """Random, in the address that is printed; kept in a cookie from the first page on."""
    steering: bool = False
    """Whether pages offer what changes a session, and posts are taken."""
    cookie: str = field(default_factory=_random, repr=False)
    """What the cookie holds: not the token, which may stand in a browser's history."""
    key: str = field(default_factory=_random, repr=False)
    """What pages' own tokens are made with."""

    def stamp(self) -> str:
        """A page's own token, for the forms on it."""
        nonce = secrets.token_hex(8)
        return f"{nonce}.{self._sign(nonce)}"

    def stamped(self, text: str) -> bool:
        """Whether a token is one that a page of this viewer was given."""
        nonce, _, sign = text.partition(".")
        return same(sign, self._sign(nonce))

    def _sign(self, nonce: str) -> str:
        return hmac.new(self.key.encode(), nonce.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return secrets.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def loopback(host: str) -> bool:
    """Whether a Host header names this machine by its loopback: a name that leads here by DNS does not."""
    return _LOOPBACK.fullmatch(host) is not None


class Door:
    """Stands before every page, and lays the headers on every answer."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        """Guard an application."""
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] != "http":
            return  # nothing here speaks anything else

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        answer = self._answer(Request(scope))
        await (answer or self.app)(scope, receive, with_headers)

    def _answer(self, request: Request) -> Response | None:
        """What a request gets that goes no further: a refusal, or the cookie."""
        if not loopback(request.headers.get("host", "")):
            return refusal(request, "This viewer answers on this machine alone, by the name localhost or 127.0.0.1.")
        if request.method not in ("GET", "HEAD", "POST"):
            return refusal(request, "This viewer is asked by GET and POST.", HTTPStatus.METHOD_NOT_ALLOWED)
        if request.url.path.startswith(OPEN) and request.method != "POST":
            return None
        name = cookie_name(request)
        given = request.query_params.get("token", "")
        if request.method == "GET" and given and same(given, self.access.token):
            answer = RedirectResponse(_without_token(request), HTTPStatus.SEE_OTHER)
            answer.set_cookie(name, self.access.cookie, httponly=True, samesite="strict", path="/")
            return answer
        if not same(request.cookies.get(name, ""), self.access.cookie):
            return refusal(
                request, "This viewer is opened by the address that `noria view` printed, with the token in it."
            )
        return self._post(request) if request.method == "POST" else None

    def _post(self, request: Request) -> Response | None:
        if not self.access.steering:
            return refusal(request, "This viewer only reads. `noria view --allow-steering` lets it steer.")
        if request.headers.get("origin", "") != f"http://{request.headers['host']}":
            return refusal(request, "This was sent from another place than a page of this viewer.")
        return None


def cookie_name(request: Request) -> str:
    """The cookie of the viewer that listens on this port."""
    server = request.scope.get("server")
    return f"noria-{server[1] if server else 0}"


def refusal(request: Request, said: str, status: HTTPStatus = HTTPStatus.FORBIDDEN) -> Response:
    """A page that says why not."""
    return sentence(request, said, status)


def _without_token(request: Request) -> str:
    rest = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
    path: str = request.scope.get("raw_path", b"/").split(b"?")[0].decode("latin-1")
    # Two slashes at its beginning would make the path another machine's address.
    return "/" + path.lstrip("/\\") + (f"?{urlencode(rest)}" if rest else "")


async def posted(request: Request) -> dict[str, list[str]]:
    """The fields of a form that a page of this viewer sent.

    Raises:
        HTTPException: the form is none of ours, or too large.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "What was sent is too large.")
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError as fault:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "What was sent is no form.") from fault
    access: Access = request.app.state.access
    if not access.stamped(fields.pop(STAMP, [""])[-1]):
        raise HTTPException(HTTPStatus.FORBIDDEN, "This was not sent from a page of this viewer.")
    return fields
