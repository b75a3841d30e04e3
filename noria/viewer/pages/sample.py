"""One accepted sample, everything known of it on one page: `/s/NAME/sample/ID`, and as a file `/s/NAME/sample/ID.json`.

    what is learned · where it came from · how it was tried · why it was kept · what came of it · its place in the chain

The beginning of an id leads to the sample whose only beginning it is.
"""

import json
from sqlite3 import Row
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from noria.memory.account import account
from noria.memory.catalogue import Catalogue
from noria.memory.naming import Named
from noria.types import Episode
from noria.viewer.log.addresses import Addresses
from noria.viewer.log.answering import download, missing
from noria.viewer.log.reading import reading, told
from noria.viewer.log.wording import READERS
from noria.viewer.rendering import page
from noria.viewer.story import story

BESIDE = 6
"""Samples of one signature, or of one skill, that are named."""

LATER = 30
"""Later samples that are named because they were shown it."""

# A plus keeps SQLite from going through a whole role in the order of the log, where another index has the few it wants.
BRIEF = "SELECT id, sequence, round, substr(instruction, 1, 300) AS instruction, withdrawn, quarantined FROM samples"


def sample(request: Request) -> Response:
    """The sample as a page."""
    one, key = request.app.state.shelf.open(request.path_params["session"]), request.path_params["id"]
    at, rows = Addresses(one.name), one.catalogue.rows("SELECT * FROM samples WHERE id = :id", {"id": key})
    if not rows:
        return missing(one.catalogue, at, "sample", key)
    row = rows[0]
    shown_to = _shown_to(one.catalogue, key)
    with reading(one.folder) as history:
        found = told(history, row["episode"])
        lines = list(story(account(history, Named("sample", key, key), shown_to=shown_to)))
    provenance = json.loads(row["provenance"])
    values = {
        "at": at, "key": key, "row": row, "found": found, "episode": found.episode, "dealt": found.dealt,
        "messages": json.loads(row["messages"]), "provenance": provenance, "lines": lines,
        "taught": provenance.get("attempt", ""), "checks": _checks(found.episode, provenance.get("attempt", "")),
        "neighbours": _neighbours(one.catalogue, provenance.get("neighbours", ())),
        "before_it": _chain(one.catalogue, row["sequence"]),
        "previous": _beside(one.catalogue, row, "sequence < :sequence ORDER BY sequence DESC"),
        "next": _beside(one.catalogue, row, "sequence > :sequence ORDER BY sequence"),
        "other": one.catalogue.rows(f"{BRIEF} WHERE episode = :episode AND id <> :id", dict(row)),
        "alike": one.catalogue.rows(f"{BRIEF} WHERE signature = :signature AND +role = :role AND id <> :id "
                                    f"ORDER BY sequence DESC LIMIT {BESIDE}", dict(row)),
        "skilled": _skilled(one.catalogue, row),
        "learned": one.catalogue.rows("SELECT p.name, p.round, p.state, p.current FROM learned JOIN policies p ON "
                                      "p.id = learned.policy WHERE learned.sample = :id ORDER BY p.round", {"id": key}),
        "later": one.catalogue.rows(f"{BRIEF} WHERE +role = 'solver' AND episode IN (SELECT episode FROM shown "  # noqa: S608 (our words)
                                    f"WHERE sample = :id) ORDER BY sequence LIMIT {LATER}", {"id": key}),
        "shown_to": shown_to,
        **READERS,
    }  # fmt: skip
    return page(request, "sample.html", values)


def as_json(request: Request) -> Response:
    """The sample as the log has it, with its place in the chain and the marks it bears."""
    one, key = request.app.state.shelf.open(request.path_params["session"]), request.path_params["id"]
    rows = one.catalogue.rows("SELECT * FROM samples WHERE id = :id", {"id": key})
    if not rows:
        raise HTTPException(404, f"The session {one.name!r} knows no sample {key!r}.")
    row = rows[0]
    body = {name: row[name] for name in ("id", "role")}
    body |= {name: json.loads(row[name]) for name in ("messages", "provenance")}
    return download(key, body | {name: row[name] for name in ("sequence", "chain", "withdrawn", "quarantined")})


def _shown_to(catalogue: Catalogue, key: str) -> int:
    query = "SELECT count(*) AS count FROM shown JOIN samples USING (episode) WHERE shown.sample = :id"
    return int(catalogue.rows(query, {"id": key})[0]["count"])


def _checks(episode: Episode | None, attempt: str) -> list[Any]:
    """The checks that vouch for it: of the proposal, then of the attempt that it teaches."""
    if episode is None:
        return []
    made = next((one for one in episode.attempts if one.id == attempt), None)
    return [*episode.checks, *(made.checks if made else ())]


def _neighbours(catalogue: Catalogue, ids: list[str]) -> list[Row]:
    return catalogue.rows(f"{BRIEF} WHERE id IN (SELECT value FROM json_each(:ids))", {"ids": json.dumps(ids)})  # noqa: S608 (our words)


def _chain(catalogue: Catalogue, sequence: int) -> str:
    """The hash of the row before it, that its own takes in."""
    query = "SELECT chain FROM samples WHERE sequence < :sequence ORDER BY sequence DESC LIMIT 1"
    rows = catalogue.rows(query, {"sequence": sequence})
    return str(rows[0]["chain"]) if rows else ""


def _beside(catalogue: Catalogue, row: Row, which: str) -> str:
    """The id of the sample before or after it in its role's log; empty at the ends."""
    place = {"role": row["role"], "sequence": row["sequence"]}
    rows = catalogue.rows(f"SELECT id FROM samples WHERE role = :role AND {which} LIMIT 1", place)  # noqa: S608 (our words)
    return rows[0]["id"] if rows else ""


def _skilled(catalogue: Catalogue, row: Row) -> list[Row]:
    """The nearest in the log that ask for the same skill, half before it and half after."""
    same = f"{BRIEF} WHERE role = :role AND domain = :domain AND skill = :skill AND sequence"
    after = catalogue.rows(f"{same} > :sequence ORDER BY sequence LIMIT {BESIDE // 2}", dict(row))
    before = catalogue.rows(f"{same} < :sequence ORDER BY sequence DESC LIMIT {BESIDE // 2}", dict(row))
    return [*after[::-1], *before]


routes = (
    Route("/s/{session}/sample/{id}.json", as_json, name="sample-json"),
    Route("/s/{session}/sample/{id}", sample, name="sample"),
)
