"""What came of some episodes, in counts that can be compared: accepted, well formed, new, solved.

    tallies (catalogue) ─► one Effect for each domain and level ─► added up, or compared within them

Counted as `evaluators/measures.py` counts for the guards: of episodes that ended for a fault
elsewhere (an endpoint, a verifier nobody trusts) nothing is said of whoever proposed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from noria.evaluators.comparing import Count, Difference, Moments, adjusted, difference, mean_difference
from noria.memory.catalogue import Catalogue

Stratum = tuple[str, int]
"""A domain and a level."""

ELSEWHERE = "('endpoint', 'fault', 'verifier', 'untrusted')"
EARLY = "('dealt', 'proposed')"
REPEATS = "('duplicate', 'near_duplicate')"

QUERY = f"""
SELECT {{key}} AS key, domain, level, sum(episodes) AS episodes, sum(episodes * (outcome = 'accepted')) AS accepted,
  sum(episodes * (reason NOT IN {ELSEWHERE})) AS own,
  sum(episodes * (reason NOT IN {ELSEWHERE} AND stage NOT IN {EARLY})) AS formed,
  sum(episodes * (reason NOT IN {ELSEWHERE} AND stage NOT IN {EARLY} AND reason IN {REPEATS})) AS repeats,
  sum(tried) AS tried, sum(solved) AS solved, sum(rates) AS rates, sum(squares) AS squares
FROM tallies WHERE {{where}} GROUP BY 1, 2, 3
"""  # noqa: S608 — our own words

NAMES = {
    "accepted": "accepted, of all proposed",
    "formed": "well formed, of all proposed",
    "novel": "new, of the well formed",
    "solved": "solved at least once, of those tried",
}
"""The shares, and what each is a part of."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What came of some episodes."""

    episodes: int = 0
    accepted: Count = field(default=Count(0, 0))
    formed: Count = field(default=Count(0, 0))
    novel: Count = field(default=Count(0, 0))
    solved: Count = field(default=Count(0, 0))
    rates: Moments = field(default=Moments())
    """Of the episodes' solve rates."""

    def __add__(self, other: "Effect") -> "Effect":
        return Effect(
            self.episodes + other.episodes, self.accepted + other.accepted, self.formed + other.formed,
            self.novel + other.novel, self.solved + other.solved, self.rates + other.rates,
        )  # fmt: skip

    def count(self, name: str) -> Count:
        """One of the shares of `NAMES`."""
        found: Count = getattr(self, name)
        return found


Strata = dict[Stratum, Effect]


def whole(strata: Mapping[Stratum, Effect]) -> Effect:
    """The strata added up."""
    return sum(strata.values(), Effect())


def by_domain(strata: Mapping[Stratum, Effect]) -> dict[str, Effect]:
    """The levels of each domain added up."""
    found: dict[str, Effect] = {}
    for (domain, _), one in sorted(strata.items()):
        found[domain] = found.get(domain, Effect()) + one
    return found


def effects(
    catalogue: Catalogue, key: str = "''", where: str = "1", values: Mapping[str, Any] | None = None
) -> dict[Any, Strata]:
    """Effects by a key (an SQL expression over `tallies`), each by domain and level."""
    found: dict[Any, Strata] = {}
    for row in catalogue.rows(QUERY.format(key=key, where=where), values):
        found.setdefault(row["key"], {})[row["domain"], row["level"]] = Effect(
            row["episodes"], Count(row["accepted"], row["own"]), Count(row["formed"], row["own"]),
            Count(row["formed"] - row["repeats"], row["formed"]), Count(row["solved"], row["tried"]),
            Moments(row["tried"], row["rates"], row["squares"]),
        )  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class Held:
    """A share of b held against that of a."""

    name: str
    a: Count
    b: Count
    plain: Difference | None
    within: Difference | None = None
    """The difference inside domain and level; none where it cannot be told."""


def held(a: Strata, b: Strata) -> list[Held]:
    """Every share of b against that of a, as it is and within domain and level."""
    one, other = whole(a), whole(b)
    return [
        Held(name, one.count(name), other.count(name), difference(one.count(name), other.count(name)),
             adjusted([(a.get(at, Effect()).count(name), b.get(at, Effect()).count(name)) for at in {*a, *b}]))
        for name in NAMES
    ]  # fmt: skip


def rates(a: Strata, b: Strata) -> Difference | None:
    """The difference of the mean solve rates."""
    return mean_difference(whole(a).rates, whole(b).rates)


def mixed(a: Strata, b: Strata) -> bool:
    """Whether the two played different mixes: the shares of some domain and level lie a twentieth apart or more."""
    one, other = whole(a).episodes, whole(b).episodes
    if not one or not other:
        return False
    return any(
        abs(a.get(at, Effect()).episodes / one - b.get(at, Effect()).episodes / other) >= 0.05 for at in {*a, *b}
    )


def reasons(catalogue: Catalogue, where: str = "1", values: Mapping[str, Any] | None = None) -> dict[str, int]:
    """Episodes by the reason they ended for, most frequent first."""
    query = f"SELECT reason, sum(episodes) AS n FROM tallies WHERE {where} GROUP BY reason ORDER BY n DESC, reason"  # noqa: S608
    return {row["reason"]: row["n"] for row in catalogue.rows(query, values)}


def funnel(catalogue: Catalogue, where: str = "1", values: Mapping[str, Any] | None = None) -> dict[str, int]:
    """Episodes by the last stage they reached."""
    query = f"SELECT stage, sum(episodes) AS n FROM tallies WHERE {where} GROUP BY stage"  # noqa: S608
    return {row["stage"]: row["n"] for row in catalogue.rows(query, values)}


def total(counts: Iterable[Count]) -> Count:
    """Counts added up."""
    return sum(counts, Count(0, 0))
