"""Watching: a round's measures, cards and audit become one reading a guard, in the order of the table.

measures now, measures of the first round large enough ─┐
judge's first and present card                          ├─► readings ─► the ledger, then `decide`
audited slice · planted cheats                          ┘
"""

from collections.abc import Mapping, Sequence
from math import exp
from typing import Any

from noria.config import Guard, GuardName
from noria.config.guards import TABLE
from noria.evaluators import collapse
from noria.evaluators.audit import Audited
from noria.evaluators.collapse import FEWEST, FIRST, Change, GuardReading, Strata, change
from noria.evaluators.measures import Measured

_SETS: dict[GuardName, str] = {
    "distinct": "distinct_2",
    "compression": "compression",
    "spread": "spread",
    "nearest": "nearest",
    "vendi": "vendi",
}
"""The measure of the accepted set that a guard reads."""

Cards = Sequence[Mapping[str, Any]]
"""A judge's cards as the rounds keep them, the first round's first; empty ones where none was made."""


def readings(
    rules: Mapping[GuardName, Guard],
    now: Measured,
    earlier: Sequence[Measured],
    judges: Cards,
    audited: Audited,
    cheats: Mapping[str, tuple[int, int]],
) -> list[GuardReading]:
    """One reading of every guard not off; `judges` ends with this round's card, `earlier` begins with round 1."""
    return [
        _read(name, rule, now, earlier, judges, audited, cheats)
        for name, rule in ((name, rules[name]) for name in TABLE if name in rules)
        if rule.action != "off"
    ]


def _read(
    name: GuardName,
    rule: Guard,
    now: Measured,
    earlier: Sequence[Measured],
    judges: Cards,
    audited: Audited,
    cheats: Mapping[str, tuple[int, int]],
) -> GuardReading:
    match name:
        case "labels":
            said = [f"{sample}: {why}" for sample, why in audited.wrong[:5]]
            if audited.unproved:
                said.append(f"{len(audited.unproved)} could not be audited: {audited.unproved[0][1]}")
            return collapse.labels(rule, len(audited.wrong), audited.proved, "; ".join(said))
        case "hacks":
            return collapse.hacks(rule, cheats)
        case "judge":
            return _judge(rule, judges)
        case "distinct" | "compression" | "spread" | "nearest" | "vendi":
            return _set(name, rule, now, earlier)
        case "length":
            found, says = _change("length", now, earlier, logs=True)
            return collapse.away(name, rule, found, says, **_shown(now, name))
        case "solve_rates":
            return _solve_rates(rule, now, earlier)
        case "pass_at_k":
            found, says = _change(name, now, earlier)
            one, _ = _change("solve_rate", now, earlier)
            once: dict[str, Any] = {"pass_at_1": one.now, "pass_at_1_first": one.first} if one else {}
            return collapse.below(name, rule, found, says, **_shown(now, name), **once, k=now.k)
        case _:
            found, says = _change(name, now, earlier)
            return collapse.below(name, rule, found, says, **_shown(now, name))


def _shown(now: Measured, name: str) -> dict[str, Any]:
    """How much of a measure there is, and its plain mean."""
    strata = now.strata.get(name, Strata())
    mean = exp(strata.mean) if name == "length" else strata.mean
    return {"n": strata.n, "mean": mean} if strata.n else {}


def _change(name: str, now: Measured, earlier: Sequence[Measured], *, logs: bool = False) -> tuple[Change | None, str]:
    """What became of a measure since the first round with enough of it, or why that cannot be said."""
    here = now.strata.get(name, Strata())
    first = next((one.strata[name] for one in earlier if name in one.strata and one.strata[name].n >= FEWEST), None)
    if first is None:
        return None, FIRST if here.n >= FEWEST else f"n = {here.n}, {FEWEST} are needed"
    found = change(here, first, logs=logs)
    return found, "" if found else "nothing of the first round to compare with: no shared level, or a first value of 0"


def _set(name: GuardName, rule: Guard, now: Measured, earlier: Sequence[Measured]) -> GuardReading:
    """A measure of the accepted set over the program's own set, against the same of the first round."""
    key, here = _SETS[name], now.sets.get(_SETS[name])
    first = next((one.sets[key] for one in earlier if key in one.sets and one.sets[key]["n"] >= FEWEST), None)
    if here is None or first is None:
        enough = here is not None and here["n"] >= FEWEST
        says = FIRST if enough else f"n = {int(here['n']) if here else now.accepted}, {FEWEST} are needed"
        figures: dict[str, Any] = (
            {"value": here["value"], "program": here["other"], "mean": exp(here["ratio"])} if here else {}
        )
        return collapse.silent(name, rule, says, int(here["n"]) if here else 0, **figures)
    gap = here["ratio"] - first["ratio"]
    reach = collapse.Z * (here["error"] ** 2 + first["error"] ** 2) ** 0.5
    found = Change(
        exp(gap), exp(gap - reach), exp(gap + reach), int(here["n"]), exp(here["ratio"]), exp(first["ratio"])
    )
    more: dict[str, Any] = {key: now.sets[key]["value"] for key in ("distinct_1", "distinct_3") if name == "distinct"}
    return collapse.below(name, rule, found, "", value=here["value"], program=here["other"], **more)


def _solve_rates(rule: Guard, now: Measured, earlier: Sequence[Measured]) -> GuardReading:
    """A spread that is gone because the student solves more is what training is for."""
    found, says = _change("solve_rates", now, earlier)
    rate, _ = _change("solve_rate", now, earlier)
    solved: dict[str, Any] = {"solved": rate.now} if rate else {}
    read = collapse.below("solve_rates", rule, found, says, **_shown(now, "solve_rates"), **solved)
    if read.state == "fired" and rate is not None and rate.low > 1:
        return read.model_copy(update={"state": "ok", "says": "the student solves more, and so more alike"})
    return read


def _judge(rule: Guard, cards: Cards) -> GuardReading:
    made = [card for card in cards if card.get("right", 0) + card.get("wrong", 0)]
    if not cards or not cards[-1] or len(made) < 2:
        n = made[0]["right"] + made[0]["wrong"] if made else 0
        return collapse.silent("judge", rule, FIRST if made else "the judge was not calibrated", n)
    first, last = made[0], made[-1]

    def kappa(card: Mapping[str, Any]) -> tuple[float, float]:
        low, high = card["kappa_interval"]
        return card["kappa"], (high - low) / 2

    n = last["right"] + last["wrong"] + last["keys"] + last["hidden"]
    return collapse.judge(rule, kappa(last), kappa(first), n)


def sentence(one: GuardReading) -> str:
    """A reading in plain words: the guard, its figure with interval and n, its bound."""
    watches = TABLE[one.guard].watches
    if one.value is None:
        return f"{one.guard}: {one.says} ({watches})"
    sign = "at most" if one.guard in ("labels", "hacks", "judge") else "at least"
    bound = f"within {one.bound:g} times of 1" if one.guard == "length" else f"{sign} {one.bound:g}"
    said = f"{one.guard} {one.value:.3g} [{one.low:.3g} to {one.high:.3g}] on n = {one.n}, bound {bound} ({watches})"
    return said + (f"; {one.says}" if one.says else "")
