"""The pages of the prompts: each template's versions, how two differ, and what came of the episodes of each.

    /s/NAME/prompts                  every template with its versions
    /s/NAME/prompts/T?old=…&new=…    one: its text, the difference of two versions, and of what came of them

Versions that were in force in different rounds met different students and perhaps other mixes
of domains; the page says so beside every figure, and compares within domain and level.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from noria.evaluators.comparing import beyond
from noria.memory.catalogue import Catalogue
from noria.prompts import Templates
from noria.viewer.differing import lines, paired
from noria.viewer.drawing import Bar, bars
from noria.viewer.effects import NAMES, Effect, by_domain, effects, held, mixed, rates, whole
from noria.viewer.rendering import page
from noria.viewer.students import spans
from noria.viewer.trials import reports

USED = """
SELECT each.key AS name, each.value AS version, min(first) AS first, max(last) AS last, sum(episodes) AS episodes
FROM (SELECT templates, min(round) AS first, max(round) AS last, sum(episodes) AS episodes
      FROM tallies GROUP BY templates) AS mixes, json_each(mixes.templates) AS each
GROUP BY 1, 2 ORDER BY 1, 3, 4, 2
"""

KEY = "coalesce(json_extract(templates, :path), '')"


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a template, and where it was in force."""

    name: str
    version: str
    """`name@hash`."""
    first: int
    last: int
    episodes: int
    text: str
    """Empty where nobody has it any more."""

    @property
    def hash(self) -> str:
        """What tells it from its neighbours."""
        return self.version.partition("@")[2]

    @property
    def rounds(self) -> str:
        """The rounds it was in force in, in words."""
        return f"round {self.first}" if self.first == self.last else f"rounds {self.first} to {self.last}"


@cache
def packaged() -> dict[str, str]:
    """The texts of the package's own templates by version: an old session did not keep them."""
    found = Templates()
    return {version: found[name].text for name, version in found.versions().items()}


def texts(catalogue: Catalogue) -> dict[str, str]:
    """The text of each version that is to be had."""
    kept = catalogue.rows("SELECT version, text FROM templates WHERE text <> ''")
    return packaged() | {row["version"]: row["text"] for row in kept}


def versions(catalogue: Catalogue) -> dict[str, list[Version]]:
    """The versions of each template, oldest first."""
    known = texts(catalogue)
    found: dict[str, list[Version]] = {}
    for row in catalogue.rows(USED):
        found.setdefault(row["name"], []).append(Version(**dict(row), text=known.get(row["version"], "")))
    return found


def described(text: str) -> str:
    """The description in a template's front matter; empty where there is none to be read."""
    head = text.split("---", 2)[1] if text.startswith("---") and text.count("---") > 1 else ""
    found = next((line for line in head.splitlines() if line.startswith("description:")), "")
    return found.partition(":")[2].strip().strip("\"'")


def prompts(request: Request) -> Response:
    """Every template with its versions."""
    one = request.app.state.shelf.open(request.path_params["session"])
    found = versions(one.catalogue)
    values = {"templates": [(name, described(some[-1].text), some) for name, some in found.items()]}
    return page(request, "prompts.html", {**values, "trials": trials(one.catalogue)})


def prompt(request: Request) -> Response:
    """One template: two of its versions side by side, in text and in what came of them."""
    one = request.app.state.shelf.open(request.path_params["session"])
    name, asked = request.path_params["name"], request.query_params
    known = versions(one.catalogue).get(name)
    if known is None:
        raise HTTPException(404, f"No episode of this session was played with a template {name!r}.")
    by_version = {key: one for version in known for key, one in ((version.version, version), (version.hash, version))}
    new = by_version.get(asked.get("new", ""), known[-1])
    old = by_version.get(asked.get("old", ""), known[max(0, known.index(new) - 1)])
    found = effects(one.catalogue, KEY, values={"path": f'$."{name}"'})
    values: dict[str, Any] = {
        "name": name, "versions": known, "old": old, "new": new, "described": described(new.text),
        "sides": asked.get("as") == "sides", "names": NAMES,
        "effects": [(version, whole(found.get(version.version, {}))) for version in known],
        "trials": [],
    }  # fmt: skip
    if any(made.name == name for made in trials(one.catalogue)):
        values["trials"] = [made for made in reversed(reports(one.folder, one.catalogue)) if made["name"] == name]
    if old != new:
        found_lines = lines(old.text, new.text)
        values |= {"lines": found_lines, "pairs": paired(found_lines), **_compared(one.catalogue, old, new)}
    values["drawing"] = bars(
        [_bar(version, effect) for version, effect in values["effects"]],
        title=f"Acceptance by version of {name}", unit="%", top=1, width=620,
    )  # fmt: skip
    return page(request, "prompt.html", values)


def _bar(version: Version, effect: Effect) -> Bar:
    low, high = effect.accepted.interval
    return Bar(version.hash, effect.accepted.share, low=low, high=high, note=f"of {effect.accepted.whole}")


def _compared(catalogue: Catalogue, old: Version, new: Version) -> dict[str, Any]:
    """What came of both, in the rounds where both were in force if there are any: there they met the same student."""
    path = {"path": f'$."{new.name}"'}
    rows = catalogue.rows(f"SELECT DISTINCT round, {KEY} AS version FROM tallies", path)  # noqa: S608 — our own words
    x, y = ({row["round"] for row in rows if row["version"] == one.version} for one in (old, new))
    both = sorted(x & y)
    where = "round IN (SELECT value FROM json_each(:rounds))" if both else "1"
    found = effects(catalogue, KEY, where, path | {"rounds": json.dumps(both)})
    a, b = found.get(old.version, {}), found.get(new.version, {})
    shares, rate = held(a, b), rates(a, b)
    stay = beyond([*(one.within or one.plain for one in shares), rate])
    one, other = by_domain(a), by_domain(b)
    return {
        "shares": list(zip(shares, stay, strict=False)), "rate": rate, "rate_stays": stay[-1],
        "mean_a": whole(a).rates, "mean_b": whole(b).rates,
        "mixed": mixed(a, b), "both": spans(both), "elsewhere": bool((x | y) - set(both)),
        "domains": [(name, one.get(name, Effect()), other.get(name, Effect())) for name in sorted({*one, *other})],
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trial:
    """Two versions dealt at random against each other."""

    id: str
    name: str
    """The template's."""
    a: str
    """`name@hash`."""
    b: str
    by: str
    """What an arm was drawn for: `episode` or `round`."""
    round: int
    batch: int
    ended: str
    """How it ended, in words; empty while it runs."""


def trials(catalogue: Catalogue) -> list[Trial]:
    """The trials of two versions against each other, latest first."""
    rows = catalogue.rows("SELECT * FROM steps WHERE kind = 'trial' ORDER BY sequence DESC")
    told = [(row, json.loads(row["body"])) for row in rows]
    ends = {row["name"]: row["said"] for row, body in told if body["state"] == "ended"}
    return [
        Trial(row["name"], body["template"], body["a"], body["b"], body["by"], row["round"], row["batch"],
              ends.get(row["name"], ""))
        for row, body in told if body["state"] == "begun"
    ]  # fmt: skip


routes: tuple[Route, ...] = (
    Route("/s/{session}/prompts", prompts),
    Route("/s/{session}/prompts/{name}", prompt),
)
