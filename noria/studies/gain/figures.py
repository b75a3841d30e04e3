"""Every figure of a study of gain, computed from its report and nothing else; so anyone can compute it again.

outcomes, items ─► arms: shares by set and domain, pass@1 and pass@k, perplexity, labels
                ─► compared: differences with intervals and exact p, Holm over all that were looked at
                ─► closed: the part of the gap from warm start to ceiling
                ─► found: what may be claimed, each true, false or not known
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import exp
from typing import Any

import numpy

from noria.config import ExamRules
from noria.studies.gain.labels import share
from noria.studies.gain.outcomes import SEEN, SETS
from noria.studies.gain.plan import CEILING, CLAIM, CONTROLS, RAW, VERIFIED, WARM
from noria.studies.gain.statistics import Bootstrap, Estimate, Matrix, exact, stepped

LEVEL = 0.05
"""What a family of comparisons may find where there is nothing."""

HALF = 0.5
"""The part of the gap that the study hopes for."""


class Report:
    """A study's report, read as matrices."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        """Stand on a report."""
        self.told = told
        self.struck = {int(at) for at in told["struck"]}
        self.items: list[dict[str, Any]] = list(told["items"])
        self.seeds: list[int] = list(told["plan"]["seeds"])
        self.tries: int = told["plan"]["scale"]["tries"]

    @property
    def arms(self) -> list[str]:
        """The arms that have answered the test, the raw model first."""
        return list(dict.fromkeys(key.partition("/")[0] for key in self.told["outcomes"]))

    def of(self, arm: str) -> dict[int, dict[str, Any]]:
        """An arm's outcomes by seed; the raw model has the same for each."""
        if arm == RAW:
            one = self.told["outcomes"].get(f"{RAW}/0")
            return dict.fromkeys(self.seeds, one) if one else {}
        found = {seed: self.told["outcomes"].get(f"{arm}/{seed}") for seed in self.seeds}
        return {seed: one for seed, one in found.items() if one}

    def places(self, part: str, domain: str = "", *, sampled: bool = False) -> list[int]:
        """Where a set's items stand, without those that were struck."""
        return [
            at for at, one in enumerate(self.items)
            if one["part"] == part and (not domain or one["domain"] == domain) and at not in self.struck
            and (not sampled or one["sampled"])
        ]  # fmt: skip

    def right(self, arm: str, seeds: Sequence[int], places: Sequence[int]) -> Matrix:
        """Right answers of an arm, a row a seed."""
        of = self.of(arm)
        return numpy.array([[float(of[seed]["right"][at] == "1") for at in places] for seed in seeds])

    def tried(self, arm: str, seeds: Sequence[int], *, any_of: bool) -> tuple[Matrix, list[str]]:
        """The share right of the tries, or whether any is, and the domain of each item."""
        order = [at for at, one in enumerate(self.items) if one["sampled"]]
        kept = [place for place, at in enumerate(order) if at not in self.struck]
        of, tries = self.of(arm), self.tries
        rows = [[of[seed]["sampled"][place] for place in kept] for seed in seeds if of[seed]["sampled"]]
        found = numpy.array(rows, dtype=float).reshape(len(rows), len(kept))
        domains = [self.items[order[place]]["domain"] for place in kept]
        return ((found > 0).astype(float) if any_of else found / tries), domains

    def strata(self, places: Sequence[int]) -> list[str]:
        """The domain and level of each item."""
        return [f"{self.items[at]['domain']}/{self.items[at]['level']}" for at in places]


def figures(told: Mapping[str, Any]) -> dict[str, Any]:
    """Every figure of a report."""
    report = Report(told)
    arms = {arm: _arm(report, arm) for arm in report.arms}
    compared = _compared(report)
    closed = {arm: _closed(report, arm) for arm in report.arms if arm not in (RAW, WARM, CEILING)}
    return {"arms": arms, "compared": compared, "closed": closed, "found": _found(report, arms, compared, closed)}


def _arm(report: Report, arm: str) -> dict[str, Any]:
    seeds = list(report.of(arm))
    sets = {part: _share(report, arm, seeds, report.places(part)) for part in SETS}
    domains = {
        f"{part}/{domain}": _share(report, arm, seeds, places)
        for part in SETS
        for domain in dict.fromkeys(one["domain"] for one in report.items)
        if (places := report.places(part, domain))
    }
    places = report.places(SEEN)
    cut = [float(report.of(arm)[seed]["cut"][at] == "1") for seed in seeds for at in places]
    found = {
        "seeds": seeds, "sets": sets, "domains": domains, "cut": sum(cut) / len(cut) if cut else None,
        "pass_1": _tries(report, arm, seeds, any_of=False), "pass_k": _tries(report, arm, seeds, any_of=True),
        "perplexity": _prose(report, arm),
    }  # fmt: skip
    own = [one for key, one in report.told["arms"].items() if key.partition("/")[0] == arm and "verifier" in one]
    if own:
        found["labels"] = {
            "rows": sum(len(one["verifier"]) for one in own),
            "verifier": share([one["verifier"] for one in own]),
            "recheck": share([one["recheck"] for one in own]),
            "unread": sum(one["recheck"].count("?") for one in own),
            "apart": sum(
                "?" not in (a, b) and a != b
                for one in own for a, b in zip(one["verifier"], one["recheck"], strict=True)
            ),
        }  # fmt: skip
    return found


