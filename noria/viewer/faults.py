"""A page that cannot be made is a page with a sentence: nothing raised reaches a browser, nor ends the viewer.

no such thing          404   there is none, said with its name
session not readable   503   newer, damaged, deleted while it was read: the error's own sentence
fault of ours          500   a sentence; the traceback goes to the terminal
"""

import logging
import sqlite3
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from noria.errors import NoriaError
from noria.viewer.rendering import sentence
from noria.viewer.shelf import Unknown

WRITTEN_ANEW = "The session changed under this page: it is being deleted, moved or begun anew."
OURS = "This page failed, which is a fault of the viewer and not of the session."
NO_PAGE = "There is no such page."

log = logging.getLogger("noria.viewer")


class Faults:
    """Answers for a page that raised before it began to answer."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand around an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask the page, and say what became of it."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as fault:
            if begun:
                raise
            await answer(Request(scope), fault)(scope, receive, send)


def answer(request: Request, fault: Exception) -> Response:
    """The page for what a page raised."""
    match fault:
        case Unknown():
            return sentence(request, fault.what, HTTPStatus.NOT_FOUND, fault.mend)
        case NoriaError():
            return sentence(request, fault.what, HTTPStatus.SERVICE_UNAVAILABLE, fault.mend)
        case sqlite3.Error() | FileNotFoundError():
            log.warning("%s: %s", request.url.path, fault)
            return sentence(request, WRITTEN_ANEW, HTTPStatus.SERVICE_UNAVAILABLE, "Look again in a moment.")
    log.error("%s", request.url.path, exc_info=fault)
    return sentence(request, OURS, HTTPStatus.INTERNAL_SERVER_ERROR, "The terminal of `noria view` says more.")


def missing(request: Request, fault: Exception) -> Response:
    """The page for a thing that a page did not find, or would not do."""
    assert isinstance(fault, HTTPException)
    plain = fault.detail == HTTPStatus(fault.status_code).phrase
    return sentence(request, NO_PAGE if plain and fault.status_code == HTTPStatus.NOT_FOUND else fault.detail,
                    fault.status_code)  # fmt: skip
