"""The gate: a pure function that admits a candidate or refuses it, and the exact tests it shares with others.

Evidence outranks opinion. No ruling of a judge can admit a candidate that failed a check;
a judge can only refuse one that passed them all, and only while its calibration holds. Where no
program knows what is right (`Domain.warrant`) the checks are of form, and what passes them needs a
judge whose calibration holds: it says accept, or nothing is accepted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt

from noria.types import Attack, Attempt, Check, Critique, Reason, Ruling, Verdict

BENCHED = "only a judge can tell here, and this round's has no veto or is not sure"
"""Why nothing is accepted where a judge alone could vouch."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate says of a candidate, and why."""

    ruling: Ruling
    reason: Reason
    evidence: str


def decide(
    checks: Sequence[Check],
    attempts: Sequence[Attempt],
    critique: Critique,
    attack: Attack,
    verdict: Verdict,
    *,
    draft: int,
    max_drafts: int,
    admits: bool = True,
    beaten: str = "",
    judged: bool = False,
) -> Decision:
    """Rule on a candidate from everything that was found.

    The order is the order of authority: checks, a passing response, whether its verifier may
    be believed, probes that held, the judge's veto, and only then the critic's wish for
    another draft. `admits` is whether the verifier passed its own test this round; `beaten`
    says why it is quarantined, where it is. `judged` is whether the judge alone can tell what is right.
    """
    if failed := next((check for check in checks if not check.passed), None):
        return Decision("reject", Reason.MALFORMED, f"{failed.name}: {failed.evidence}")
    if not any(attempt.passed for attempt in attempts):
        return Decision("reject", Reason.UNSOLVED, "no response passed its checks")
    if beaten:
        return Decision("reject", Reason.UNTRUSTED, beaten)
    if not admits:
        return Decision("reject", Reason.UNTRUSTED, "the verifier failed its own test this round")
    if probe := next((probe for probe in attack.probes if probe.held), None):
        return Decision("reject", Reason.BROKEN, f"{probe.kind}: {probe.evidence}")
    if verdict.veto and verdict.ruling == "reject":
        return Decision("reject", Reason.VETOED, f"{verdict.policy} rejects with confidence {verdict.confidence:.2f}")
    if judged:
        said = f"{verdict.policy} {verdict.ruling}s with confidence {verdict.confidence:.2f}"
        if not verdict.veto:
            return Decision("reject", Reason.UNTRUSTED, f"{said}, and its opinion does not count: {BENCHED}")
        return Decision("accept", Reason.JUDGED, f"{said}; {len(checks)} checks of form passed")
    if critique.revise and draft < max_drafts:
        return Decision("revise", Reason.REVISIONS_SPENT, f"faults: {', '.join(critique.faults)}")
    return Decision("accept", Reason.VERIFIED, f"{len(checks)} checks passed, {len(attack.probes)} probes failed")


def wilson(right: int, items: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson score interval of a share (E. B. Wilson, 1927); 95 % by default, (0, 1) of nothing."""
    if not items:
        return 0.0, 1.0
    share, square = right / items, z * z
    centre = (share + square / (2 * items)) / (1 + square / items)
    reach = z * sqrt(share * (1 - share) / items + square / (4 * items * items)) / (1 + square / items)
    return max(0.0, centre - reach), min(1.0, centre + reach)


def sign_test(wins: int, losses: int) -> float:
    """One-sided exact p of McNemar's test (1947): the chance of `wins` or more of the discordant pairs by coin."""
    pairs = wins + losses
    return sum(comb(pairs, k) for k in range(wins, pairs + 1)) / (1 << pairs)  # of whole numbers: no pairs are too many


def holm(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses Holm's step-down procedure (1979) rejects at family-wise level `alpha`."""
    rejected = [False] * len(p_values)
    for rank, at in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[at] > alpha / (len(p_values) - rank):
            break
        rejected[at] = True
    return rejected


def spend(alpha: float, number: int) -> float:
    """The level of round `number`, so that all rounds of a session together stay under `alpha`: 6α/π²k²."""
    return alpha * 6 / (9.869604401089358 * number * number)
