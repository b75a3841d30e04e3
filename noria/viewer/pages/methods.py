"""What the methods did: `/s/NAME/methods`: what they chose, where they leaned, who dealt, and what the bandit believes.

selections ─► a funnel a round · leans ─► why the plan leaned · strategies ─► dealt, accepted · beliefs ─► intervals
"""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from noria.evaluators.comparing import Count
from noria.memory.catalogue import Catalogue
from noria.viewer.drawing import Bar, Point, Series, Stack, bars, curve, stacked
from noria.viewer.rendering import page

ROUNDS = 20
"""Rounds whose selections and leans are shown, the latest first; the drawings show all."""


def methods(request: Request) -> Response:
    """The page."""
    catalogue = request.app.state.shelf.open(request.path_params["session"]).catalogue
    dealt = catalogue.rows("SELECT * FROM strategies ORDER BY round, strategy")
    beliefs = catalogue.rows("SELECT * FROM beliefs ORDER BY round, arm")
    facts = {
        row["round"]: json.loads(row["facts"])
        for row in catalogue.rows(
            "SELECT round, facts FROM rounds ORDER BY round DESC LIMIT :most", {"most": ROUNDS}
        )
    }  # fmt: skip
    selections = _selections(catalogue)
    several = any(row["strategy"] for row in dealt)
    values: dict[str, Any] = {
        "selections": selections,
        "funnel": _funnel(next(iter(selections.items()), None)),
        "leans": {number: one["leans"] for number, one in facts.items() if one.get("leans")},
        "strategies": _strategies(dealt) if several else [],
        "shares": _shares(dealt) if several else "",
        "planned": next((one["shares"] for one in facts.values() if one.get("shares")), {}),
        "beliefs": _latest(beliefs),
        "gains": _over(beliefs, "mean", "low", "high", "Gain believed of a student taught by one arm alone", "%"),
        "worths": _over(beliefs, "worth", "worth_low", "worth_high", "Gain believed for a million tokens", "%"),
    }
    return page(request, "methods.html", values)


def called(strategy: str) -> str:
    """A strategy's name for people."""
    return strategy.replace("_", " ") or "plain window"


def _selections(catalogue: Catalogue) -> dict[int, list[dict[str, Any]]]:
    """The selections of each round, the latest round first."""
    found: dict[int, list[dict[str, Any]]] = {}
    query = (
        "SELECT * FROM selections WHERE round IN "
        "(SELECT DISTINCT round FROM selections ORDER BY round DESC LIMIT :most) ORDER BY round DESC, position"
    )
    for row in catalogue.rows(query, {"most": ROUNDS}):
        one = {**dict(row), "why": json.loads(row["why"]), "facts": json.loads(row["facts"])}
        found.setdefault(row["round"], []).append(one)
    return found


def _funnel(latest: tuple[int, list[dict[str, Any]]] | None) -> str:
    """The samples of the latest round, and how many are left after each method."""
    if latest is None:
        return ""
    number, chosen = latest
    whole = chosen[0]["before"]
    rows = [Bar("accepted", whole, 1.0 if whole else None, colour="quiet")]
    rows += [
        Bar(f"after {called(one['method'])}", one["kept"], one["kept"] / whole if whole else None) for one in chosen
    ]
    return bars(rows, title=f"What selection kept in round {number}", width=560)


def _strategies(dealt: list[Any]) -> list[dict[str, Any]]:
    """Each strategy over all rounds: how many it dealt and how many of those that ended were accepted."""
    found: dict[str, dict[str, int]] = {}
    for row in dealt:
        one = found.setdefault(row["strategy"], {"dealt": 0, "ended": 0, "accepted": 0})
        for name in one:
            one[name] += row[name]
    return [
        {"name": called(name), "dealt": one["dealt"], "accepted": Count(one["accepted"], one["ended"])}
        for name, one in sorted(found.items())
    ]


def _shares(dealt: list[Any]) -> str:
    """How each round's hands were divided among the strategies."""
    rounds: dict[int, list[tuple[str, float]]] = {}
    for row in dealt:
        rounds.setdefault(row["round"], []).append((called(row["strategy"]), row["dealt"]))
    stacks = [Stack(f"round {number}", tuple(parts)) for number, parts in rounds.items()]
    return stacked(stacks, title="Hands of each round by strategy", width=560)


def _over(beliefs: list[Any], value: str, low: str, high: str, title: str, unit: str) -> str:
    """A belief over rounds, a line an arm; an arm that cost nothing yet has no worth."""
    arms: dict[str, list[Point]] = {}
    for row in beliefs:
        known = value != "worth" or json.loads(row["body"])["cost"] > 0
        point = Point(row["round"], row[value], row[low], row[high]) if known else Point(row["round"], None)
        arms.setdefault(called(row["arm"]), []).append(point)
    return (
        curve([Series(name, points) for name, points in arms.items()], title=title, unit=unit, width=560)
        if arms
        else ""
    )


def _latest(beliefs: list[Any]) -> list[dict[str, Any]]:
    """What is believed of each arm now, and what of it the last exam showed."""
    last = max((row["round"] for row in beliefs), default=0)
    found = [json.loads(row["body"]) for row in beliefs if row["round"] == last]
    return [{**one, "name": called(one["arm"])} for one in found]


routes = (Route("/s/{session}/methods", methods, name="methods"),)
