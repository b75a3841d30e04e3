"""Simulated students whose worth is known, put through the real gate: how often it errs.

    kind ─► a student each round ─► items, general text, lengths by chance ─► demands ─► promote ─► stays

An item is right or wrong by chance: `discordant` of them are told apart, and the student wins
more of those than it loses by its true gain. Everything but the answers is the gate itself.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import log

from noria.config import ExamRules
from noria.evaluators import promotion
from noria.evaluators.gate import spend
from noria.evaluators.probation import stays
from noria.identity import stream
from noria.types import DemandName, ExamItem, Grounding, Task

DOMAINS = ("a", "b", "c", "d")
LEVELS = 6
PASSAGES = 12


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of student is, against its parent."""

    gain: float = 0.0
    """True share right on fresh items minus its parent's."""
    discordant: float = 0.2
    """Share of items that only one of the two gets right, at least."""
    right: float = 0.4
    """Its parent's share right."""
    lost: float | None = None
    """True difference on the frozen items; the gain, where it is not said."""
    spoilt: float = 0.0
    """True difference in one domain of the four, added there."""
    by_heart: bool = False
    """Whether it knows what earlier exams asked, the frozen items too from the second round on."""
    nats: float = 0.0
    """Rise of nats a token on general text over the base."""
    longer: float = 1.0
    """Length of its answers over its parent's."""


KINDS: dict[str, Kind] = {
    "null": Kind(),
    "null, noisy": Kind(discordant=0.5),
    "null, weak parent": Kind(discordant=0.1, right=0.08),
    "degraded": Kind(gain=-0.1),
    "memorising": Kind(by_heart=True),
    "verbose, better": Kind(gain=0.15, longer=2.5),
    "forgets prose, better": Kind(gain=0.15, nats=log(1.6)),
    "forgets a domain, better": Kind(gain=0.3, spoilt=-0.7),
    "loses the margin, better": Kind(gain=0.15, lost=-0.10),
    "better by 5": Kind(gain=0.05),
    "better by 10": Kind(gain=0.10),
    "better by 15": Kind(gain=0.15),
    "better by 20": Kind(gain=0.20, discordant=0.3),
}


@lru_cache
def _item(domain: str, parent: bool, student: bool, frozen: bool, times: int) -> ExamItem:
    grounding = Grounding(verifier=f"{domain}@1", facts={}, signature="")
    task = Task(
        id=domain, domain=domain, skill="", level=1, parameters={}, instruction="", worded_by="program",
        grounding=grounding,
    )  # fmt: skip
    return ExamItem(
        task=task, parent="x" * 20, student="x" * times, parent_passed=parent, student_passed=student, frozen=frozen,
        right_length=20,
    )  # fmt: skip


def _answers(
    kind: Kind,
    gain: Callable[[str], float],
    count: int,
    rng: random.Random,
    *,
    frozen: bool = False,
    known: bool = False,
) -> list[ExamItem]:
    """`count` items of each domain."""
    found = []
    for domain in DOMAINS:
        true = gain(domain)
        apart = min(1.0, max(kind.discordant, abs(true)))
        for _ in range(count):
            times = max(1, round(20 * kind.longer * rng.lognormvariate(0, 0.3)))
            drawn = rng.random()
            if drawn < apart:
                parent = rng.random() < 0.5 - true / (2 * apart)
                student = not parent
            else:
                parent = student = rng.random() < kind.right
            found.append(_item(domain, parent, student or known, frozen, times))
    return found


@dataclass
class Tally:
    """What became of the sessions of one kind."""

    sessions: int = 0
    promoted: int = 0
    """Sessions with a promotion."""
    kept: int = 0
    """Sessions where the promotion of a round before the last stayed after its probation."""
    tried: int = 0
    """Probations that were held."""
    exams: int = 0
    first_gain: int = 0
    """First rounds whose gain was seen, whatever else was demanded."""
    first_promoted: int = 0
    refused: Counter[DemandName] = field(default_factory=Counter)
    """Exams in which a demand was not met, by demand."""
    rules: Counter[str] = field(default_factory=Counter)
    """Probations passed by other rules, for comparison."""


def play(kind: Kind, sessions: int, rules: ExamRules, *, rounds: int = 3, seed: int = 0, name: str = "") -> Tally:
    """Sessions of one kind; each round's student is of the kind, against whoever plays then."""
    tally = Tally()
    for number in range(sessions):
        rng = stream("simulated", seed, name, number)
        promoted, waiting = False, None
        for turn in range(1, rounds + 1):
            if waiting is not None:
                tally.tried += 1
                tally.kept += _trial(kind, waiting, rules, rng, tally)
                waiting = None
            spent = spend(rules.alpha, turn)
            fresh = _fresh(kind, rules.items, rng)
            met = _exam(kind, fresh, turn, rules, rng, tally)
            tally.exams += 1
            if turn == 1:
                tally.first_gain += "gain" in met
                tally.first_promoted += len(met) == 5
            if len(met) == 5:
                promoted, waiting = True, (fresh, spent)
        tally.sessions += 1
        tally.promoted += promoted
    return tally


def _fresh(kind: Kind, count: int, rng: random.Random) -> list[ExamItem]:
    return _answers(kind, lambda domain: kind.gain + (kind.spoilt if domain == DOMAINS[0] else 0.0), count, rng)


def _exam(
    kind: Kind, fresh: Sequence[ExamItem], turn: int, rules: ExamRules, rng: random.Random, tally: Tally
) -> set[DemandName]:
    """Which demands a student meets."""
    lost = kind.gain if kind.lost is None else kind.lost
    each = -(-rules.frozen * LEVELS // len(DOMAINS))
    old = _answers(kind, lambda _: lost, each, rng, frozen=True, known=kind.by_heart and turn > 1)
    base = [rng.gauss(3.8, 0.5) for _ in range(PASSAGES)]
    read = [nats + rng.gauss(kind.nats, 0.05) for nats in base]
    wins, losses = promotion.discordant(fresh)
    found = promotion.demands(
        wins, losses, spend(rules.alpha, turn), promotion.by_domain(fresh, rules.alpha),
        promotion.frozen(old, rules.margin, rules.alpha), promotion.prose(base, read, rules.prose, rules.alpha),
        promotion.form(fresh, rules.alpha), alpha=rules.alpha,
    )  # fmt: skip
    tally.refused.update(one.name for one in found if not one.met)
    met: set[DemandName] = {one.name for one in found if one.met}
    assert promotion.promote(found)[0] == (len(met) == len(found))
    return met


def _trial(
    kind: Kind, waiting: tuple[list[ExamItem], float], rules: ExamRules, rng: random.Random, tally: Tally
) -> bool:
    first, spent = waiting
    second = _fresh(kind, rules.probation, rng)
    one, two = promotion.discordant(first), promotion.discordant(second)
    domains = promotion.by_domain([*first, *second], rules.alpha)
    passed, _ = stays(one, two, domains, spent=spent, alpha=rules.alpha)
    tally.rules["not significantly worse"] += stays((1000, 0), two, spent=spent, alpha=rules.alpha)[0]
    tally.rules["not behind"] += two[0] >= two[1]
    tally.rules["significant again"] += stays((0, 0), two, spent=rules.alpha, alpha=rules.alpha)[0]
    return passed
