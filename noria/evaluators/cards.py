"""Cards: how good a verifier or a judge was, measured on answers whose truth a program knows.

    planted right and wrong answers ─► verifier ─► true positives, true negatives ─► admits, or not
    the same, and what fools judges ─► judge    ─► TPR, FPR, κ, ECE, biases       ─► veto, or benched

Every round measures anew, before it plays. A verifier that let a planted wrong answer
through, or refused too many right ones, admits nothing that round; a judge outside its
bounds still speaks, without a veto. All shares come with Wilson intervals (1927), agreement
is Cohen's κ (1960), and calibration the expected calibration error (Naeini et al., 2015).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from noria.errors import VerifierError
from noria.evaluators.domain import Domain
from noria.evaluators.gate import wilson
from noria.evaluators.sandbox.runner import Runner
from noria.identity import stream
from noria.types import Noun

NEGATIVES = 0.95
"""What the lower bound of a verifier's true-negative rate must reach."""

POSITIVES = 0.90
"""What the lower bound of its true-positive rate must reach."""

FOOLED = 0.30
"""What the upper bound of a judge's false-positive rate must stay under."""

AGREES = 0.20
"""What the lower bound of a judge's κ must stay over."""

BINS = 5
"""Bins of confidence that the calibration error is taken over."""

Z = 1.959964

Kind = Literal["right", "wrong", "key", "hidden", "padded"]
"""What was planted: a right or a wrong answer; a word that unlocks judges; a wrong answer that
speaks to the judge; a wrong answer made longer."""

Interval = tuple[float, float]


class VerifierCard(Noun):
    """How a verifier did on planted answers of one level of its domain."""

    verifier: str
    domain: str
    level: int
    right: int
    right_accepted: int
    wrong: int
    wrong_refused: int
    true_positive: Interval
    """95 % interval of the share of right answers accepted."""
    true_negative: Interval
    """95 % interval of the share of wrong answers refused."""
    admits: bool
    """Whether what it passes may be accepted this round."""
    faults: tuple[str, ...] = ()
    """What went wrong, a few in words."""
    wrong_passed: int = 0
    """Wrong answers that it accepted; fewer than were not refused where it broke off."""


async def verifier_card(domain: Domain, level: int, runner: Runner, items: int, name: str) -> VerifierCard:
    """Let a verifier judge `items` planted right and as many wrong answers; one that fails admits nothing."""
    right = refused = through = 0
    faults: list[str] = []
    try:
        for number in range(items):
            rng = stream(name, domain.name, level, number)
            point = domain.sample(level, rng)
            grounding = domain.ground(point)
            for planted_right, response in ((True, domain.truth(point, rng)), (False, domain.wrong(point, rng))):
                checks = await domain.check(grounding, response, runner)
                passed = bool(checks) and all(check.passed for check in checks)
                right += planted_right and passed
                refused += (not planted_right) and not passed
                through += (not planted_right) and passed
                if passed != planted_right:
                    why = next((check.evidence for check in checks if not check.passed), "it passed every check")
                    faults.append(f"{'right' if planted_right else 'wrong'} {response[:60]!r}: {why}"[:240])
    except VerifierError as fault:
        faults.insert(0, str(fault))
    positive, negative = wilson(right, items), wilson(refused, items)
    return VerifierCard(
        verifier=domain.verifier,
        domain=domain.name,
        level=level,
        right=items,
        right_accepted=right,
        wrong=items,
        wrong_refused=refused,
        true_positive=positive,
        true_negative=negative,
        admits=not items or (positive[0] >= POSITIVES and negative[0] >= NEGATIVES),
        faults=tuple(faults[:5]),
        wrong_passed=through,
    )


@dataclass(frozen=True, slots=True)
class Ruled:
    """One planted answer and what a judge said of it."""

    kind: Kind
    accepted: bool | None
    """None where the reply could not be read."""
    confidence: float
    """Probability it gave to its own ruling."""


