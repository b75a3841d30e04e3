"""One episode's trace: `/s/NAME/episode/ID`, a conversation of seats with what programs found between the turns.

    /s/NAME/episode/ID?turn=101     from a turn on, where there are very many (a calibration, an exam)
    /s/NAME/episode/ID.json         the same as the ledger holds it
    /s/NAME/episode/ID/newer        while it plays: how many turns there are more

The beginning of an id leads to the episode whose only beginning it is.
"""

import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from noria.memory.catalogue import Catalogue
from noria.types import ROLES, Episode
from noria.viewer.log.addresses import Addresses
from noria.viewer.log.answering import download, missing
from noria.viewer.log.conversation import conversation
from noria.viewer.log.reading import Told, reading, told
from noria.viewer.log.waterfall import waterfall
from noria.viewer.log.wording import READERS
from noria.viewer.rendering import page
from noria.viewer.story import HOW, STEP

TURNS = 100
"""Turns on a page."""

BEFORE = "(round, position) < (:round, :position) ORDER BY round DESC, position DESC"
AFTER = "(round, position) > (:round, :position) ORDER BY round, position"


def episode(request: Request) -> Response:
    """The trace as a page."""
    one, key = request.app.state.shelf.open(request.path_params["session"]), request.path_params["id"]
    at = Addresses(one.name)
    with reading(one.folder) as history:
        found = told(history, key)
    if not found.known:
        return missing(one.catalogue, at, "episode", key)
    first = _first(request.query_params.get("turn", ""), len(found.turns))
    turns = found.turns[first - 1 : first - 1 + TURNS]
    values = {
        "at": at, "key": key, "found": found, "episode": found.episode, "dealt": found.dealt, "first": first,
        "more": first + TURNS if first + TURNS <= len(found.turns) else 0,
        "steps": conversation(turns, found.episode, first=first), "fall": waterfall(turns), "shown_turns": turns,
        "samples": one.catalogue.rows("SELECT id, role, provenance, withdrawn, quarantined FROM samples WHERE "
                                      "episode = :id ORDER BY sequence", {"id": key}),
        "taught": _taught(one.catalogue, key),
        "previous": _beside(one.catalogue, found, BEFORE), "next": _beside(one.catalogue, found, AFTER),
        "how": HOW, "step_words": STEP, "roles": ROLES, "kind": _kind(found),
        **READERS,
    }  # fmt: skip
    return page(request, "episode.html", values)


def as_json(request: Request) -> Response:
    """The trace as the ledger holds it."""
    one, key = request.app.state.shelf.open(request.path_params["session"]), request.path_params["id"]
    with reading(one.folder) as history:
        found = told(history, key)
    if not found.known:
        raise HTTPException(404, f"The session {one.name!r} knows no episode {key!r}.")
    parts = {"episode": found.episode, "dealt": found.dealt}
    body = {name: part.model_dump(mode="json") if part else None for name, part in parts.items()}
    return download(key, {**body, "turns": [turn.model_dump(mode="json") for turn in found.turns]})


def newer(request: Request) -> Response:
    """Whether an episode that played when its page was made has gone on (`since`, turns on the page)."""
    one, key = request.app.state.shelf.open(request.path_params["session"]), request.path_params["id"]
    said = request.query_params.get("since", "")
    since = int(said) if said.isdecimal() and len(said) < 10 else 0
    with reading(one.folder) as history:
        count, ended = len(history.trace(key)), history.episode(key)
    values = {"at": Addresses(one.name), "key": key, "since": since, "count": count - since, "ended": ended}
    return page(request, "episode_news.html", values)


def _first(said: str, count: int) -> int:
    return min(max(int(said), 1), max(count, 1)) if said.isdecimal() and len(said) < 10 else 1


def _taught(catalogue: Catalogue, key: str) -> str:
    """The id of the attempt that an accepted episode teaches."""
    rows = catalogue.rows("SELECT provenance FROM samples WHERE episode = :id LIMIT 1", {"id": key})
    return str(json.loads(rows[0]["provenance"]).get("attempt", "")) if rows else ""


def _beside(catalogue: Catalogue, found: Told, which: str) -> str:
    """The id of the episode before or after it in the order of the deal; empty at the ends."""
    one: Any = found.episode or found.dealt
    if one is None:
        return ""
    place = {"round": one.round, "position": one.position}
    rows = catalogue.rows(f"SELECT id FROM episodes WHERE {which} LIMIT 1", place)  # noqa: S608 (our words)
    return rows[0]["id"] if rows else ""


def _kind(found: Told) -> str:
    """What the page is called: a calibration and an exam have turns too, and are no episodes."""
    return "episode" if isinstance(found.episode, Episode) or found.dealt else found.id.partition("-")[0]


routes = (
    Route("/s/{session}/episode/{id}.json", as_json, name="episode-json"),
    Route("/s/{session}/episode/{id}/newer", newer, name="episode-newer"),
    Route("/s/{session}/episode/{id}", episode, name="episode"),
)
