"""The answer of a log page: the list that an address asks for, the controls over it, and what is newer.

a form without scripts sends every control ─► the address without the empty ones (redirect)
an id in the search box                    ─► its page (redirect)
HTMX                                       ─► the same page, of which it takes the list
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from noria.memory.catalogue import Catalogue
from noria.viewer.log.addresses import Addresses
from noria.viewer.log.asked import Asked
from noria.viewer.log.listing import Log, counted, listed, skimmed
from noria.viewer.log.naming import LISTED, named
from noria.viewer.log.wording import READERS
from noria.viewer.rendering import page

LEVELS = 20
"""Levels that a control offers; a domain has a handful."""


@dataclass(frozen=True, slots=True)
class Control:
    """What a filter's control offers."""

    name: str
    """Of the filter."""
    values: Sequence[str]
    every: str = "all"
    """What it says where nothing is chosen."""
    tick: bool = False
    """Whether it is a box to tick."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Values that are called otherwise on the page."""


def answered(
    request: Request,
    log: Log,
    name: str,
    controls: Callable[[Catalogue], list[Control]],
    more: Callable[[Catalogue, Asked], Mapping[str, Any]] = lambda catalogue, asked: {},
) -> Response:
    """The page of a log (`name`, of its template and its address); `more` is what its template wants besides."""
    one = request.app.state.shelf.open(request.path_params["session"])
    at, asked = Addresses(one.name), Asked.of(request.query_params.multi_items(), log.filters)
    by_htmx = "hx-request" in request.headers
    things = named(one.catalogue, asked.words)
    if len(things) == 1:
        there = at.thing(things[0].kind, things[0].id)
        return Response(headers={"HX-Redirect": there}) if by_htmx else RedirectResponse(there, status_code=303)
    place: dict[str, str | int | None] = {"before": asked.before, "after": asked.after}
    address = f"{request.url.path}{asked.address(**place)}".removesuffix("?")
    if not by_htmx and any(not value for _, value in request.query_params.multi_items()):
        return RedirectResponse(address, status_code=303)
    values = {
        "at": at,
        "asks": asked,
        **READERS,
        "complete": one.whole,
        "things": things,
        "listed": listed(one.catalogue, log, asked),
        "controls": {control.name: control for control in controls(one.catalogue)},
        "labels": {one.name: one.label for one in log.filters},
        **more(one.catalogue, asked),
    }
    answer = page(request, f"{name}.html", values)
    if by_htmx:
        answer.headers["HX-Push-Url"] = address
    return answer


def news(request: Request, log: Log, name: str) -> Response:
    """The line that says how much is newer than the page (`since` in the address)."""
    one = request.app.state.shelf.open(request.path_params["session"])
    asked = Asked.of(request.query_params.multi_items(), log.filters)
    said = request.query_params.get("since", "")
    since = int(said) if said.isdecimal() and len(said) < 19 else 0
    count = counted(one.catalogue, log, asked, since=since) if since else 0
    return page(request, "log_news.html", {"at": Addresses(one.name), "asks": asked, "name": name, "since": since,
                                           "count": count})  # fmt: skip


def missing(catalogue: Catalogue, at: Addresses, kind: str, key: str) -> Response:
    """The way to the one thing that an id begins, where it is no whole id.

    Raises:
        HTTPException: none begins so, or several do.
    """
    things = [thing for thing in named(catalogue, key) if thing.kind == kind]
    if len(things) == 1 and things[0].id != key:
        return RedirectResponse(at.thing(kind, things[0].id), status_code=303)
    if things:
        names = ", ".join(thing.id for thing in things[:LISTED])
        raise HTTPException(
            404, f"{key!r} may be {names}{' and more' if len(things) > LISTED else ''}: say more of it."
        )
    raise HTTPException(404, f"The session {at.session!r} knows no {kind} {key!r}.")


def download(key: str, body: Any) -> Response:
    """Something as a file of JSON, all of it in ASCII, so that no text can be half a character."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", key)[:80]
    head = {"Content-Disposition": f'attachment; filename="{name}.json"'}
    return Response(json.dumps(body, indent=2), media_type="application/json", headers=head)


def options(catalogue: Catalogue, *names: str) -> list[Control]:
    """Controls that both logs have: domains and levels as there are, rounds and templates newest first."""
    return [_OPTIONS[name](catalogue) for name in names]


def _domains(catalogue: Catalogue) -> Control:
    return Control("domain", skimmed(catalogue, "episodes", "domain"))


def _levels(catalogue: Catalogue) -> Control:
    found: set[int] = set()
    for domain in skimmed(catalogue, "episodes", "domain"):
        found.update(skimmed(catalogue, "episodes", "level", "domain = :domain", domain=domain)[:LEVELS])
    return Control("level", [str(level) for level in sorted(found)])


def _rounds(catalogue: Catalogue) -> Control:
    rows = catalogue.rows("SELECT round FROM rounds ORDER BY round DESC LIMIT 500")
    return Control("round", [str(row["round"]) for row in rows])


def _templates(catalogue: Catalogue) -> Control:
    query = "SELECT version, first_round FROM templates ORDER BY name, first_round DESC LIMIT 500"
    rows = catalogue.rows(query)
    labels = {row["version"]: f"{row['version']} (from round {row['first_round']})" for row in rows}
    return Control("template", [row["version"] for row in rows], labels=labels)


_OPTIONS: Mapping[str, Callable[[Catalogue], Control]] = {
    "domain": _domains, "level": _levels, "round": _rounds, "template": _templates,
}  # fmt: skip
