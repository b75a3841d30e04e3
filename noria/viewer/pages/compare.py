"""The page that compares two sessions, or two rounds: `/compare?a=NAME[:round]&b=NAME[:round]`.

What differs by chance alone is said to: each difference has its interval, and the page counts
how many it made. Of one side alone the page is the form that asks for the other.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from noria.errors import SessionError
from noria.viewer import sides
from noria.viewer.differing import lines, settings
from noria.viewer.effects import mixed, whole
from noria.viewer.pages.prompts import texts
from noria.viewer.rendering import page
from noria.viewer.sides import Side

SHORT = 3
"""Lines shown about a change of a template."""


def compare(request: Request) -> Response:
    """Two sides beside each other, or the form that asks for them."""
    names, asked = request.app.state.shelf.names(), request.query_params
    problems: list[str] = []
    a, b = (_side(request, asked.get(key, ""), problems) for key in "ab")
    a = a or (_side(request, names[0], problems) if len(names) == 1 and not asked.get("a") else None)
    values: dict[str, Any] = {
        "places": _places(names, [one for one in (a, b) if one]), "a": a, "b": b, "problems": problems,
        "asked": {key: asked.get(key, "") for key in "ab"},
    }  # fmt: skip
    if shared := next((one.session for one in (a, b) if one), ""):
        values |= {"session": shared, "root": f"/s/{shared}"}
    if a and b:
        values |= _compared(a, b)
    return page(request, "compare.html", values)


def _side(request: Request, name: str, problems: list[str]) -> Side | None:
    """A side by its name; what is wrong with the name is a sentence on the page."""
    if not name:
        return None
    shelf, round_number = request.app.state.shelf, None
    head, _, tail = name.rpartition(":")
    if head and tail.isdecimal() and len(tail) < 9 and name not in shelf.names():
        name, round_number = head, int(tail)
    try:
        one = shelf.open(name)
    except SessionError as fault:
        problems.append(str(fault))
        return None
    known = [row["round"] for row in one.catalogue.rows("SELECT round FROM rounds")]
    if round_number is not None and round_number not in known:
        problems.append(f"The session {name!r} has no round {round_number}; it has {len(known)}.")
        return None
    return Side(one.name, round_number, one.catalogue)


def _places(names: list[str], chosen: list[Side]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What may be chosen: every session whole, and the rounds of those that are chosen.

    The others are not opened for it: a shelf may hold many, and the catalogue of each would have to be made.
    """
    rounds = {
        one.session: [row["round"] for row in one.catalogue.rows("SELECT round FROM rounds ORDER BY round")]
        for one in chosen
    }
    return [
        (
            name,
            [(name, f"{name}, all rounds")] + [(f"{name}:{at}", f"{name}, round {at}") for at in rounds.get(name, ())],
        )
        for name in names
    ]


def _compared(a: Side, b: Side) -> dict[str, Any]:
    one, other = a.strata(), b.strata()
    mean_a, mean_b, rate = sides.rates(one, other)
    parts = sides.domains(one, other)
    names = ("shares", "exams", "accepted", "solved", "refused", "sources")
    tables, (rate_stays,) = sides.counted(
        [sides.shares(one, other), sides.exams(a, b), parts.get("accepted", []), parts.get("solved", []),
         sides.refusals(a, b, whole(one), whole(other)), sides.sources(a, b)],
        [rate],
    )  # fmt: skip
    made = [row for table in tables for row in table if row.told is not None]
    return {
        **dict(zip(names, tables, strict=True)),
        "episodes": (whole(one).episodes, whole(other).episodes),
        "rate": rate, "rate_stays": rate_stays, "mean_a": mean_a, "mean_b": mean_b,
        "made": len(made) + (rate is not None), "stay": sum(row.stays for row in made) + rate_stays,
        "alone": sum(row.told.beyond for row in made if row.told) + bool(rate and rate.beyond),
        "mixed": mixed(one, other), "stages": sides.stages(a, b), "measures": sides.measures(a, b),
        "spent": (sides.spent(a), sides.spent(b)),
        "settings": settings(a.config(), b.config()), "templates": _templates(a, b),
    }  # fmt: skip


def _templates(a: Side, b: Side) -> list[dict[str, Any]]:
    """The templates whose versions differ, with the difference of two: one that only a had, one that only b had."""
    one, other = sides.templates(a), sides.templates(b)
    found = []
    for name in sorted({*one, *other}):
        x, y = one.get(name, []), other.get(name, [])
        if x == y:
            continue
        first, second = _own(x, y), _own(y, x)
        old, new = texts(a.catalogue).get(first, ""), texts(b.catalogue).get(second, "")
        told = lines(old, new, around=SHORT) if old and new else None
        found.append({"name": name, "a": x, "b": y, "first": first, "second": second, "lines": told})
    return found


def _own(some: list[str], others: list[str]) -> str:
    """The last version that the others have not; the last where they have all."""
    return next((one for one in reversed(some) if one not in others), some[-1] if some else "")


routes: tuple[Route, ...] = (Route("/compare", compare),)