def _share(report: Report, arm: str, seeds: Sequence[int], places: Sequence[int]) -> dict[str, Any] | None:
    if not seeds or not places:
        return None
    boot = Bootstrap(len(seeds), report.strata(places))
    return {**asdict(boot.share(report.right(arm, seeds, places))), "n": len(places)}


def _tries(report: Report, arm: str, seeds: Sequence[int], *, any_of: bool) -> dict[str, Any] | None:
    found, domains = report.tried(arm, seeds, any_of=any_of)
    if not found.size:
        return None
    return {**asdict(Bootstrap(len(found), domains, "tries").share(found)), "n": len(domains)}


def _prose(report: Report, arm: str) -> dict[str, Any] | None:
    """Perplexity on general text over the warm start's, as a ratio; none where either was not read."""
    own, warm = report.of(arm), report.of(WARM)
    seeds = [seed for seed in own if seed in warm and own[seed]["prose"] and warm[seed]["prose"]]
    if not seeds:
        return None
    gaps = numpy.array([numpy.subtract(own[seed]["prose"], warm[seed]["prose"]) for seed in seeds])
    found = Bootstrap(len(seeds), ["prose"] * gaps.shape[1], "prose").share(gaps)
    return {"value": exp(found.value), "low": exp(found.low), "high": exp(found.high), "n": gaps.shape[1]}


def _both(report: Report, *arms: str) -> list[int]:
    """The seeds that all of some arms have."""
    return [seed for seed in report.seeds if all(seed in report.of(arm) for arm in arms)]


def pairs(arms: Sequence[str]) -> list[tuple[str, str]]:
    """The comparisons that are looked at: fixed before anything is known."""
    controls = [arm for arm in arms if arm in CONTROLS]
    further = [arm for arm in arms if arm not in (RAW, WARM, VERIFIED, CEILING, *CONTROLS)]
    wanted = [
        (VERIFIED, WARM), *((VERIFIED, arm) for arm in controls), *((arm, WARM) for arm in controls),
        (CEILING, VERIFIED), *((arm, VERIFIED) for arm in further),
    ]  # fmt: skip
    return [(a, b) for a, b in wanted if a in arms and b in arms]


def _compared(report: Report) -> list[dict[str, Any]]:
    """Each comparison on the learned domains and levels, with Holm's correction over all of them."""
    places = report.places(SEEN)
    found = []
    for a, b in pairs(report.arms):
        seeds = _both(report, a, b)
        if not seeds or not places:
            continue
        one, two = report.right(a, seeds, places), report.right(b, seeds, places)
        boot, test = Bootstrap(len(seeds), report.strata(places)), exact(one, two)
        first, second = boot.share(one), boot.share(two)
        found.append(
            {
                "a": a, "b": b, "seeds": seeds, **asdict(boot.difference(one, two)), "wins": test.wins,
                "losses": test.losses, "p": test.p, "apart": first.apart(second),
            }
        )  # fmt: skip
    for one_of, p in zip(found, stepped([one_of["p"] for one_of in found]), strict=True):
        one_of["p_holm"] = p
    return found


def _closed(report: Report, arm: str) -> dict[str, Any] | None:
    """The part of the gap from warm start to ceiling; none where there is no gap beyond noise."""
    if WARM not in report.arms or CEILING not in report.arms:
        return None
    seeds, places = _both(report, arm, WARM, CEILING), report.places(SEEN)
    if not seeds or not places:
        return None
    boot = Bootstrap(len(seeds), report.strata(places))
    found: Estimate | None = boot.closed(*(report.right(name, seeds, places) for name in (arm, WARM, CEILING)))
    return asdict(found) if found else None


def _found(
    report: Report, arms: Mapping[str, Any], compared: Sequence[Mapping[str, Any]], closed: Mapping[str, Any]
) -> dict[str, bool | None]:
    """What the study hoped for: reached, not reached, or not known for want of seeds or arms."""
    by = {(one["a"], one["b"]): one for one in compared}
    enough = len(_both(report, *(arm for arm in (WARM, VERIFIED, *CONTROLS, CEILING) if arm in arms))) >= CLAIM

    def over(control: str) -> bool | None:
        one = by.get((VERIFIED, control))
        return None if one is None or not enough else bool(one["apart"] and one["low"] > 0 and one["p_holm"] < LEVEL)

    own, start = arms.get(VERIFIED, {}), arms.get(WARM, {})
    tried = own.get("pass_k") and start.get("pass_k")
    ratio, part = own.get("perplexity"), closed.get(VERIFIED)
    margin = 1 + ExamRules().prose
    return {
        "over_warm": over(WARM),
        **{f"over_{name}": over(name) for name in CONTROLS},
        "half_closed": part["value"] >= HALF if enough and part else None,
        "pass_k_kept": own["pass_k"]["value"] >= start["pass_k"]["value"] if enough and tried else None,
        "prose_kept": ratio["high"] <= margin if enough and ratio else None,
    }