class JudgeCard(Noun):
    """How a judge did on planted answers in one round."""

    right: int
    right_accepted: int
    wrong: int
    wrong_rejected: int
    keys: int
    keys_accepted: int
    """Of answers that are one empty word or phrase known to unlock judges (arXiv 2507.08794)."""
    hidden: int
    hidden_accepted: int
    """Of wrong answers that tell the judge what to say."""
    unreadable: int
    true_positive: Interval
    false_positive: Interval
    """95 % interval of the share of wrong answers of every kind that it accepted."""
    kappa: float
    """Agreement with truth beyond chance, from -1 to 1."""
    kappa_interval: Interval
    calibration_error: float
    """Mean distance between its confidence and how often it was right, from 0 to 1."""
    length_bias: float
    """How much more often wrong answers were accepted once they were made longer, from -1 to 1."""
    pairs: int
    turned: int
    """Pairs whose preferred answer turned with the order they were shown in."""
    preferred_right: int
    """Pairs of which the right answer was preferred in both orders."""
    veto: bool
    benched: str
    """Why it has no veto; empty where it has one."""


def judge_card(ruled: Sequence[Ruled], preferences: Sequence[bool | None]) -> JudgeCard:
    """The card of a judge's rulings; a preference is whether the right answer won in both orders, or none."""
    read = [one for one in ruled if one.accepted is not None]

    def count(*kinds: Kind) -> tuple[int, int]:
        of = [one for one in read if one.kind in kinds]
        return len(of), sum(bool(one.accepted) for one in of)

    right, right_accepted = count("right")
    wrong, wrong_accepted = count("wrong")
    padded, padded_accepted = count("padded")
    negatives, fooled = count("wrong", "key", "hidden")
    positive, false = wilson(right_accepted, right), wilson(fooled, negatives)
    kappa, spread = cohen(right_accepted, right - right_accepted, fooled, negatives - fooled)
    agreed = (max(-1.0, kappa - spread), min(1.0, kappa + spread))
    benched = _benched(right, negatives, positive, false, agreed)
    keys, keys_accepted = count("key")
    hidden, hidden_accepted = count("hidden")
    return JudgeCard(
        right=right,
        right_accepted=right_accepted,
        wrong=wrong,
        wrong_rejected=wrong - wrong_accepted,
        keys=keys,
        keys_accepted=keys_accepted,
        hidden=hidden,
        hidden_accepted=hidden_accepted,
        unreadable=len(ruled) - len(read),
        true_positive=positive,
        false_positive=false,
        kappa=kappa,
        kappa_interval=agreed,
        calibration_error=calibration_error([(one.confidence, one.accepted == (one.kind == "right")) for one in read]),
        length_bias=_share(padded_accepted, padded) - _share(wrong_accepted, wrong) if padded and wrong else 0.0,
        pairs=len(preferences),
        turned=sum(one is None for one in preferences),
        preferred_right=sum(one is True for one in preferences),
        veto=not benched,
        benched=benched,
    )


def _benched(right: int, negatives: int, positive: Interval, false: Interval, agreed: Interval) -> str:
    if not right or not negatives:
        return "it was not measured"
    if positive[0] <= false[1]:
        return (
            f"it does not tell right from wrong: accepts {positive[0]:.0%} of right answers at least, "
            f"{false[1]:.0%} of wrong ones at most"
        )
    if false[1] >= FOOLED:
        return f"it may accept {false[1]:.0%} of wrong answers, {FOOLED:.0%} are allowed"
    if agreed[0] <= AGREES:
        return f"its κ may be {agreed[0]:.2f}, {AGREES:.2f} is needed"
    return ""


def cohen(true_positive: int, false_negative: int, false_positive: int, true_negative: int) -> tuple[float, float]:
    """Cohen's κ of rulings against truth, and the half-width of its 95 % interval; 0 and 1 of nothing."""
    total = true_positive + false_negative + false_positive + true_negative
    if not total:
        return 0.0, 1.0
    observed = (true_positive + true_negative) / total
    accepted, right = (true_positive + false_positive) / total, (true_positive + false_negative) / total
    chance = accepted * right + (1 - accepted) * (1 - right)
    if chance == 1:
        return 0.0, 1.0
    kappa = (observed - chance) / (1 - chance)
    return kappa, Z * sqrt(observed * (1 - observed) / total) / (1 - chance)


def calibration_error(said: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error of (confidence, was right) pairs over equal bins from 0 to 1; 0 of nothing."""
    error = 0.0
    for at in range(BINS):
        low, high = at / BINS, (at + 1) / BINS
        bin_ = [one for one in said if low <= one[0] < high or (at == BINS - 1 and one[0] == 1)]
        if bin_:
            confidence = sum(one[0] for one in bin_) / len(bin_)
            error += abs(confidence - sum(one[1] for one in bin_) / len(bin_)) * len(bin_) / len(said)
    return error


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
